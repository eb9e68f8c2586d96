import type { FragmentRow } from "../../../storage/ports/fragment.ts";
import type { RecordFile, StoredPart } from "../../../storage/ports/journal.ts";
import type { FragmentLoan } from "../../fragments/archive.ts";
import type { FormName, SegmentForms } from "../package-segment.ts";

/** A segment to be made of the fragments that are lent, which have some bytes. */
export interface SegmentOrder extends FragmentLoan {
  readonly form: FormName;
}

/** The segment; undefined where it cannot be made, for whatever reason: who makes it on the spot then finds the same, and can tell. */
export type SegmentReply = SegmentForms[FormName] | undefined;

/**
 * Reads a part of a fragment from a file that is lent, with its ciphertext at the beginning of `room`: all of that is the last part's. Its nonce and
 * tag may be overwritten by the next call. Throws `RecordDamaged` where it is not the record that the row means, and whatever the file system throws.
 */
export type PartReader = (
  file: RecordFile,
  row: FragmentRow,
  part: number,
  room: Uint8Array<ArrayBuffer>,
) => StoredPart;
