import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import type { Metrics } from "../events/metrics.ts";
import type { FragmentArchive, StoredFragment } from "../fragments/archive.ts";
import type { FragmentPoints } from "../fragments/fragment-points.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import type { Stream } from "../streams/stream.ts";
import { Clip, explain } from "./clip.ts";
import { findFragments } from "./find-fragments.ts";
import type { ClipLimits } from "./limits.ts";
import { planClip } from "./plan.ts";
import { type ClipRange, checkRange } from "./range.ts";
import { readSetUps } from "./set-ups.ts";

/**
 * So much of a clip is measured before its answer begins, in some 20 ms where it is read for that: a frame in it that is none is an error that says
 * so, where later it can only cut the answer off.
 */
const CHECKED_BYTES = 16 * 2 ** 20;
/** Clips that are read for their tables at once: nobody is waited for there, so it is all disk and processor, and some memory. */
const CONCURRENT_MEASURES = 4;
/** Latest moment that is asked for: in the year 10889. */
const MAX_TIME = 2 ** 48 - 1;

/** What clips are made of. */
export interface ClipsOptions {
  readonly index: FragmentIndex;
  readonly archive: FragmentArchive;
  readonly metrics: Metrics;
  readonly points: FragmentPoints;
  readonly limits: ClipLimits;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Makes clips: MP4 files of what is archived, sent while they are made. */
export class Clips {
  readonly #options: ClipsOptions;
  readonly #beginning = new Semaphore(CONCURRENT_MEASURES);
  readonly #measuring = new Semaphore(CONCURRENT_MEASURES);
  #active = 0;

  constructor(options: ClipsOptions) {
    this.#options = options;
  }

  /** Clips in the making. */
  get active(): number {
    return this.#active;
  }

  /**
   * Begins a clip of the fragments of a range; resolves to the bytes of the file, which throw where it cannot be completed.
   *
   * @param signal aborted when the client goes away
   * @throws DomainError `invalid-argument`, `no-data-retention`, `not-found`, `client-limit`, `unsupported-media`, `missing-codec-data`,
   *   `invalid-codec-data`, `invalid-media-frame`, `stream-not-found`; what reading the archive throws
   */
  async make(stream: Stream, range: ClipRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { limits, now = Date.now, metrics } = this.#options;
    const { beginsBeforeHorizon, maxConcurrent } = limits;
    if (!stream.archives) {
      throw new DomainError("no-data-retention", "The stream keeps no data: its retention period is 0.");
    }
    checkRange(range, { now: now(), horizon: stream.horizon(), beginsBeforeHorizon });
    if (this.#active >= maxConcurrent) {
      throw new DomainError("client-limit", `${maxConcurrent} clips are being sent, as many as are allowed.`);
    }
    metrics.of(stream.name).getClip.requests++;
    const leave = this.#enter();
    try {
      const clip = await this.#beginning.run(() => this.#begin(stream, bounded(range), signal));
      // Whoever leaves before the first byte is asked for never starts the iteration.
      const end = (): void => {
        leave();
        void clip.close();
      };
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      return this.#send(stream, clip, leave);
    } catch (error) {
      leave();
      throw stream.explain(error);
    }
  }

  #enter(): () => void {
    this.#active++;
    let inside = true;
    return () => {
      if (inside) this.#active--;
      inside = false;
    };
  }

  async #begin(stream: Stream, range: ClipRange, signal: AbortSignal): Promise<Clip> {
    const { index, archive, limits, points } = this.#options;
    const plan = planClip(await findFragments({ stream, index }, range, limits));
    points.spendMetadata(stream, plan.length);
    points.spendMedia(stream, plan.length);
    const check = (): void => {
      signal.throwIfAborted();
      stream.signal.throwIfAborted();
    };
    const open = (row: FragmentRow): Promise<StoredFragment> => archive.open(stream, row);
    const setUps = await readSetUps(plan, { open, explain, awsCodecs: limits.awsCodecs });
    const clip = new Clip({ archive, owner: stream, plan, setUps, check });
    try {
      await clip.measure(CHECKED_BYTES);
      return clip;
    } catch (error) {
      await clip.close();
      throw error;
    }
  }

  async *#send(stream: Stream, clip: Clip, leave: () => void): AsyncGenerator<Uint8Array, void> {
    const metrics = this.#options.metrics.of(stream.name).getClip;
    try {
      yield clip.fileType();
      await this.#measuring.run(() => clip.measure(Number.POSITIVE_INFINITY));
      for await (const bytes of clip.rest()) {
        metrics.outgoingBytes += bytes.length;
        yield bytes;
      }
    } catch (error) {
      metrics.connectionErrors++;
      throw error;
    } finally {
      leave();
      await clip.close();
    }
  }
}

const bounded = ({ clock, from, to }: ClipRange): ClipRange => ({
  clock,
  from: Math.min(Math.max(0, from), MAX_TIME),
  to: Math.min(Math.max(0, to), MAX_TIME),
});
