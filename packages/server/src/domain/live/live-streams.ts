import { DEFAULT_LIVE_LIMITS, type LiveLimits, LiveMemory } from "./live-memory.ts";
import { type LiveOwner, LiveStream } from "./live-stream.ts";
import { Ticker } from "./ticker.ts";

/** How often waiting readers look at the clock, in milliseconds: the grain of their end-of-stream and stale-fragment limits. */
const WAKE_INTERVAL_MS = 250;

/** The live part of every stream that somebody writes or reads, or whose buffer is not empty. */
export class LiveStreams {
  readonly limits: LiveLimits;
  readonly memory: LiveMemory;
  readonly #streams = new Map<number, LiveStream>();
  readonly #ticker = new Ticker(WAKE_INTERVAL_MS);
  readonly #tick = (): void => this.#wakeReaders();

  constructor(limits: LiveLimits = DEFAULT_LIVE_LIMITS) {
    this.limits = limits;
    this.memory = new LiveMemory(limits.totalBytes);
  }

  /** The live part of a stream, for a session or a reader; give it back with {@link release}. */
  acquire(owner: LiveOwner): LiveStream {
    let live = this.#streams.get(owner.id);
    if (live === undefined) {
      live = new LiveStream(owner, this.limits, this.memory);
      this.#streams.set(owner.id, live);
    }
    live.users++;
    return live;
  }

  release(live: LiveStream): void {
    live.users--;
    this.#forgetUnused(live);
  }

  /** As {@link acquire}, for a reader, which is woken now and then to look at the clock. */
  acquireForReading(owner: LiveOwner): LiveStream {
    const live = this.acquire(owner);
    live.readers++;
    this.#ticker.add(this.#tick);
    return live;
  }

  releaseFromReading(live: LiveStream): void {
    live.readers--;
    this.release(live);
  }

  /** Forgets what streams without retention may no longer keep; called from time to time. */
  sweep(now: number): void {
    for (const live of this.#streams.values()) {
      live.evict(now);
      this.#forgetUnused(live);
    }
  }

  #forgetUnused(live: LiveStream): void {
    if (live.users > 0 || !live.empty) return;
    live.close();
    if (this.#streams.get(live.streamId) === live) this.#streams.delete(live.streamId);
  }

  #wakeReaders(): void {
    let readers = 0;
    for (const live of this.#streams.values()) {
      readers += live.readers;
      if (live.readers > 0) live.wake();
    }
    if (readers === 0) this.#ticker.delete(this.#tick);
  }
}
