import type { KeyObject } from "node:crypto";
import { type Journal, MAX_PARTS, retentionClassOf } from "../../storage/ports/journal.ts";
import { DomainError } from "../errors.ts";
import type { Metrics } from "../events/metrics.ts";
import type { DataKeys } from "../keys/data-keys.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import { Ticker } from "../live/ticker.ts";
import type { Stream } from "../streams/stream.ts";
import { IngestError } from "./ingest-error.ts";
import { IngestSession } from "./ingest-session.ts";
import type { IngestLimits } from "./limits.ts";
import { PART_BYTES } from "./open-fragment.ts";
import type { ProducerClock } from "./producer-clock.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How often sessions look at the clock, in milliseconds; shorter where the idle limits are. */
const TICK_MS = 1000;
/**
 * A producer that rotates its connection opens the new one while the old one is ending. So a call above the limit waits this long for an
 * older session to end before it is refused, in milliseconds.
 */
const HAND_OVER_MS = 2000;
/** Calls that wait so for one stream; beyond it they are refused at once. */
const MAX_WAITING_CALLS = 16;

/** A stream without sessions is forgotten after this time, when its rate of calls has recovered. In milliseconds. */
const CALL_MEMORY_MS = 1000;

/** What ingest is made of. */
export interface IngestOptions {
  readonly journal: Journal;
  readonly keys: DataKeys;
  readonly live: LiveStreams;
  readonly metrics: Metrics;
  readonly limits: IngestLimits;
  /** Called with failures that are the server's own. */
  readonly report: (error: unknown) => void;
  readonly now?: () => number;
}

/** The sessions of one stream. */
class StreamSessions {
  readonly sessions = new Set<IngestSession>();
  readonly calls: TokenBucket;
  waiting = 0;
  #vacancy: PromiseWithResolvers<void> | undefined;

  constructor(callsPerSecond: number, now: number) {
    this.calls = new TokenBucket(callsPerSecond, now);
  }

  get unused(): boolean {
    return this.sessions.size === 0 && this.waiting === 0;
  }

  delete(session: IngestSession): void {
    this.sessions.delete(session);
    this.#vacancy?.resolve();
    this.#vacancy = undefined;
  }

  /** Resolves when a session has ended, or after `ms`. */
  async vacancy(ms: number): Promise<void> {
    this.#vacancy ??= Promise.withResolvers<void>();
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, ms);
    await Promise.race([this.#vacancy.promise, timer.promise]);
    clearTimeout(timeout);
  }
}

/** Takes PutMedia sessions: admits them within the limits, keeps their clocks, and ends them when their stream or the server does. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #limits: IngestLimits;
  readonly #now: () => number;
  readonly #streams = new Map<number, StreamSessions>();
  readonly #ticker: Ticker;
  #draining = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { limits } = options;
    // A fragment has at most MAX_PARTS parts, whatever the option says.
    this.#limits = { ...limits, maxFragmentBytes: Math.min(limits.maxFragmentBytes, (MAX_PARTS - 1) * PART_BYTES) };
    this.#ticker = new Ticker(Math.min(TICK_MS, Math.max(10, Math.min(limits.idleAckMs, limits.idleCloseMs) / 4)));
  }

  /** Sessions that have not ended. */
  get sessions(): number {
    let count = 0;
    for (const { sessions } of this.#streams.values()) count += sessions.size;
    return count;
  }

  /**
   * Opens a session on a stream. Rejects with DomainError `connection-limit` or `client-limit` where the stream has too many sessions or
   * calls, `stream-not-found` where the stream is deleted meanwhile. Where the server is stopping or the stream's key cannot be had, the
   * session is ended at once by an ERROR acknowledgement.
   */
  async open(stream: Stream, clock: ProducerClock): Promise<IngestSession> {
    const admitted = this.#sessionsOf(stream.id);
    if (!admitted.calls.tryTake(this.#now())) {
      throw new DomainError(
        "client-limit",
        `More than ${this.#limits.callsPerSecond} PutMedia calls a second on the stream.`,
      );
    }
    await this.#admit(admitted);
    const [sequence, key] = await Promise.all([stream.beginConnection(), this.#keyOf(stream)]);
    await this.#admit(admitted);
    stream.signal.throwIfAborted();
    const session = this.#start(stream, clock, sequence, key, admitted);
    if (key === undefined && stream.archives) {
      session.fail(new IngestError("KMS_KEY_UNAVAILABLE", "the stream's data key cannot be unwrapped"));
    }
    if (this.#draining) session.drain();
    return session;
  }

  /**
   * Ends every session: each when its fragment in progress does, and after `graceMs` with an ERROR acknowledgement. Resolves when all have
   * ended and what they received is durable or refused.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#drained ??= Promise.withResolvers<void>();
    for (const session of this.#all()) session.drain();
    this.#settleDrain();
    const timer = setTimeout(() => {
      const error = new IngestError("INTERNAL_ERROR", "the server is stopping; send the fragment again");
      for (const session of this.#all()) session.fail(error);
    }, graceMs);
    await this.#drained.promise;
    clearTimeout(timer);
  }

  #start(
    stream: Stream,
    clock: ProducerClock,
    sequence: Awaited<ReturnType<Stream["beginConnection"]>>,
    key: KeyObject | undefined,
    admitted: StreamSessions,
  ): IngestSession {
    const { journal, metrics, report, live: lives } = this.#options;
    const live = lives.acquire(stream);
    const counters = metrics.of(stream.name).putMedia;
    const tick = (now: number): void => session.tick(now);
    const deleted = (): void => {
      session.fail(new IngestError("STREAM_NOT_ACTIVE", "the stream was deleted"), true);
    };
    const session = new IngestSession({
      live,
      sequence,
      clock,
      limits: this.#limits,
      metrics: counters,
      now: this.#now,
      report,
      target: () => {
        if (!stream.archives || key === undefined) return undefined;
        return { journal, key, retentionClass: retentionClassOf(stream.record.retentionHours) };
      },
      ended: () => {
        stream.signal.removeEventListener("abort", deleted);
        this.#ticker.delete(tick);
        counters.activeConnections--;
        lives.release(live);
        this.#leave(stream.id, admitted, session);
      },
    });
    counters.requests++;
    counters.activeConnections++;
    admitted.sessions.add(session);
    this.#ticker.add(tick);
    stream.signal.addEventListener("abort", deleted);
    return session;
  }

  /** Waits a little for room among the sessions of a stream, as a hand-over between two connections needs. */
  async #admit(admitted: StreamSessions): Promise<void> {
    const { maxSessions } = this.#limits;
    const deadline = this.#now() + HAND_OVER_MS;
    while (admitted.sessions.size >= maxSessions) {
      const left = deadline - this.#now();
      if (left <= 0 || admitted.waiting >= MAX_WAITING_CALLS) {
        throw new DomainError(
          "connection-limit",
          `The stream has ${maxSessions} PutMedia connections, as many as are allowed.`,
        );
      }
      admitted.waiting++;
      await admitted.vacancy(left);
      admitted.waiting--;
    }
  }

  #sessionsOf(streamId: number): StreamSessions {
    let sessions = this.#streams.get(streamId);
    if (sessions === undefined) {
      sessions = new StreamSessions(this.#limits.callsPerSecond, this.#now());
      this.#streams.set(streamId, sessions);
    }
    return sessions;
  }

  async #keyOf(stream: Stream): Promise<KeyObject | undefined> {
    try {
      return await this.#options.keys.get(stream);
    } catch (error) {
      this.#options.report(error);
      return undefined;
    }
  }

  #leave(streamId: number, admitted: StreamSessions, session: IngestSession): void {
    admitted.delete(session);
    if (admitted.unused) setTimeout(() => this.#forget(streamId, admitted), CALL_MEMORY_MS).unref();
    this.#settleDrain();
  }

  #forget(streamId: number, admitted: StreamSessions): void {
    if (admitted.unused && this.#streams.get(streamId) === admitted) this.#streams.delete(streamId);
  }

  *#all(): Generator<IngestSession> {
    for (const { sessions } of [...this.#streams.values()]) yield* [...sessions];
  }

  #settleDrain(): void {
    if (this.#drained !== undefined && this.sessions === 0) this.#drained.resolve();
  }
}
