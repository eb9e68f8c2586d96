import type { TimedFragment } from "../../storage/ports/fragment.ts";
import type { FragmentClock } from "../../storage/ports/fragment-index.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import {
  follows,
  joined,
  MAX_JOINED_FRAGMENTS,
  type OpenSegment,
  openAfter,
  openWith,
  type Tail,
} from "./joined-fragments.ts";
import type { DiscontinuityMode } from "./parameters.ts";
import type { Run, Segment, SetUp } from "./segment.ts";

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
    // Where only the set-up changes, nothing is missing, however late it has come.
    const goesOn = this.#previous !== undefined && follows(this.#previous, first);
    const live = liveSince === undefined || goesOn ? 0 : first.serverTimestamp - liveSince;
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
