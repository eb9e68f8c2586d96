import { ciphertextChecksum } from "../../ports/ciphertext-checksum.ts";
import type { FragmentIdentity, FragmentPlace } from "../../ports/fragment.ts";
import { type ReadOptions, RecordDamaged, type StoredPart, type StoredTable } from "../../ports/journal.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import {
  ciphertextIn,
  decodeRecordHeader,
  MAX_RECORD_BYTES,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  recordBytes,
  toStoredPart,
  toStoredTable,
} from "./record.ts";
import type { ReadableSegment, SegmentFiles } from "./segment-files.ts";

/** What leads to the records of a fragment. */
export type Address = FragmentIdentity & FragmentPlace;

/** So much is read for a table at first: header and table of a fragment of some 900 frames. */
const TABLE_READ_BYTES = 4096;

/** Reads the parts of one fragment in order, each checked against the row that led to it and, unless its seal will be, its checksum. */
export async function* readFragment(
  files: SegmentFiles,
  buffers: ReadBuffers,
  row: Address,
  { opensSeals = false }: ReadOptions = {},
): AsyncGenerator<StoredPart> {
  const parts = row.extents.length / 2;
  for (let part = 0; part < parts; part++) {
    const { bytes, release } = buffers.take(recordLength(row, part));
    const { header } = await files.reading(row.segment, (segment) => {
      return readInto(bytes, segment, row, part, !opensSeals);
    });
    yield { ...toStoredPart(header, ciphertextIn(header, bytes)), release };
  }
}

/**
 * Reads the table of one fragment, which lies before the ciphertext of its last part, and nothing of its parts. Undefined where it has none.
 *
 * @throws RecordDamaged where the record that should hold it is not there
 */
export async function readTable(files: SegmentFiles, row: Address): Promise<StoredTable | undefined> {
  const part = row.extents.length / 2 - 1;
  const length = recordLength(row, part);
  return files.reading(row.segment, async (segment) => {
    const start = Buffer.allocUnsafe(Math.min(length, TABLE_READ_BYTES));
    await readAt(start, segment, row, part);
    const header = checkedHeader(start, segment.seed, row, part, length);
    const end = RECORD_HEADER_BYTES + header.tableLength;
    if (end <= start.length) return toStoredTable(header, start.subarray(RECORD_HEADER_BYTES));
    const whole = Buffer.allocUnsafe(end);
    await readAt(whole, segment, row, part);
    return toStoredTable(header, whole.subarray(RECORD_HEADER_BYTES));
  });
}

/** One whole record, header and ciphertext. */
export interface RawRecord {
  readonly header: RecordHeader;
  readonly bytes: Buffer;
}

/**
 * Reads the record of part `part` of a fragment.
 *
 * @throws RecordDamaged where its bytes are not what was written, or are another record's
 */
export async function readRecord(segment: ReadableSegment, row: Address, part: number): Promise<RawRecord> {
  return readInto(Buffer.allocUnsafe(recordLength(row, part)), segment, row, part, true);
}

/** Bytes of the record of a part. Throws RecordDamaged where no record is so long. */
export function recordLength(row: Address, part: number): number {
  const length = row.extents[2 * part + 1]!;
  const isPossible = length >= RECORD_HEADER_BYTES && length <= MAX_RECORD_BYTES;
  if (!isPossible) throw damagedRecord(row, part, "impossible length");
  return length;
}

/** The error for a record that cannot be read as what the row means. */
export function damagedRecord(row: Address, part: number, what: string, cause?: unknown): RecordDamaged {
  const place = `segment ${row.segment}, offset ${row.extents[2 * part]}`;
  const fragment = `part ${part} of fragment ${row.sequence} of stream ${row.streamId}`;
  return new RecordDamaged(`${what}: ${place}, ${fragment}`, { cause });
}

async function readInto(
  bytes: Buffer,
  segment: ReadableSegment,
  row: Address,
  part: number,
  verifies: boolean,
): Promise<RawRecord> {
  await readAt(bytes, segment, row, part);
  const header = checkedHeader(bytes, segment.seed, row, part, bytes.length);
  if (verifies && ciphertextChecksum([ciphertextIn(header, bytes)]) !== header.checksum) {
    throw damagedRecord(row, part, "the checksum does not match");
  }
  return { header, bytes };
}

/** Fills `bytes` from the start of the record on. */
async function readAt(bytes: Buffer, { file }: ReadableSegment, row: Address, part: number): Promise<void> {
  const count = await file.read(bytes, row.extents[2 * part]!).catch((cause: unknown) => {
    throw damagedRecord(row, part, "the device does not return it", cause);
  });
  if (count !== bytes.length) throw damagedRecord(row, part, "the segment ends within it");
}

/** The header at the start of `bytes`, which is that of the record of `length` bytes that the row means, in a file with this seed. Throws RecordDamaged. */
export function checkedHeader(bytes: Buffer, seed: number, row: Address, part: number, length: number): RecordHeader {
  const header = decodeRecordHeader(bytes, seed);
  if (header === undefined) throw damagedRecord(row, part, "the record's header is damaged");
  if (!isPartOf(header, row, part, length)) throw damagedRecord(row, part, "another record lies there");
  return header;
}

function isPartOf(header: RecordHeader, row: Address, part: number, length: number): boolean {
  const isLast = part === row.extents.length / 2 - 1;
  return (
    header.streamId === row.streamId &&
    header.sequence === row.sequence &&
    header.serverTimestamp === row.serverTimestamp &&
    header.producerTimestamp === row.producerTimestamp &&
    header.random === row.random &&
    header.part === part &&
    (header.summary !== undefined) === isLast &&
    recordBytes(header) === length
  );
}
