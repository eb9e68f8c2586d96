import { concatBytes } from "../matroska/element-writer.ts";

/** Where the association and map sections of the only program stand. */
export const ASSOCIATION_PID = 0;
export const MAP_PID = 0x1000;
const PROGRAM_NUMBER = 1;
const STREAM_ID = 1;

const ASSOCIATION_TABLE = 0x00;
const MAP_TABLE = 0x02;
/** Section syntax, the reserved bits, and bits of the length that are always 0 (ISO/IEC 13818-1, section 2.4.4.3). */
const SYNTAX = 0xb0;
const CRC_BYTES = 4;
/** What follows a section's length up to its table: an id, a version, two section numbers. */
const IDENTITY_BYTES = 5;
/** Version 0, in use now. */
const CURRENT = 0xc1;
const RESERVED_PID_BITS = 0xe000;
const RESERVED_LENGTH_BITS = 0xf000;

const POLYNOMIAL = 0x04c11db7;

/** CRC-32/MPEG-2 of the bytes (ISO/IEC 13818-1, Annex A): over a section with its CRC it is 0. */
export function crc32Mpeg(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  }
  return crc >>> 0;
}

function u16(value: number): readonly [number, number] {
  return [value >> 8, value & 0xff];
}

function section(tableId: number, id: number, table: readonly number[]): Uint8Array {
  const [high, low] = u16(IDENTITY_BYTES + table.length + CRC_BYTES);
  const bytes = Uint8Array.of(tableId, SYNTAX | high, low, ...u16(id), CURRENT, 0, 0, ...table);
  const crc = crc32Mpeg(bytes);
  return concatBytes([bytes, Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc)]);
}

/** The Program Association section of one program (ISO/IEC 13818-1, section 2.4.4.3). */
export function associationSection(): Uint8Array {
  return section(ASSOCIATION_TABLE, STREAM_ID, [...u16(PROGRAM_NUMBER), ...u16(RESERVED_PID_BITS | MAP_PID)]);
}

/** An elementary stream as the program map names it. */
export interface MappedStream {
  readonly pid: number;
  /** ISO/IEC 13818-1, table 2-34. */
  readonly streamType: number;
}

/** The Program Map section (ISO/IEC 13818-1, section 2.4.4.8), without descriptors. */
export function mapSection(clockPid: number, streams: readonly MappedStream[]): Uint8Array {
  const none = u16(RESERVED_LENGTH_BITS);
  const entries = streams.flatMap(({ pid, streamType }) => [streamType, ...u16(RESERVED_PID_BITS | pid), ...none]);
  return section(MAP_TABLE, PROGRAM_NUMBER, [...u16(RESERVED_PID_BITS | clockPid), ...none, ...entries]);
}
