import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { Journal } from "../../storage/ports/journal.ts";
import type { Tell } from "../events/events.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import type { StreamRegistry } from "../streams/registry.ts";
import { sweepHorizon } from "../streams/retention.ts";

/** Rows removed in one step; between steps the event loop serves others. One step takes some milliseconds. */
const BATCH_ROWS = 1000;

/** What a sweep needs. */
export interface RetentionSweepOptions {
  readonly streams: StreamRegistry;
  readonly index: FragmentIndex;
  readonly journal: Journal;
  readonly live: LiveStreams;
  /** Milliseconds from the end of one sweep to the start of the next. */
  readonly intervalMs: number;
  /** Called with what made a sweep fail; the next one tries again. */
  readonly report: (error: unknown) => void;
  readonly tell?: Tell;
  readonly now?: () => number;
}

/** What one sweep did. */
export interface SweepSummary {
  /** Rows of fragments that had outlived their stream's retention. */
  readonly expired: number;
  /** Rows of streams that no longer exist. */
  readonly purged: number;
  /** Journal bytes given back. */
  readonly freedBytes: number;
}

/**
 * Forgets what nobody may read any more: fragments beyond their stream's retention, fragments of deleted streams, and then the journal
 * segments that hold nothing else. Readers never see expired fragments, swept or not: the sweep only gives space back.
 */
export class RetentionSweep {
  readonly #options: RetentionSweepOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;
  /** What has expired since it was told the last time that space was given back; the streams by their ids. */
  #untold = { streams: new Set<number>(), fragments: 0, deleted: 0 };

  constructor(options: RetentionSweepOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Sweeps from now on, again and again. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.sweep()
        .catch(this.#options.report)
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    }, this.#options.intervalMs).unref();
  }

  /** Resolves when the sweep in progress, if any, has ended; no other begins. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One sweep. Rejects where the index or the journal cannot be written. */
  async sweep(): Promise<SweepSummary> {
    const { live, journal } = this.#options;
    live.sweep(this.#now());
    const expired = await this.#expire();
    const purged = await this.#purge();
    let freedBytes = 0;
    for (let more = true; more && !this.#stopped; ) {
      const collected = await journal.collect();
      freedBytes += collected.freedBytes;
      more = collected.more;
    }
    this.#untold.fragments += expired;
    this.#untold.deleted += purged;
    if (freedBytes > 0) this.#tellFreed(freedBytes);
    return { expired, purged, freedBytes };
  }

  #tellFreed(bytes: number): void {
    const { streams, fragments, deleted } = this.#untold;
    this.#untold = { streams: new Set(), fragments: 0, deleted: 0 };
    this.#options.tell?.("retention sweep", { streams: streams.size, fragments, deleted, bytes });
  }

  async #expire(): Promise<number> {
    const { streams, index } = this.#options;
    let expired = 0;
    for await (const record of streams.records()) {
      const horizon = sweepHorizon(record, this.#now());
      const count = await this.#inBatches(() => index.expire(record.id, horizon, BATCH_ROWS));
      if (count > 0) this.#untold.streams.add(record.id);
      expired += count;
      if (this.#stopped) break;
    }
    return expired;
  }

  async #purge(): Promise<number> {
    const exists = await this.#options.streams.existing();
    return this.#inBatches(() => this.#options.index.purge(exists, BATCH_ROWS));
  }

  async #inBatches(step: () => Promise<number>): Promise<number> {
    let total = 0;
    for (let count = BATCH_ROWS; count === BATCH_ROWS && !this.#stopped; ) {
      count = await step();
      total += count;
    }
    return total;
  }
}
