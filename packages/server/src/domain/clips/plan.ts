import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import { continuesGroup } from "../fragments/group-of-pictures.ts";

/** A fragment in its place in a clip. */
export interface PlannedFragment {
  readonly row: FragmentRow;
  /** Milliseconds from the clip's beginning to the fragment's producer timestamp. */
  readonly position: number;
  /** Whether it keeps its distance to the fragment before it; false where a pause was closed or the producer's clock was set. */
  readonly continues: boolean;
}

/**
 * The longest pause that stays one: a stream without pauses has a frame at least every 20 s, since its fragments are not longer (AWS docs,
 * "Kinesis Video Streams service quotas"). Nobody wants to look at the last frame of a camera for the hours that it was off.
 */
const LONGEST_PAUSE_MS = 20_000;
/**
 * A fragment's duration is that of its longest track, and the last frame of sound may reach beyond the picture that the next fragment begins
 * with; more than this is footage that was sent twice.
 */
const LONGEST_OVERLAP_MS = 250;

/**
 * Lays fragments, given in the order in which they shall play, on one time axis that only rises. Producer timestamps count where they go on;
 * where they jump, a fragment follows the one before it at once. Fragments that no key frame of the clip leads to are left out, but for the sound
 * that comes before the first picture.
 * @throws DomainError `invalid-media-frame` where no fragment is left
 */
export function planClip(rows: readonly FragmentRow[]): PlannedFragment[] {
  const plan: PlannedFragment[] = [];
  let leads = true;
  let decodable = false;
  for (const row of rows) {
    const last = plan.at(-1);
    leads &&= row.lacksPictures;
    decodable = row.startsClean || (decodable && row.sequence - 1 === last?.row.sequence);
    if (!leads && !decodable) continue;
    plan.push(last === undefined ? { row, position: 0, continues: false } : place(row, last));
  }
  if (!plan.some(({ row }) => row.startsClean)) {
    const message = "No fragment of the range begins with a key frame, and none is found within reach before it.";
    throw new DomainError("invalid-media-frame", message);
  }
  return plan;
}

function place(row: FragmentRow, last: PlannedFragment): PlannedFragment {
  const step = row.producerTimestamp - last.row.producerTimestamp;
  const gap = step - last.row.duration;
  const goesOn = step > 0 && gap >= -LONGEST_OVERLAP_MS && gap <= LONGEST_PAUSE_MS;
  const continues = goesOn || continuesGroup(last.row, row);
  return { row, position: last.position + (continues ? step : Math.max(1, last.row.duration)), continues };
}
