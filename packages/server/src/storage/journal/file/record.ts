import { crc32 } from "node:zlib";
import { ciphertextChecksum } from "../../ports/ciphertext-checksum.ts";
import type { FragmentIdentity, FragmentSummary } from "../../ports/fragment.ts";
import {
  MAX_PART_BYTES,
  MAX_PARTS,
  MAX_TABLE_BYTES,
  type SealedPart,
  type SealedTable,
  type StoredPart,
  type StoredTable,
} from "../../ports/journal.ts";
import { readInteger, writeInteger } from "./integers.ts";

/** Bytes of a record before its table, or its ciphertext where it has none. docs/reference/storage-format.md lists the fields. */
export const RECORD_HEADER_BYTES = 116;

/** "KVJR": where a scan that lost its place looks for the next record. */
export const RECORD_MAGIC = Buffer.from("KVJR", "latin1");
const FORMAT = 4;
/** Flags. */
const LAST_PART = 1;
const STARTS_CLEAN = 2;
const LACKS_PICTURES = 4;
const CHECKSUM_OFFSET = RECORD_HEADER_BYTES - 4;
/** A table as it is stored: nonce, tag, ciphertext. */
const NONCE_BYTES = 12;
const TABLE_SEAL_BYTES = NONCE_BYTES + 16;
/** No table takes more in a record. */
export const MAX_STORED_TABLE_BYTES = TABLE_SEAL_BYTES + MAX_TABLE_BYTES;
/** No record is longer. */
export const MAX_RECORD_BYTES = RECORD_HEADER_BYTES + MAX_STORED_TABLE_BYTES + MAX_PART_BYTES;

/** A record's header, its checksum verified. */
export interface RecordHeader extends FragmentIdentity {
  readonly part: number;
  /** Set on the fragment's last part. */
  readonly summary: FragmentSummary | undefined;
  readonly nonce: Uint8Array;
  readonly tag: Uint8Array;
  /** Bytes of ciphertext. */
  readonly length: number;
  /** `ciphertextChecksum`. */
  readonly checksum: number;
  /** Bytes of the fragment's table, seal included, between header and ciphertext; 0 where there is none. */
  readonly tableLength: number;
  /** Their CRC-32. */
  readonly tableChecksum: number;
}

/** What a record holds beside the ciphertext of its part. */
export interface RecordContent {
  readonly identity: FragmentIdentity;
  readonly part: number;
  /** Set on the fragment's last part. */
  readonly summary: FragmentSummary | undefined;
  /** On the last part only. */
  readonly table: SealedTable | undefined;
  /** Bytes of ciphertext. */
  readonly length: number;
}

/** Bytes that a record takes. */
export function recordBytes(header: Pick<RecordHeader, "tableLength" | "length">): number {
  return RECORD_HEADER_BYTES + header.tableLength + header.length;
}

/** Bytes that a table takes in a record. */
export function tableBytes(table: SealedTable | undefined): number {
  return table === undefined ? 0 : TABLE_SEAL_BYTES + table.ciphertext.length;
}

/** A record up to its ciphertext, which is that of `sealed`; `seed` is the segment's (segment-header.ts). */
export function encodeRecordStart(seed: number, content: RecordContent, sealed: SealedPart): Buffer {
  const { identity, part, summary, table, length } = content;
  const tableLength = tableBytes(table);
  const start = Buffer.allocUnsafe(RECORD_HEADER_BYTES + tableLength);
  const header = start.subarray(0, RECORD_HEADER_BYTES);
  const stored = start.subarray(RECORD_HEADER_BYTES);
  header.set(RECORD_MAGIC, 0);
  header.writeUInt16LE(FORMAT, 4);
  header.writeUInt16LE(flagsOf(summary), 6);
  header.writeUInt32LE(length, 8);
  header.writeUInt32LE(sealed.checksum ?? ciphertextChecksum(sealed.ciphertext), 12);
  writeInteger(header, identity.streamId, 16);
  writeInteger(header, identity.sequence, 24);
  writeInteger(header, identity.serverTimestamp, 32);
  header.writeDoubleLE(identity.producerTimestamp, 40);
  header.writeUInt32LE(identity.random, 48);
  header.writeUInt32LE(part, 52);
  header.set(sealed.nonce, 56);
  header.set(sealed.tag, 68);
  header.writeUInt32LE(summary?.configuration ?? 0, 84);
  header.writeDoubleLE(summary?.duration ?? 0, 88);
  writeInteger(header, summary?.size ?? 0, 96);
  if (table !== undefined) {
    stored.set(table.nonce, 0);
    stored.set(table.tag, NONCE_BYTES);
    stored.set(table.ciphertext, TABLE_SEAL_BYTES);
  }
  header.writeUInt32LE(tableLength, 104);
  header.writeUInt32LE(crc32(stored), 108);
  reseal(header, seed);
  return start;
}

/** Sets a header's checksum for the segment with this seed: what binds a record to its file. */
export function reseal(header: Buffer, seed: number): void {
  header.writeUInt32LE(crc32(header.subarray(0, CHECKSUM_OFFSET), seed), CHECKSUM_OFFSET);
}

/**
 * Reads the record header at the start of `bytes`; undefined where there is none that belongs to the segment with this seed. What it returns
 * keeps views into `bytes`.
 */
export function decodeRecordHeader(bytes: Buffer, seed: number): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER_BYTES || !RECORD_MAGIC.equals(bytes.subarray(0, RECORD_MAGIC.length)))
    return undefined;
  if (crc32(bytes.subarray(0, CHECKSUM_OFFSET), seed) !== bytes.readUInt32LE(CHECKSUM_OFFSET)) return undefined;
  const length = bytes.readUInt32LE(8);
  const part = bytes.readUInt32LE(52);
  const summary = summaryIn(bytes);
  const tableLength = bytes.readUInt32LE(104);
  if (bytes.readUInt16LE(4) !== FORMAT || length > MAX_PART_BYTES || part >= MAX_PARTS) return undefined;
  if (tableLength > 0 && !mayBeTable(tableLength, summary)) return undefined;
  return {
    streamId: readInteger(bytes, 16),
    sequence: readInteger(bytes, 24),
    serverTimestamp: readInteger(bytes, 32),
    producerTimestamp: bytes.readDoubleLE(40),
    random: bytes.readUInt32LE(48),
    part,
    summary,
    nonce: bytes.subarray(56, 68),
    tag: bytes.subarray(68, 84),
    length,
    checksum: bytes.readUInt32LE(12),
    tableLength,
    tableChecksum: bytes.readUInt32LE(108),
  };
}

const mayBeTable = (length: number, summary: FragmentSummary | undefined): boolean =>
  summary !== undefined && length >= TABLE_SEAL_BYTES && length <= MAX_STORED_TABLE_BYTES;

function flagsOf(summary: FragmentSummary | undefined): number {
  if (summary === undefined) return 0;
  return LAST_PART | (summary.startsClean ? STARTS_CLEAN : 0) | (summary.lacksPictures ? LACKS_PICTURES : 0);
}

function summaryIn(bytes: Buffer): FragmentSummary | undefined {
  const flags = bytes.readUInt16LE(6);
  if ((flags & LAST_PART) === 0) return undefined;
  return {
    duration: bytes.readDoubleLE(88),
    size: readInteger(bytes, 96),
    startsClean: (flags & STARTS_CLEAN) !== 0,
    lacksPictures: (flags & LACKS_PICTURES) !== 0,
    configuration: bytes.readUInt32LE(84),
  };
}

const identityIn = (header: RecordHeader): FragmentIdentity => {
  const { streamId, sequence, serverTimestamp, producerTimestamp, random } = header;
  return { streamId, sequence, serverTimestamp, producerTimestamp, random };
};

/** The part that a record holds. */
export function toStoredPart(header: RecordHeader, ciphertext: Uint8Array<ArrayBuffer>): StoredPart {
  const { part, nonce, tag, summary } = header;
  const stored = { ...identityIn(header), part, nonce, tag, ciphertext };
  return summary === undefined ? stored : { ...stored, summary };
}

/** The table that a record holds, `stored` being its bytes behind the header; undefined where it has none. */
export function toStoredTable(header: RecordHeader, stored: Uint8Array): StoredTable | undefined {
  const { summary, tableLength } = header;
  if (summary === undefined || tableLength === 0) return undefined;
  const nonce = stored.subarray(0, NONCE_BYTES);
  const tag = stored.subarray(NONCE_BYTES, TABLE_SEAL_BYTES);
  return { ...identityIn(header), summary, nonce, tag, ciphertext: stored.subarray(TABLE_SEAL_BYTES, tableLength) };
}

/** Whether a whole record's table is what was written. */
export function isTableWhole(header: RecordHeader, record: Uint8Array): boolean {
  const stored = record.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + header.tableLength);
  return crc32(stored) === header.tableChecksum;
}

/** The ciphertext of a whole record's part. */
export function ciphertextIn<Bytes extends Uint8Array>(header: RecordHeader, record: Bytes): Bytes {
  return record.subarray(RECORD_HEADER_BYTES + header.tableLength) as Bytes;
}
