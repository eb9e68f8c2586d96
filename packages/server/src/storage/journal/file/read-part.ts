import { readvSync } from "node:fs";
import type { RecordFile, StoredPart } from "../../ports/journal.ts";
import { type Address, checkedHeader, damagedRecord, recordLength } from "./read-fragment.ts";
import { MAX_STORED_TABLE_BYTES, RECORD_HEADER_BYTES, toStoredPart } from "./record.ts";

/** What precedes the ciphertext of the record that is read: its header, and the table of a last part. */
const start = Buffer.allocUnsafeSlow(RECORD_HEADER_BYTES + MAX_STORED_TABLE_BYTES);

/**
 * Reads a part of a fragment from a file that is lent to this thread, which waits for it, with its ciphertext at the beginning of `room`: all of that is the last
 * part's. Its checksum is not verified, for its seal will be. Its nonce and tag are overwritten by the next call.
 *
 * @throws RecordDamaged where it is not the record that the row means, or has no such ciphertext
 */
export function readPart(file: RecordFile, row: Address, part: number, room: Uint8Array<ArrayBuffer>): StoredPart {
  const length = recordLength(row, part);
  const isLast = part === row.extents.length / 2 - 1;
  const before = isLast ? length - room.length : RECORD_HEADER_BYTES;
  const isPossible = before >= RECORD_HEADER_BYTES && before <= start.length && length - before <= room.length;
  if (!isPossible) throw damagedRecord(row, part, "impossible length");
  const ciphertext = room.subarray(0, length - before);
  const count = readvSync(file.descriptor, [start.subarray(0, before), ciphertext], row.extents[2 * part]!);
  if (count !== length) throw damagedRecord(row, part, "the segment ends within it");
  const header = checkedHeader(start, file.seed, row, part, length);
  if (header.length !== ciphertext.length) throw damagedRecord(row, part, "its ciphertext has another length");
  return toStoredPart(header, ciphertext);
}
