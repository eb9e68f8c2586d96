import { ciphertextChecksum } from "../../ports/ciphertext-checksum.ts";
import type { FragmentIdentity, FragmentPlace } from "../../ports/fragment.ts";
import { MAX_PART_BYTES, type ReadOptions, RecordDamaged, type StoredPart } from "../../ports/journal.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { decodeRecordHeader, RECORD_HEADER_BYTES, type RecordHeader, toStoredPart } from "./record.ts";
import type { ReadableSegment, SegmentFiles } from "./segment-files.ts";

type Address = FragmentIdentity & FragmentPlace;

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
    yield { ...toStoredPart(header, bytes.subarray(RECORD_HEADER_BYTES)), release };
  }
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

/** Throws RecordDamaged where no record is so long. */
function recordLength(row: Address, part: number): number {
  const length = row.extents[2 * part + 1]!;
  const isPossible = length >= RECORD_HEADER_BYTES && length <= RECORD_HEADER_BYTES + MAX_PART_BYTES;
  if (!isPossible) throw damagedRecord(row, part, "impossible length");
  return length;
}

function damagedRecord(row: Address, part: number, what: string, cause?: unknown): RecordDamaged {
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
  const offset = row.extents[2 * part]!;
  const { length } = bytes;
  const damaged = (what: string, cause?: unknown) => damagedRecord(row, part, what, cause);
  const count = await segment.file.read(bytes, offset).catch((cause: unknown) => {
    throw damaged("the device does not return it", cause);
  });
  if (count !== length) throw damaged("the segment ends within it");
  const header = decodeRecordHeader(bytes, segment.seed);
  if (header === undefined) throw damaged("the record's header is damaged");
  if (!isPartOf(header, row, part, length)) throw damaged("another record lies there");
  if (verifies && ciphertextChecksum([bytes.subarray(RECORD_HEADER_BYTES)]) !== header.checksum) {
    throw damaged("the checksum does not match");
  }
  return { header, bytes };
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
    header.length === length - RECORD_HEADER_BYTES
  );
}
