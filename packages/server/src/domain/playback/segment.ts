import { type FragmentNumber, formatFragmentNumber } from "../fragments/fragment-number.ts";

/**
 * A media segment: one fragment, and those behind it that were joined to it because they do not begin with a key frame. Fragments with the sound
 * that comes before the first picture are joined to the one that has it.
 */
export interface Segment extends FragmentNumber {
  /** Place in the session, from 0: EXT-X-MEDIA-SEQUENCE of a playlist that begins with it. */
  readonly number: number;
  /** What its first fragment's number is made of; see {@link nameOf}. */
  readonly sequence: number;
  readonly serverTimestamp: number;
  readonly random: number;
  /** Sequence of its last fragment. */
  readonly lastSequence: number;
  /** How many fragments it joins. */
  readonly fragments: number;
  /** When it began on the producer's clock, in milliseconds since the epoch. */
  readonly start: number;
  /** When it ends on the producer's clock, in milliseconds since the epoch: with its last frame, or with the start of the segment behind it where `duration` reaches up to that. */
  readonly end: number;
  /** When it began on the clock that the session shows, in milliseconds since the epoch. */
  readonly shownStart: number;
  /**
   * Milliseconds up to the segment behind it where that is known and goes on without a gap. Else from the end of the segment before, where
   * this one goes on, to its own end: what a track reaches beyond the next fragment's start, which the end of each includes, adds up to no
   * drift so.
   */
  readonly duration: number;
  /** Bytes of its fragments as stored. */
  readonly size: number;
  /** Equal values are decoded with the same set-up. */
  readonly configuration: number;
  /** Whether a decoder can begin with it. */
  readonly startsClean: boolean;
  /** Whether the timeline or the set-up of decoders breaks between the segment before and this one, whatever playlists show of it. */
  readonly breaks: boolean;
  /** Whether nothing of it can be fetched: it was shown while it arrived and then lost, has expired, or cannot be built. */
  readonly gap: boolean;
  /** Whether playlists mark a discontinuity before it. */
  readonly discontinuity: boolean;
  /** How many segments before it have such a mark. */
  readonly discontinuitiesBefore: number;
  /** The first segment of those in a row that are decoded with the same set-up: its initialization segment serves all of them. */
  readonly setUp: SetUp;
  /** The stretch without a break that it belongs to. */
  readonly run: Run;
}

/** Names one segment as playlists do: the number of its first fragment, and how many fragments it joins. */
export interface SegmentName {
  readonly fragmentNumber: string;
  readonly fragments: number;
}

/** The name of a segment. */
export function nameOf(segment: Segment): SegmentName {
  return { fragmentNumber: formatFragmentNumber(segment), fragments: segment.fragments };
}

/** Segments in a row without a break. */
export interface Run {
  /** `Segment.number` of the first one. */
  readonly number: number;
  /** When it began on the producer's clock, in milliseconds since the epoch. */
  readonly start: number;
  /** Milliseconds at which it begins on a timeline of what is presented, where the gaps between runs are closed. */
  readonly presentedAt: number;
}

/** Where a set-up of decoders comes from: the first segment that has it. */
export interface SetUp extends SegmentName {
  /** As in `Segment`. */
  readonly number: number;
}
