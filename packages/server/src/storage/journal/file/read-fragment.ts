import { crc32 } from "node:zlib";
import type { FragmentIdentity, FragmentPlace } from "../../ports/fragment.ts";
import { MAX_PART_BYTES, RecordDamaged, type StoredPart } from "../../ports/journal.ts";
import { decodeRecordHeader, RECORD_HEADER_BYTES, type RecordHeader, toStoredPart } from "./record.ts";
import type { ReadableSegment, SegmentFiles } from "./segment-files.ts";

type Address = FragmentIdentity & FragmentPlace;

/** Reads the parts of one fragment in order, each checked against its checksum and against the row that led to it. */
export async function* readFragment(files: SegmentFiles, row: Address): AsyncGenerator<StoredPart> {
  const parts = row.extents.length / 2;
  for (let part = 0; part < parts; part++) {
    const record = await files.reading(row.segment, (segment) => readRecord(segment, row, part));
    yield toStoredPart(record.header, record.bytes.subarray(RECORD_HEADER_BYTES));
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
  const offset = row.extents[2 * part]!;
  const length = row.extents[2 * part + 1]!;
  const damaged = (what: string, cause?: unknown) =>
    new RecordDamaged(
      `${what}: segment ${row.segment}, offset ${offset}, part ${part} of fragment ${row.sequence} of stream ${row.streamId}`,
      { cause },
    );
  if (length < RECORD_HEADER_BYTES || length > RECORD_HEADER_BYTES + MAX_PART_BYTES) throw damaged("impossible length");
  const bytes = Buffer.allocUnsafe(length);
  const count = await segment.file.read(bytes, offset).catch((cause: unknown) => {
    throw damaged("the device does not return it", cause);
  });
  if (count !== length) throw damaged("the segment ends within it");
  const header = decodeRecordHeader(bytes, segment.seed);
  if (header === undefined) throw damaged("the record's header is damaged");
  if (!isPartOf(header, row, part, length)) throw damaged("another record lies there");
  if (crc32(bytes.subarray(RECORD_HEADER_BYTES)) !== header.checksum) throw damaged("the checksum does not match");
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
