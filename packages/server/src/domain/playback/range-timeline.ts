import { setImmediate as nextTurn } from "node:timers/promises";
import type { LostSegments } from "./lost-segments.ts";
import type { Segment } from "./segment.ts";
import { LeftSegments, SegmentList, type Segments } from "./segment-list.ts";
import type { SegmentSource } from "./segment-source.ts";
import { newListId, type PlaylistWindow, type SessionTimeline } from "./timeline.ts";

/**
 * Segments of a range that are shown at most: 24 hours of fragments of half a second. Their list takes 12 MB, and a playlist of them 25 MB; a
 * stream whose every frame is a fragment would have twenty times as many.
 */
export const MOST_SEGMENTS = 172_800;

/** What an ON_DEMAND session shows of its range. */
export interface RangeRules {
  readonly maxSegments: number | undefined;
  /** Milliseconds since the epoch: what arrived before has expired. Never goes back. */
  readonly horizon: () => number;
  readonly lost: LostSegments;
}

/** The segments of an archived range, all of them at once, but for what has expired since they were read, or is lost. */
export class RangeTimeline implements SessionTimeline {
  readonly #source: SegmentSource;
  readonly #rules: RangeRules;
  readonly #list = new SegmentList();
  #longest = 0;
  #startClean = true;
  #window: PlaylistWindow | undefined;
  #expired = 0;
  /** `LostSegments.version` of the window. */
  #lostVersion = 0;
  #reading: Promise<void> | undefined;

  constructor(source: SegmentSource, rules: RangeRules) {
    this.#source = source;
    this.#rules = rules;
  }

  /** Bytes that its segments take. */
  get bytes(): number {
    return this.#list.bytes;
  }

  async window(now: number): Promise<PlaylistWindow> {
    this.#reading ??= this.#read(now).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    this.#window ??= this.#show(this.#list, this.#list.oldest);
    const horizon = this.#rules.horizon();
    if (horizon > this.#list.oldest || this.#rules.lost.version !== this.#lostVersion) this.#thin(horizon);
    return this.#window;
  }

  find(number: number): Segment | undefined {
    const first = this.#list.at(0);
    return first === undefined || number < first.number ? undefined : this.#list.at(number - first.number);
  }

  async #read(now: number): Promise<void> {
    const { maxSegments = MOST_SEGMENTS } = this.#rules;
    while (!this.#source.ended && this.#list.length < maxSegments) {
      for (const segment of await this.#source.next(now)) {
        if (this.#list.length === maxSegments) break;
        this.#list.push(segment);
        this.#longest = Math.max(this.#longest, segment.duration);
        this.#startClean &&= segment.startsClean;
      }
      // The rows of a day keep the processor busy for longer than producers and other viewers should wait.
      await nextTurn();
    }
    if (this.#window === undefined) this.#list.finish();
  }

  #thin(horizon: number): void {
    const { lost } = this.#rules;
    const { count, firstLeft, oldestLeft } = this.#list.expired(horizon);
    if (count === this.#expired && lost.version === this.#lostVersion) return;
    this.#expired = count;
    this.#lostVersion = lost.version;
    this.#window = this.#show(new LeftSegments(this.#list, firstLeft, horizon, lost), oldestLeft);
  }

  #show(segments: Segments, oldest: number): PlaylistWindow {
    const [longest, startClean] = [this.#longest, this.#startClean];
    return { segments, ended: true, longest, startClean, oldest, list: newListId() };
  }
}
