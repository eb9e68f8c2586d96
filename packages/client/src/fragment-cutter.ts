import type { Frame } from "./frames.ts";

/** Takes what a {@link FragmentCutter} makes of the frames: `(begin frame+ end)*`. */
export interface FragmentSink {
  /** A fragment begins; `timecode` is its earliest presentation time, in ticks. */
  begin(timecode: number): void;
  /** A frame of the fragment, `relativeTimecode` ticks from its start: -32767 to 32767, below 0 only in the first fragment. */
  frame(frame: Frame, relativeTimecode: number): void;
  end(): void;
}

/** How to cut. Times in milliseconds. */
export interface CutOptions {
  /** Track whose key frames begin fragments: the first video track, or the only track there is. */
  readonly keyTrack: number;
  /** All track numbers. */
  readonly tracks: readonly number[];
  /** Nanoseconds for each tick. */
  readonly timecodeScaleNs: number;
  /** A key frame that comes sooner after the fragment's start begins no new one. */
  readonly minFragmentMs: number;
  /** A fragment is cut here even without a key frame. */
  readonly maxFragmentMs: number;
  /** A fragment is cut beyond this size even without a key frame. */
  readonly maxFragmentBytes: number;
}

/** Muxers interleave tracks within some hundred milliseconds; a track that stays away longer holds no cut back. */
const HOLD_MS = 1000;
/** What a block can lie after the start of its Cluster (RFC 9559, section 10.1). */
const MAX_RELATIVE_TICKS = 0x7fff;

interface Timed {
  readonly frame: Frame;
  readonly tick: number;
}

interface Fragment {
  readonly start: number;
  /** Latest presentation time so far. */
  latest: number;
  bytes: number;
  /** Numbers of the tracks that have a frame in it. */
  readonly tracks: Set<number>;
}

/** A cut that is being prepared: frames from here on wait until it is known that all that precede it in time have come. */
interface Cut {
  /** Presentation time of the frame that asked for the cut. */
  readonly asked: number;
  /** Earliest presentation time behind the cut. */
  at: number;
  readonly waiting: Timed[];
  /** Tracks that have not come so far. */
  readonly missing: Set<number>;
  /** The fragment has reached its bounds: it ends here whatever is missing. */
  readonly forced: boolean;
}

/**
 * Cuts interleaved frames, in decoding order, into fragments that the service takes: each begins with a key frame and has frames of
 * every track where the media allow that within the bounds, and all of its frames are later than those of the fragment before (AWS
 * docs, "PutMedia", FRAMES_MISSING_FOR_TRACK and FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS). Since tracks trail each other and
 * B-frames come out of order, a cut waits for one more frame of the key track and for the other tracks to pass it.
 */
export class FragmentCutter {
  /** Frames that came so late that no fragment could take them any more. */
  droppedFrames = 0;
  readonly #options: CutOptions;
  readonly #sink: FragmentSink;
  readonly #minTicks: number;
  readonly #maxTicks: number;
  readonly #holdTicks: number;
  #fragment: Fragment | undefined;
  #cut: Cut | undefined;
  /** Latest presentation time of the key track. */
  #reached = Number.NEGATIVE_INFINITY;
  /** Frames of other tracks that are not earlier than that: whether they belong before or behind the next cut is not known. */
  #ahead: Timed[] = [];
  /** Latest presentation time of the fragment before the current one. */
  #previous = Number.NEGATIVE_INFINITY;

  constructor(options: CutOptions, sink: FragmentSink) {
    this.#options = options;
    this.#sink = sink;
    this.#minTicks = this.#ticks(options.minFragmentMs);
    this.#holdTicks = this.#ticks(HOLD_MS);
    // A cut is asked for early enough that what comes while it waits can still be placed.
    this.#maxTicks = Math.min(this.#ticks(options.maxFragmentMs), MAX_RELATIVE_TICKS - this.#holdTicks);
  }

  push(frame: Frame): void {
    const timed = { frame, tick: this.#ticks(frame.timestamp) };
    const cut = this.#cut;
    this.#arrange(timed);
    if (cut !== undefined && cut === this.#cut) this.#pass(cut, timed);
  }

  /** Ends the last fragment. */
  flush(): void {
    this.#release(Number.POSITIVE_INFINITY);
    while (this.#cut !== undefined) this.#resolve(this.#cut);
    this.#endFragment();
  }

  #ticks(milliseconds: number): number {
    return Math.round((milliseconds * 1_000_000) / this.#options.timecodeScaleNs);
  }

  /** Lets no track run ahead of the key track, unless that stays away. */
  #arrange(timed: Timed): void {
    const { frame, tick } = timed;
    if (frame.track === this.#options.keyTrack) {
      this.#reached = Math.max(this.#reached, tick);
      this.#release(this.#reached);
    } else if (tick - this.#reached >= this.#holdTicks) {
      this.#release(Number.POSITIVE_INFINITY);
    } else if (tick >= this.#reached) {
      this.#ahead.push(timed);
      return;
    }
    this.#place(timed);
  }

  #release(before: number): void {
    if (this.#ahead.length === 0) return;
    const due = this.#ahead.filter(({ tick }) => tick < before);
    this.#ahead = this.#ahead.filter(({ tick }) => tick >= before);
    for (const timed of due) this.#place(timed);
  }

  #place(timed: Timed): void {
    const fragment = this.#fragment;
    if (fragment === undefined) {
      this.#begin(timed.tick, timed);
    } else if (this.#cut !== undefined) {
      this.#placeNearCut(fragment, this.#cut, timed);
    } else {
      this.#cut = this.#cutBefore(fragment, timed);
      if (this.#cut === undefined) this.#add(fragment, timed);
    }
  }

  /** The cut that this frame asks for, by its being a key frame or by the fragment's bounds. */
  #cutBefore(fragment: Fragment, timed: Timed): Cut | undefined {
    const { frame, tick } = timed;
    const { keyTrack, tracks, maxFragmentBytes } = this.#options;
    if (tick <= fragment.latest) return undefined;
    const age = tick - fragment.start;
    const forced = age >= this.#maxTicks || fragment.bytes >= maxFragmentBytes;
    const isComplete = fragment.tracks.size === tracks.length;
    if (!forced && !(frame.track === keyTrack && frame.keyframe && isComplete && age >= this.#minTicks))
      return undefined;
    return { asked: tick, at: tick, waiting: [timed], missing: new Set(tracks), forced };
  }

  #placeNearCut(fragment: Fragment, cut: Cut, timed: Timed): void {
    const { frame, tick } = timed;
    if (tick < cut.at && frame.track !== this.#options.keyTrack) {
      this.#add(fragment, timed);
      return;
    }
    cut.waiting.push(timed);
    cut.at = Math.min(cut.at, tick);
    if (cut.at <= fragment.latest) this.#cancel(fragment, cut);
  }

  #pass(cut: Cut, { frame, tick }: Timed): void {
    if (tick >= cut.asked) cut.missing.delete(frame.track);
    if (cut.missing.size === 0 || tick - cut.asked >= this.#holdTicks) this.#resolve(cut);
  }

  /** Every track has come so far, or one stays away: then the fragment goes on as long as it may, so that none lacks a track. */
  #resolve(cut: Cut): void {
    if (cut.missing.size === 0 || cut.forced) this.#commit(cut);
    else this.#cancel(this.#fragment!, cut);
  }

  /** The media cannot be cut there: what follows in decoding order precedes it in time. */
  #cancel(fragment: Fragment, cut: Cut): void {
    this.#cut = undefined;
    for (const timed of cut.waiting) this.#add(fragment, timed);
  }

  #commit(cut: Cut): void {
    this.#cut = undefined;
    this.#endFragment();
    const [first, ...rest] = cut.waiting;
    this.#begin(cut.at, first!);
    for (const timed of rest) this.#place(timed);
  }

  #begin(start: number, timed: Timed): void {
    if (start <= this.#previous || start < 0) {
      this.droppedFrames++;
      return;
    }
    this.#fragment = { start, latest: start, bytes: 0, tracks: new Set() };
    this.#sink.begin(start);
    this.#add(this.#fragment, timed);
  }

  #add(fragment: Fragment, { frame, tick }: Timed): void {
    const relative = tick - fragment.start;
    if (relative < -MAX_RELATIVE_TICKS || relative > MAX_RELATIVE_TICKS || tick <= this.#previous) {
      this.droppedFrames++;
      return;
    }
    fragment.latest = Math.max(fragment.latest, tick);
    fragment.bytes += frame.data.length;
    fragment.tracks.add(frame.track);
    this.#sink.frame(frame, relative);
  }

  #endFragment(): void {
    if (this.#fragment === undefined) return;
    this.#sink.end();
    this.#previous = this.#fragment.latest;
    this.#fragment = undefined;
  }
}
