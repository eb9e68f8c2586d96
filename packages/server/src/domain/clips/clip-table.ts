import {
  layOutFrames,
  MAX_PROGRESSIVE_SAMPLES,
  ProgressiveLayout,
  type Sample,
  type TimedFrame,
  VIDEO_TIMESCALE,
} from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import { FrameSum, totalBytes } from "./frames.ts";
import type { FrameMeasure, MeasuredFrames } from "./measure.ts";
import type { PlannedFragment } from "./plan.ts";
import type { SetUps } from "./set-ups.ts";
import type { ClipTrack } from "./tracks.ts";

/**
 * Frames are laid out together up to the next fragment that a key frame begins, or up to this many bytes: streams whose pictures are refreshed
 * bit by bit have no further key frame, and the times of what is laid out together are held in memory.
 */
const MAX_WINDOW_BYTES = 16 * 2 ** 20;
/** A producer's clock and the timecodes of its Clusters differ by rounding only. */
const SAME_CLOCK_US = 1500;
const US_PER_MS = 1000;

/** So many frames of one track, one behind the other. */
interface Run {
  readonly slot: number;
  readonly count: number;
}

/** Learns where each frame of a clip will stand and when it is shown, from the frames in the order of the file. */
export class ClipTable {
  readonly layout: ProgressiveLayout;
  readonly #setUps: SetUps;
  readonly #tracks: readonly ClipTrack[];
  /** Those of the fragments in progress, with the codec data that these have. */
  #described: readonly ClipTrack[];
  /** What the frames of each fragment amount to, so far. */
  readonly sums: FrameSum[] = [];
  /** The frames that have not been laid out yet, by track, and the order of all. */
  #window: TimedFrame<FrameMeasure>[][];
  #order: Run[] = [];
  #windowBytes = 0;
  /** From a fragment's own timestamps to those of the clip, in microseconds. */
  #offsetUs = 0;
  #last: { readonly clusterUs: number; readonly producerTimestamp: number } | undefined;

  constructor(setUps: SetUps) {
    const tracks = setUps.first;
    this.#setUps = setUps;
    this.#tracks = tracks;
    this.#described = tracks;
    this.#window = tracks.map(() => []);
    this.layout = new ProgressiveLayout(
      tracks.map(({ id, codec, track: { language, name } }) => ({
        id,
        codec,
        timescale: codec.kind === "video" ? VIDEO_TIMESCALE : codec.sampleRate,
        language,
        ...(name === undefined ? {} : { name }),
      })),
    );
  }

  /** Begins with the next fragment, whose Cluster has this timestamp. */
  beginFragment({ row, position, continues }: PlannedFragment, clusterUs: number): void {
    if (row.startsClean) this.#layOut();
    this.#describe(row);
    const { producerTimestamp } = row;
    const last = this.#last;
    this.#last = { clusterUs, producerTimestamp };
    this.sums.push(new FrameSum());
    // Within a session timecodes are finer than the milliseconds of the producer timestamp.
    const byTimecode = clusterUs - (last?.clusterUs ?? 0);
    const byClock = (producerTimestamp - (last?.producerTimestamp ?? 0)) * US_PER_MS;
    if (last !== undefined && continues && Math.abs(byTimecode - byClock) <= SAME_CLOCK_US) return;
    this.#offsetUs = position * US_PER_MS - clusterUs;
  }

  /** Has the frames from here on described as a fragment's are. */
  #describe({ configuration }: FragmentRow): void {
    const tracks = this.#setUps.byConfiguration.get(configuration);
    // Sound that comes before the first picture has the set-up of what follows.
    if (tracks === undefined || tracks === this.#described) return;
    this.#layOut();
    this.#described = tracks;
    for (const { id, codec } of tracks) this.layout.describe(id, codec);
  }

  /** Adds the frames of the fragment's next piece. Throws DomainError `invalid-argument` beyond what one file can hold. */
  add(frames: MeasuredFrames): void {
    this.sums.at(-1)!.add(frames);
    frames.forEach((measured, slot) => {
      if (measured.length === 0) return;
      for (const { data, timestampUs, durationUs, keyframe } of measured) {
        this.#window[slot]!.push({ data, timestampUs: timestampUs + this.#offsetUs, durationUs, keyframe });
      }
      this.#order.push({ slot, count: measured.length });
      this.#windowBytes += totalBytes(measured);
    });
    if (this.#windowBytes > MAX_WINDOW_BYTES) this.#layOut();
  }

  /** Everything of the file that precedes its frames, which all have been added. */
  head(): Uint8Array {
    this.#layOut();
    return this.layout.head();
  }

  #layOut(): void {
    const assembled = this.#tracks.map(({ track, codec }, slot) => {
      return layOutFrames(track, codec, this.#window[slot]!, ({ samples }) => samples);
    });
    const at = this.#tracks.map(() => 0);
    for (const { slot, count } of this.#order) {
      const from = at[slot]!;
      at[slot] = from + count;
      this.#place(this.#tracks[slot]!.id, assembled[slot]!.slice(from, from + count));
    }
    this.#window = this.#tracks.map(() => []);
    this.#order = [];
    this.#windowBytes = 0;
  }

  #place(id: number, samples: readonly Sample<FrameMeasure>[]): void {
    if (this.layout.sampleCount + samples.length > MAX_PROGRESSIVE_SAMPLES) {
      const message = `The range holds more than the ${MAX_PROGRESSIVE_SAMPLES} frames of one clip; ask for a shorter one.`;
      throw new DomainError("invalid-argument", message);
    }
    this.layout.addSamples(id, samples);
  }
}
