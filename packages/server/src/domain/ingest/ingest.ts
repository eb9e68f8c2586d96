import type { KeyObject } from "node:crypto";
import { type Journal, MAX_PARTS, retentionClassOf } from "../../storage/ports/journal.ts";
import { Admission } from "../admission.ts";
import type { Caller, Tell } from "../events/events.ts";
import type { Metrics } from "../events/metrics.ts";
import { PART_BYTES } from "../fragments/layout.ts";
import type { DataKeys } from "../keys/data-keys.ts";
import type { Sealer } from "../keys/sealer.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import { Ticker } from "../live/ticker.ts";
import type { FragmentSequence } from "../streams/sequences.ts";
import type { Stream } from "../streams/stream.ts";
import { IngestError } from "./ingest-error.ts";
import { IngestSession } from "./ingest-session.ts";
import type { IngestLimits } from "./limits.ts";
import type { ArchiveTarget } from "./open-fragment.ts";
import type { ProducerClock } from "./producer-clock.ts";
import type { SessionOutcome } from "./session-outcome.ts";

/** How often sessions look at the clock, in milliseconds; more often where the idle limits are shorter. */
const TICK_MS = 1000;
const MIN_TICK_MS = 10;
/**
 * A producer that rotates its connection opens the new one while the old one is ending. So a call above the limit waits this long for an
 * older session to end before it is refused, in milliseconds.
 */
const HAND_OVER_MS = 2000;

/** What ingest is made of. */
export interface IngestOptions {
  readonly journal: Journal;
  readonly keys: DataKeys;
  readonly sealer: Sealer;
  readonly live: LiveStreams;
  readonly metrics: Metrics;
  readonly limits: IngestLimits;
  /** Called with failures that are the server's own. */
  readonly report: (error: unknown) => void;
  readonly tell?: Tell;
  readonly now?: () => number;
}

/** What a session begins with. */
interface Beginning {
  readonly clock: ProducerClock;
  readonly sequence: FragmentSequence;
  readonly key: KeyObject | undefined;
  readonly caller: Caller | undefined;
  /** Gives the session's room to others. */
  readonly leave: () => void;
}

/** Takes PutMedia sessions: admits them within the limits, keeps their clocks, and ends them when their stream or the server does. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #limits: IngestLimits;
  readonly #now: () => number;
  readonly #admission: Admission;
  readonly #sessions = new Set<IngestSession>();
  readonly #ticker: Ticker;
  #draining = false;
  #drained: PromiseWithResolvers<void> | undefined;
  /** Streams that it has been told of that a track is silent. */
  readonly #silentStreams = new WeakSet<Stream>();

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { limits } = options;
    // A fragment has at most MAX_PARTS parts, whatever the option says.
    this.#limits = { ...limits, maxFragmentBytes: Math.min(limits.maxFragmentBytes, (MAX_PARTS - 1) * PART_BYTES) };
    this.#admission = new Admission({
      operation: "PutMedia",
      maxConcurrent: limits.maxSessions,
      callsPerSecond: limits.callsPerSecond,
      waitMs: HAND_OVER_MS,
    });
    const shortest = Math.min(limits.idleAckMs, limits.idleCloseMs) / 4;
    this.#ticker = new Ticker(Math.min(TICK_MS, Math.max(MIN_TICK_MS, shortest)));
  }

  /** Sessions that have not ended. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /**
   * Opens a session on a stream. Rejects with DomainError `connection-limit` or `client-limit` where the stream has too many sessions or
   * calls, `stream-not-found` where the stream is deleted meanwhile. Where the server is stopping or the stream's key cannot be had, the
   * session is ended at once by an ERROR acknowledgement.
   */
  async open(stream: Stream, clock: ProducerClock, caller?: Caller): Promise<IngestSession> {
    const leave = await this.#admission.enter(stream.id);
    try {
      const [sequence, key] = await Promise.all([stream.beginConnection(), this.#keyOf(stream)]);
      stream.signal.throwIfAborted();
      const session = this.#start(stream, { clock, sequence, key, caller, leave });
      if (key === undefined && stream.archives) {
        session.fail(new IngestError("KMS_KEY_UNAVAILABLE", "the stream's data key cannot be unwrapped"));
      }
      if (this.#draining) session.fail(serverStopping(), "drained");
      return session;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /**
   * Ends every session: each when its fragment in progress does, and after `graceMs` with an ERROR acknowledgement. Resolves when all have
   * ended and what they received is durable or refused.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#drained ??= Promise.withResolvers<void>();
    for (const session of [...this.#sessions]) session.drain();
    this.#settleDrain();
    const timer = setTimeout(() => {
      for (const session of [...this.#sessions]) session.fail(serverStopping(), "drained");
    }, graceMs);
    await this.#drained.promise;
    clearTimeout(timer);
  }

  #start(stream: Stream, { clock, sequence, key, caller, leave }: Beginning): IngestSession {
    const live = this.#options.live.acquire(stream);
    const metrics = this.#options.metrics.of(stream.name).putMedia;
    const tick = (now: number): void => session.tick(now);
    const deleted = (): void =>
      session.fail(new IngestError("STREAM_NOT_ACTIVE", "the stream was deleted"), "stream deleted");
    const ended = (outcome: SessionOutcome): void => {
      stream.signal.removeEventListener("abort", deleted);
      this.#ticker.delete(tick);
      this.#sessions.delete(session);
      metrics.activeConnections--;
      this.#options.live.release(live);
      leave();
      this.#options.tell?.("producer ended", { stream: stream.name, ...outcome, ...caller });
      this.#settleDrain();
    };
    const session = new IngestSession({
      live,
      sequence,
      receipts: stream.receipts,
      clock,
      limits: this.#limits,
      metrics,
      now: this.#now,
      report: this.#options.report,
      silent: (track) => this.#silent(stream, track),
      target: () => this.#targetOf(stream, key),
      horizon: () => stream.horizon(),
      ended,
    });
    metrics.requests++;
    metrics.activeConnections++;
    this.#sessions.add(session);
    this.#ticker.add(tick);
    stream.signal.addEventListener("abort", deleted);
    const { activeConnections: connections } = metrics;
    this.#options.tell?.("producer connected", { stream: stream.name, connections, ...caller });
    return session;
  }

  #silent(stream: Stream, track: number): void {
    this.#options.metrics.of(stream.name).putMedia.silentTracks++;
    if (this.#silentStreams.has(stream)) return;
    this.#silentStreams.add(stream);
    this.#options.tell?.("a track is silent for a fragment", { stream: stream.name, track });
  }

  #targetOf(stream: Stream, key: KeyObject | undefined): ArchiveTarget | undefined {
    if (!stream.archives || key === undefined) return undefined;
    const { journal, sealer } = this.#options;
    return { journal, key, sealer, retentionClass: retentionClassOf(stream.record.retentionHours) };
  }

  async #keyOf(stream: Stream): Promise<KeyObject | undefined> {
    try {
      return await this.#options.keys.get(stream);
    } catch (error) {
      this.#options.report(error);
      return undefined;
    }
  }

  #settleDrain(): void {
    if (this.#sessions.size === 0) this.#drained?.resolve();
  }
}

function serverStopping(): IngestError {
  return new IngestError("INTERNAL_ERROR", "the server is stopping; send the fragment again");
}
