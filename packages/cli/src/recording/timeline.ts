/** A fragment as it lies in time. Ticks are those of its Cluster. */
export interface TimelineSpan {
  readonly timecode: number;
  readonly timecodeScaleNs: number;
  /** Milliseconds since the epoch. */
  readonly producerTimestamp: number;
  /** Earliest and latest moment of its frames, in ticks from `timecode`. */
  readonly begin: number;
  readonly end: number;
  /** Of each track by its number, when its first and its last frame begin; in ticks from `timecode`. */
  readonly tracks: ReadonlyMap<number, TrackSpan>;
}

/** When a track's first and last frame of a fragment begin. */
export interface TrackSpan {
  readonly first: number;
  readonly last: number;
}

/** A producer's clock and the timecodes of its fragments differ by rounding only. */
const SAME_CLOCK_MS = 1.5;
/** Producers pause between sessions for hours; in a file that is played, nobody wants to wait for them. */
const LONGEST_GAP_MS = 2000;

/**
 * Lays fragments of any sessions, by their producer timestamps, on one time axis that begins at 0 and only rises: fragments of one
 * session keep their distance to the tick, and gaps are closed unless they are to be kept.
 */
export class Timeline {
  readonly #keepGaps: boolean;
  #last: { readonly span: TimelineSpan; readonly at: number } | undefined;
  /** Where the latest frame so far ends, in ticks of the file. */
  #end = 0;
  /** When the latest frame of each track begins, in ticks of the file. */
  readonly #latest = new Map<number, number>();

  constructor({ keepGaps = false } = {}) {
    this.#keepGaps = keepGaps;
  }

  /** Where the latest frame so far ends, in ticks of the file. */
  get end(): number {
    return this.#end;
  }

  /** The fragment's timecode in the file. */
  place(span: TimelineSpan): number {
    const at = this.#positionOf(span);
    this.#last = { span, at };
    this.#end = Math.max(this.#end, at + span.end);
    for (const [track, { last }] of span.tracks) this.#latest.set(track, at + last);
    return at;
  }

  #positionOf(span: TimelineSpan): number {
    if (this.#last === undefined) return Math.max(0, -span.begin);
    const { span: last, at } = this.#last;
    const ticksPerMs = 1_000_000 / span.timecodeScaleNs;
    const byTimecode = span.timecode - last.timecode;
    const byClock = (span.producerTimestamp - last.producerTimestamp) * ticksPerMs;
    const isSession = byTimecode > 0 && Math.abs(byTimecode - byClock) <= SAME_CLOCK_MS * ticksPerMs;
    const wanted = at + (isSession ? byTimecode : Math.round(byClock));
    const gap = wanted + span.begin - this.#end;
    // Fragments of a session may overlap by the way their tracks are interleaved; those of different ones must not, and no track goes back.
    const isMisplaced = gap < 0 && !(isSession && this.#goesOn(span, wanted));
    const isPause = gap > LONGEST_GAP_MS * ticksPerMs && !this.#keepGaps;
    return isMisplaced || isPause ? this.#end - span.begin : wanted;
  }

  /** Whether each track's frames come behind those that it has, if the fragment's timecode is `at`. */
  #goesOn({ tracks }: TimelineSpan, at: number): boolean {
    for (const [track, { first }] of tracks) {
      if (at + first <= (this.#latest.get(track) ?? Number.NEGATIVE_INFINITY)) return false;
    }
    return true;
  }
}
