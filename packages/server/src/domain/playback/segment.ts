import type { TimedFragment } from "../../storage/ports/fragment.ts";
import type { FragmentClock } from "../../storage/ports/fragment-index.ts";
import { type FragmentNumber, formatFragmentNumber } from "../fragments/fragment-number.ts";
import { continuesGroup } from "../fragments/group-of-pictures.ts";
import type { DiscontinuityMode } from "./parameters.ts";

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

/** Gaps up to this long are none (AWS docs, "DiscontinuityMode"), in milliseconds. */
const MAX_GAP_MS = 50;
/**
 * Overlaps up to this long are none: a fragment's duration is that of its longest track, and the last frame of sound may reach beyond the
 * picture that the next fragment begins with. Footage that was sent twice overlaps by a whole fragment.
 */
const MAX_OVERLAP_MS = 250;
/** Fragments joined to one segment span at most this, in milliseconds: the longest fragment that Kinesis Video Streams takes. */
const MAX_JOINED_MS = 20_000;
/** Bytes of fragments joined to one segment: the largest fragment that Kinesis Video Streams takes. */
const MAX_JOINED_BYTES = 50_000_000;
/** Fragments joined to one segment: 20 s of those that muxers cut every 60 ms. */
export const MAX_JOINED_FRAGMENTS = 512;

/** How fragments become segments. */
export interface CutRules {
  readonly clock: FragmentClock;
  readonly discontinuities: DiscontinuityMode;
  /** Whether fragments that no key frame begins are joined to the segment before them; each is a segment of its own otherwise. */
  readonly joins: boolean;
  /** Whether a segment's duration reaches to the start of the next one; known only where the next one is there before it is listed. */
  readonly looksAhead: boolean;
  /**
   * Milliseconds since the epoch: what is presented keeps to the server's clock since then, so that gaps of what is live stay gaps. Gaps are
   * closed where it is undefined.
   */
  readonly liveSince?: number | undefined;
  /**
   * Milliseconds since the epoch on the producer's clock: media from then on has times from 0, what began before has its own (`baseFor`). Times
   * go back where a clock that was set back comes by that moment, which breaks the timeline. Undefined where nobody looks at times.
   */
  readonly base?: number | undefined;
}

/** Where a segment ends: with its last fragment, or later where that holds frames that are shown before others. */
interface Tail {
  readonly first: TimedFragment;
  last: TimedFragment;
  /** Milliseconds since the epoch on the producer's clock. */
  end: number;
  /** What all of it is decoded with. */
  configuration: number;
}

interface OpenSegment extends Tail {
  startsClean: boolean;
  /** Whether it has sound only so far, and waits for pictures. */
  lacksPictures: boolean;
  fragments: number;
  size: number;
}

const endOf = ({ producerTimestamp, duration }: TimedFragment): number => producerTimestamp + duration;

const openWith = (row: TimedFragment): OpenSegment => ({
  first: row,
  last: row,
  end: endOf(row),
  startsClean: row.startsClean,
  configuration: row.configuration,
  lacksPictures: row.lacksPictures,
  fragments: 1,
  size: row.size,
});

/** Whether `next` goes on where a segment ends, on the producer's clock. */
function follows({ last, end }: Tail, next: TimedFragment): boolean {
  const gap = next.producerTimestamp - end;
  return gap <= MAX_GAP_MS && gap >= -MAX_OVERLAP_MS && next.producerTimestamp > last.producerTimestamp;
}

/**
 * Whether the decoders of a segment take a fragment too. Sound that comes before the first picture does not know yet what pictures these are; what
 * follows it in the order of sequences is of the same connection, and so of the same header.
 */
function isDecodedAlike({ last, configuration, lacksPictures }: OpenSegment, row: TimedFragment): boolean {
  return row.configuration === configuration || (lacksPictures && row.sequence === last.sequence + 1);
}

/** Adds a fragment to a segment, where it belongs to it; returns whether it does. */
function joined(open: OpenSegment, row: TimedFragment): boolean {
  const belongs =
    (!row.startsClean || open.lacksPictures) &&
    isDecodedAlike(open, row) &&
    (follows(open, row) || continuesGroup(open.last, row)) &&
    endOf(row) - open.first.producerTimestamp <= MAX_JOINED_MS &&
    open.size + row.size <= MAX_JOINED_BYTES &&
    open.fragments < MAX_JOINED_FRAGMENTS;
  if (!belongs) return false;
  open.last = row;
  open.end = Math.max(open.end, endOf(row));
  open.fragments++;
  open.size += row.size;
  if (open.lacksPictures) {
    open.startsClean = row.startsClean;
    open.configuration = row.configuration;
    open.lacksPictures = row.lacksPictures;
  }
  return true;
}

/** The segment, or the beginning of one, that these fragments make up; undefined where they may not be joined. */
function join([first, ...others]: readonly TimedFragment[]): OpenSegment | undefined {
  const open = first && openWith(first);
  return open !== undefined && others.every((row) => joined(open, row)) ? open : undefined;
}

/** Whether these fragments may be joined to one segment, or to the beginning of one. */
export const areJoined = (rows: readonly TimedFragment[]): boolean => join(rows) !== undefined;

/** Of fragments that are joined, those that tell what all tracks are: up to the first that has pictures. */
export function upToPictures<Row extends TimedFragment>(rows: readonly Row[]): Row[] {
  const place = rows.findIndex(({ lacksPictures }) => !lacksPictures);
  return rows.slice(0, place < 0 ? 1 : place + 1);
}

/** A segment that begins with a key frame, and with as many of the fragments of sound before it as may be joined to it. */
function openAfter(lead: readonly TimedFragment[], row: TimedFragment): OpenSegment {
  for (let place = 0; place < lead.length; place++) {
    const open = join([...lead.slice(place), row]);
    if (open !== undefined) return open;
  }
  return openWith(row);
}

/**
 * Cuts a run of fragments, given in the order of the timeline, into numbered segments. The same fragments give the same segments, however
 * they are handed over.
 */
export class SegmentCutter {
  readonly #rules: CutRules;
  #open: OpenSegment | undefined;
  /** The newest fragments before the first picture; none any more once pictures had to be left out, whose sound goes with them. */
  #lead: TimedFragment[] | undefined = [];
  #previous: Tail | undefined;
  #setUp: SetUp | undefined;
  #run: Run | undefined;
  /** Whether the segment before was lost. */
  #afterGap = false;
  #number: number;
  #discontinuities: number;

  /**
   * @param lost how many segments, at most, there were before the first one that is handed over: the first number, and the
   *   discontinuities before it
   */
  constructor(rules: CutRules, lost = 0) {
    this.#rules = rules;
    this.#number = lost;
    this.#discontinuities = lost;
  }

  /** Takes the next fragment; returns the segment that is complete because of it. */
  push(row: TimedFragment): Segment | undefined {
    if (this.join(row)) return undefined;
    const closed = this.#close(row);
    if (this.#previous !== undefined) this.#open = openWith(row);
    else this.#begin(row);
    return closed;
  }

  /** Playback begins with a key frame, and the sound before it; pictures that precede the first one are of no use. */
  #begin(row: TimedFragment): void {
    if (row.startsClean) {
      this.#open = openAfter((this.#rules.joins && this.#lead) || [], row);
      this.#lead = undefined;
    } else if (row.lacksPictures) {
      this.#lead?.push(row);
      if (this.#lead?.length === MAX_JOINED_FRAGMENTS) this.#lead.shift();
    } else {
      this.#lead = undefined;
    }
  }

  /** Adds a fragment to the segment in progress, where it belongs to it; returns whether it does. */
  join(row: TimedFragment): boolean {
    const open = this.#open;
    return open !== undefined && this.#rules.joins && joined(open, row);
  }

  /** Ends the segment in progress: nothing will be joined to it. */
  flush(): Segment | undefined {
    return this.#close(undefined);
  }

  /**
   * A fragment that was shown while it arrived will never be complete: its number stays taken, by a gap, and the segment behind it is
   * marked as a discontinuity, since players may have presented a part of what was lost. No segment may be in progress.
   */
  lose(row: TimedFragment): Segment {
    const [previous, setUp, run] = [this.#previous, this.#setUp, this.#run];
    this.#open = openWith(row);
    const segment = this.#close(undefined)!;
    this.#previous = previous;
    this.#setUp = setUp;
    this.#run = run;
    this.#afterGap = true;
    return { ...segment, gap: true };
  }

  /** A cutter that goes on from here by itself. */
  fork(): SegmentCutter {
    const fork = new SegmentCutter(this.#rules);
    fork.#open = this.#open && { ...this.#open };
    fork.#lead = this.#lead && [...this.#lead];
    fork.#previous = this.#previous;
    fork.#setUp = this.#setUp;
    fork.#run = this.#run;
    fork.#afterGap = this.#afterGap;
    fork.#number = this.#number;
    fork.#discontinuities = this.#discontinuities;
    return fork;
  }

  #close(next: TimedFragment | undefined): Segment | undefined {
    if (this.#open === undefined) return undefined;
    const { first, last, end, configuration, startsClean, fragments, size } = this.#open;
    const breaks = this.#breaksBefore(this.#open);
    const discontinuity = this.#afterGap || (this.#previous !== undefined && this.#marks(breaks, this.#open));
    const number = this.#number++;
    if (this.#previous?.configuration !== configuration) this.#setUp = undefined;
    this.#setUp ??= { number, fragmentNumber: formatFragmentNumber(first), fragments };
    if (breaks || this.#run === undefined) this.#run = this.#beginRun(number, first);
    const duration = Math.max(1, this.#duration(this.#open, next));
    const segment: Segment = {
      number,
      sequence: first.sequence,
      serverTimestamp: first.serverTimestamp,
      random: first.random,
      lastSequence: last.sequence,
      fragments,
      start: first.producerTimestamp,
      end: this.#rules.looksAhead ? first.producerTimestamp + duration : Math.max(end, first.producerTimestamp + 1),
      shownStart: first[this.#rules.clock],
      duration,
      size,
      configuration,
      startsClean,
      breaks,
      gap: false,
      discontinuity,
      discontinuitiesBefore: this.#discontinuities,
      setUp: this.#setUp,
      run: this.#run,
    };
    if (discontinuity) this.#discontinuities++;
    this.#previous = { first, last, end, configuration };
    this.#afterGap = false;
    this.#open = undefined;
    return segment;
  }

  #duration(open: OpenSegment, next: TimedFragment | undefined): number {
    const { looksAhead } = this.#rules;
    const { first, end } = open;
    if (looksAhead && next !== undefined && follows(open, next))
      return next.producerTimestamp - first.producerTimestamp;
    const goesOn = !looksAhead && this.#previous !== undefined && follows(this.#previous, first);
    return end - (goesOn ? this.#previous!.end : first.producerTimestamp);
  }

  #beginRun(number: number, first: TimedFragment): Run {
    const { liveSince } = this.#rules;
    const before = this.#run;
    const closed = before === undefined ? 0 : before.presentedAt + this.#previous!.end - before.start;
    const live = liveSince === undefined ? 0 : first.serverTimestamp - liveSince;
    return { number, start: first.producerTimestamp, presentedAt: Math.max(closed, live, 0) };
  }

  #breaksBefore({ first, configuration }: OpenSegment): boolean {
    const previous = this.#previous;
    if (previous === undefined) return false;
    return previous.configuration !== configuration || !follows(previous, first) || this.#comesByBase(first);
  }

  #comesByBase(first: TimedFragment): boolean {
    const { base } = this.#rules;
    return base !== undefined && this.#previous!.first.producerTimestamp < base && first.producerTimestamp >= base;
  }

  /** RFC 8216, section 4.3.2.3: where timestamps go back or the decoder changes the mark must be there, whatever the session asked for. */
  #marks(breaks: boolean, { first, configuration }: OpenSegment): boolean {
    if (this.#rules.discontinuities === "always") return true;
    if (this.#rules.discontinuities === "on-discontinuity") return breaks;
    const { last, configuration: before } = this.#previous!;
    if (before !== configuration || this.#comesByBase(first)) return true;
    return first.producerTimestamp < last.producerTimestamp;
  }
}
