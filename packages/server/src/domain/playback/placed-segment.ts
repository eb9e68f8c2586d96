import { type MediaSegment, rebase } from "@kvass/media";
import type { FragmentIdentity } from "../../storage/ports/fragment.ts";
import type { BuiltSegment, Mp4Segment } from "./built-segment.ts";
import type { SessionGrant } from "./token.ts";

/** A segment with its place on the session's timeline. */
export interface SessionSegment<Built extends BuiltSegment> {
  readonly segment: Built;
  /** Milliseconds to take off its times, which are those of the producer's clock. */
  readonly base: number;
  /** Differs wherever the bytes could. */
  readonly version: string;
  /** Called once its bytes are no longer read: their memory may be used for others then. */
  readonly release: () => void;
}

/** Milliseconds to take off the times of a fragment's media: what began before the session keeps its own. */
export const baseFor = ({ base }: SessionGrant, { producerTimestamp }: FragmentIdentity): number =>
  producerTimestamp >= base ? base : 0;

/**
 * The bytes of one track of a segment, in pieces, at its place on the session's timeline: a head of its own, and the frames, which all
 * sessions share.
 */
export function placedTrack({ segment, base }: SessionSegment<Mp4Segment>, number: number): Uint8Array[] {
  return placed(segment.tracks[number - 1]!, base);
}

/** The head that was made last of each media, for how many ticks: viewers of the same want the same for a while. */
const HEADS = new WeakMap<MediaSegment, { readonly ticks: number; readonly head: Uint8Array }>();

/** The same of media that is known with its time scale. */
export function placed({ media, timescale }: { media: MediaSegment; timescale: number }, base: number): Uint8Array[] {
  const ticks = -Math.round((base * timescale) / 1000);
  let last = HEADS.get(media);
  if (last?.ticks !== ticks) {
    last = { ticks, head: rebase(media, [ticks]) };
    HEADS.set(media, last);
  }
  return [last.head, ...media.payload];
}
