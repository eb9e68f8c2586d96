import type { FragmentIdentity, FragmentSummary } from "../../storage/ports/fragment.ts";

/**
 * How far from where the fragment before it ends one may begin that goes on with the same group of pictures, in milliseconds: muxers that
 * cut clusters by size cut them in the order of decoding, in which B-frames come behind pictures that are shown later.
 */
export const MAX_REORDER_MS = 1000;

/** What must be known of a fragment to tell whether it goes on with another. */
export type GroupMember = Pick<FragmentIdentity, "sequence" | "producerTimestamp"> &
  Pick<FragmentSummary, "duration" | "startsClean" | "configuration">;

/** Whether `next` holds further frames of the group of pictures that `last` ends with: it was sent right behind it and has no key frame. */
export function continuesGroup(last: GroupMember, next: GroupMember): boolean {
  const distance = next.producerTimestamp - last.producerTimestamp;
  return (
    !next.startsClean &&
    next.sequence === last.sequence + 1 &&
    next.configuration === last.configuration &&
    distance > -MAX_REORDER_MS &&
    distance - last.duration <= MAX_REORDER_MS
  );
}
