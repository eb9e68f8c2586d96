import { crc32 } from "node:zlib";
import { readInteger, writeInteger } from "./integers.ts";

/**
 * The first block of a segment file. It holds the 64-byte header twice, at its start and at its end with zeros between, because all of the
 * segment's records depend on the salt: one damaged sector must not cost the segment.
 */
export const HEADER_BLOCK_BYTES = 4096;
const HEADER_BYTES = 64;
const COPIES = [0, HEADER_BLOCK_BYTES - HEADER_BYTES];

const MAGIC = "KVASSJNL";
const FORMAT_OFFSET = 8;
/** The format that this version writes, and the only one that it reads. */
export const FORMAT = 4;
/** Random bytes in each header; their checksum is the seed of every record checksum in the file. */
export const SALT_BYTES = 16;

/** What a segment file says of itself. */
export interface SegmentHeader {
  readonly segment: number;
  readonly retentionClass: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly salt: Uint8Array;
}

/** Where a record's checksum begins in this segment: bytes of another file, or of an earlier use of the same blocks, do not match. */
export function recordSeed(header: SegmentHeader): number {
  return crc32(header.salt);
}

/** The first block of a segment file. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const copy = Buffer.alloc(HEADER_BYTES);
  copy.write(MAGIC, 0, "latin1");
  copy.writeUInt16LE(FORMAT, FORMAT_OFFSET);
  copy.writeUInt16LE(header.retentionClass, 10);
  writeInteger(copy, header.segment, 16);
  writeInteger(copy, header.created, 24);
  copy.set(header.salt, 32);
  copy.writeUInt32LE(crc32(copy.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  const block = Buffer.alloc(HEADER_BLOCK_BYTES);
  for (const offset of COPIES) block.set(copy, offset);
  return block;
}

const hasMagic = (copy: Buffer): boolean => copy.toString("latin1", 0, MAGIC.length) === MAGIC;
const isWhole = (copy: Buffer): boolean =>
  crc32(copy.subarray(0, HEADER_BYTES - 4)) === copy.readUInt32LE(HEADER_BYTES - 4);

function decodeCopy(copy: Buffer): SegmentHeader | undefined {
  if (!hasMagic(copy) || copy.readUInt16LE(FORMAT_OFFSET) !== FORMAT || !isWhole(copy)) return undefined;
  return {
    segment: readInteger(copy, 16),
    retentionClass: copy.readUInt16LE(10),
    created: readInteger(copy, 24),
    salt: Uint8Array.from(copy.subarray(32, 32 + SALT_BYTES)),
  };
}

/** Reads the first block of a segment file from the first copy that is whole; undefined where none is, or the format is not known. */
export function decodeSegmentHeader(block: Buffer): SegmentHeader | undefined {
  if (block.length < HEADER_BLOCK_BYTES) return undefined;
  for (const offset of COPIES) {
    const header = decodeCopy(block.subarray(offset, offset + HEADER_BYTES));
    if (header !== undefined) return header;
  }
  return undefined;
}

/**
 * The format that the first block of a segment file names, where it is not the one of this version: in a copy that is whole, or in both, since
 * another format may have its checksum elsewhere.
 */
export function otherFormatOf(block: Buffer): number | undefined {
  if (block.length < HEADER_BLOCK_BYTES) return undefined;
  const copies = COPIES.map((offset) => block.subarray(offset, offset + HEADER_BYTES)).filter(hasMagic);
  const [first, second] = copies.map((copy) => copy.readUInt16LE(FORMAT_OFFSET));
  const format = copies.find(isWhole)?.readUInt16LE(FORMAT_OFFSET) ?? (first === second ? first : undefined);
  return format === FORMAT ? undefined : format;
}

/** Whether every byte of the first block is what `encodeSegmentHeader` made it. */
export function isPristine(block: Buffer, header: SegmentHeader): boolean {
  return block.equals(encodeSegmentHeader(header));
}
