import { crc32 } from "node:zlib";
import { ciphertextChecksum } from "../../ports/ciphertext-checksum.ts";
import type { FragmentIdentity, FragmentSummary } from "../../ports/fragment.ts";
import { MAX_PART_BYTES, MAX_PARTS, type SealedPart, type StoredPart } from "../../ports/journal.ts";
import { readInteger, writeInteger } from "./integers.ts";

/** Bytes of a record before its ciphertext. docs/reference/storage-format.md lists the fields. */
export const RECORD_HEADER_BYTES = 108;

/** "KVJR": where a scan that lost its place looks for the next record. */
export const RECORD_MAGIC = Buffer.from("KVJR", "latin1");
const FORMAT = 3;
/** Flags. */
const LAST_PART = 1;
const STARTS_CLEAN = 2;
const LACKS_PICTURES = 4;
const CHECKSUM_OFFSET = RECORD_HEADER_BYTES - 4;

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
}

/** The header of the record that holds `sealed` as part `part`; `seed` is the segment's (segment-header.ts). */
export function encodeRecordHeader(
  seed: number,
  identity: FragmentIdentity,
  part: number,
  summary: FragmentSummary | undefined,
  sealed: SealedPart,
  length: number,
): Buffer {
  const header = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
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
  reseal(header, seed);
  return header;
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
  if (bytes.readUInt16LE(4) !== FORMAT || length > MAX_PART_BYTES || part >= MAX_PARTS) return undefined;
  return {
    streamId: readInteger(bytes, 16),
    sequence: readInteger(bytes, 24),
    serverTimestamp: readInteger(bytes, 32),
    producerTimestamp: bytes.readDoubleLE(40),
    random: bytes.readUInt32LE(48),
    part,
    summary: summaryIn(bytes),
    nonce: bytes.subarray(56, 68),
    tag: bytes.subarray(68, 84),
    length,
    checksum: bytes.readUInt32LE(12),
  };
}

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

/** The part that a record holds. */
export function toStoredPart(header: RecordHeader, ciphertext: Uint8Array<ArrayBuffer>): StoredPart {
  const { streamId, sequence, serverTimestamp, producerTimestamp, random, part, nonce, tag, summary } = header;
  const stored = { streamId, sequence, serverTimestamp, producerTimestamp, random, part, nonce, tag, ciphertext };
  return summary === undefined ? stored : { ...stored, summary };
}
