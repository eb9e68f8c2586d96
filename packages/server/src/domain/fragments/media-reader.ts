import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { Admission } from "../admission.ts";
import type { Tell } from "../events/events.ts";
import type { Metrics } from "../events/metrics.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import type { Stream } from "../streams/stream.ts";
import type { FragmentArchive } from "./archive.ts";
import { FragmentList } from "./fragment-list.ts";
import type { FragmentPoints } from "./fragment-points.ts";
import { MediaRead } from "./media-read.ts";
import { Pace, paced } from "./pace.ts";
import type { ReaderLimits } from "./reader-limits.ts";
import type { StartSelector } from "./start-selector.ts";

/** What reading is made of. */
export interface MediaReaderOptions {
  readonly index: FragmentIndex;
  readonly archive: FragmentArchive;
  readonly live: LiveStreams;
  readonly metrics: Metrics;
  readonly limits: ReaderLimits;
  readonly points: FragmentPoints;
  /** Called with failures that are the server's own. */
  readonly report: (error: unknown) => void;
  readonly tell?: Tell;
  readonly now?: () => number;
}

/** A reader that loses media may lose some with every fragment; one line a second for each stream is enough to see it. */
const LOSS_INTERVAL_MS = 1000;

/** Serves GetMedia and GetMediaForFragmentList: admits readers within the limits, and ends them when their stream or the server does. */
export class MediaReader {
  readonly #options: MediaReaderOptions;
  readonly #now: () => number;
  readonly #reads: Admission;
  readonly #lists: Admission;
  readonly #stops = new Set<() => void>();
  /** Skips of each stream that have not been told yet. */
  readonly #losses = new Map<string, number>();
  #stopped = false;

  constructor(options: MediaReaderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { maxReaders, maxListReaders, callsPerSecond } = options.limits;
    this.#reads = new Admission({ operation: "GetMedia", maxConcurrent: maxReaders, callsPerSecond, waitMs: 0 });
    this.#lists = new Admission({
      operation: "GetMediaForFragmentList",
      maxConcurrent: maxListReaders,
      callsPerSecond: Number.POSITIVE_INFINITY,
      waitMs: 0,
    });
  }

  /**
   * Begins to read a stream; the bytes of the response are what it resolves to. Rejects with DomainError `connection-limit` or
   * `client-limit`.
   *
   * @param signal aborted when the client goes away
   */
  async read(stream: Stream, selector: StartSelector, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const leave = await this.#reads.enter(stream.id);
    // Whoever leaves before the first byte is asked for never starts the iteration.
    signal.addEventListener("abort", leave);
    this.#options.metrics.of(stream.name).getMedia.requests++;
    return this.#run(stream, selector, signal, leave);
  }

  /**
   * The same for the fragments of the given numbers, in their order. Rejects with DomainError `connection-limit`, or `client-limit` where the
   * stream's points for media are used up.
   */
  async readList(stream: Stream, numbers: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { index, archive, report, points } = this.#options;
    const leave = await this.#lists.enter(stream.id);
    try {
      points.spendMedia(stream, numbers.length);
    } catch (error) {
      leave();
      throw error;
    }
    signal.addEventListener("abort", leave);
    const metrics = this.#options.metrics.of(stream.name).getMediaForFragmentList;
    metrics.requests++;
    const chunks = new FragmentList({ stream, index, archive, metrics, report }).chunks(numbers, leave);
    const pace = this.#newPace();
    if (pace === undefined) return chunks;
    signal.addEventListener("abort", () => pace.stop());
    return paced(chunks, pace);
  }

  /** Ends every GetMedia at its next frame boundary, and those that begin later at once. */
  stop(): void {
    this.#stopped = true;
    for (const stop of this.#stops) stop();
  }

  async *#run(
    stream: Stream,
    selector: StartSelector,
    signal: AbortSignal,
    leave: () => void,
  ): AsyncGenerator<Uint8Array, void> {
    const { index, archive, limits, report, live: lives } = this.#options;
    const metrics = this.#options.metrics.of(stream.name).getMedia;
    const live = lives.acquireForReading(stream);
    const { staleMs } = lives.limits;
    const skipped = (): void => {
      metrics.skips++;
      this.#noteLoss(stream.name);
    };
    const now = this.#now;
    const pace = this.#newPace();
    const read = new MediaRead({ stream, live, index, archive, limits, pace, metrics, staleMs, report, skipped, now });
    const stop = (): void => read.stop();
    if (this.#stopped || signal.aborted || stream.signal.aborted) stop();
    this.#stops.add(stop);
    signal.addEventListener("abort", stop);
    stream.signal.addEventListener("abort", stop);
    try {
      const chunks = read.chunks(selector);
      yield* pace === undefined ? chunks : paced(chunks, pace);
    } catch (error) {
      metrics.connectionErrors++;
      throw error;
    } finally {
      stream.signal.removeEventListener("abort", stop);
      this.#stops.delete(stop);
      lives.releaseFromReading(live);
      leave();
    }
  }

  #newPace(): Pace | undefined {
    const { bytesPerSecond, fragmentsPerSecond } = this.#options.limits;
    const isBounded = Math.min(bytesPerSecond, fragmentsPerSecond) < Number.POSITIVE_INFINITY;
    return isBounded ? new Pace(this.#options.limits, this.#now) : undefined;
  }

  #noteLoss(stream: string): void {
    const { tell } = this.#options;
    if (tell === undefined) return;
    const known = this.#losses.get(stream);
    this.#losses.set(stream, (known ?? 0) + 1);
    if (known !== undefined) return;
    const tellAll = (): void => {
      tell("readers lost media", { stream, skips: this.#losses.get(stream)! });
      this.#losses.delete(stream);
    };
    setTimeout(tellAll, LOSS_INTERVAL_MS).unref();
  }
}
