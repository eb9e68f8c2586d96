import { setImmediate as turnEnd } from "node:timers/promises";
import { MatroskaError, MatroskaStreamReader } from "@kvass/media";
import { JournalUnavailable } from "../../storage/ports/journal.ts";
import type { PutMediaMetrics } from "../events/metrics.ts";
import type { LiveStream } from "../live/live-stream.ts";
import type { ReceiptClock } from "../streams/receipt-clock.ts";
import { type FragmentSequence, SequencesExhausted } from "../streams/sequences.ts";
import { TokenBucket } from "../token-bucket.ts";
import { type BlamedFragment, encodeError, encodeIdle, encodeProgress } from "./ack.ts";
import { AckStream } from "./ack-stream.ts";
import { FragmentFlow } from "./fragment-flow.ts";
import { IngestError } from "./ingest-error.ts";
import type { IngestLimits } from "./limits.ts";
import type { ArchiveTarget, OpenFragment } from "./open-fragment.ts";
import type { ProducerClock } from "./producer-clock.ts";
import { describeError, type EndReason, type SessionOutcome } from "./session-outcome.ts";

/** Bytes of complete fragments of one session that are not durable yet; beyond it the producer waits. Enough to keep a disk busy. */
const MAX_UNPERSISTED_BYTES = 8 * 2 ** 20;
/** The same in fragments: even a tiny one takes some kilobytes while it waits. */
const MAX_UNPERSISTED_FRAGMENTS = 500;
/** The same over all sessions, as the journal counts it. */
const MAX_JOURNAL_BACKLOG = 64 * 2 ** 20;
/** Acknowledgements that a producer has not read; beyond it the producer waits. Some 300 fragments. */
const MAX_QUEUED_ACKS = 1000;
/** A Cluster that is complete waits so long for Tags that may follow it, in milliseconds. */
const SETTLE_MS = 1000;

/**
 * First bytes of a SimpleBlock and of a BlockGroup (RFC 9559, section 5.1.3). The C producer library begins a body with one when the
 * connections before it failed in mid-fragment. It takes 4006 as the end of that fragment, but sends it again, whole, upon 5000.
 */
const BLOCK_IDS: ReadonlySet<number> = new Set([0xa3, 0xa0]);

/** What a session is made of. */
export interface SessionOptions {
  readonly live: LiveStream;
  readonly sequence: FragmentSequence;
  readonly receipts: ReceiptClock;
  readonly clock: ProducerClock;
  readonly limits: IngestLimits;
  readonly metrics: PutMediaMetrics;
  readonly target: () => ArchiveTarget | undefined;
  /** Fragments that were received before this moment (ms since the epoch) have expired. */
  readonly horizon: () => number;
  readonly now: () => number;
  /** Called once, when the session has ended and nothing of it is pending. */
  readonly ended: (outcome: SessionOutcome) => void;
  /** Called with failures that are the server's own. */
  readonly report: (error: unknown) => void;
  /** Called with the number of a track that had no frame in a whole fragment. */
  readonly silent: (track: number) => void;
}

/** A fragment that was received and is on its way to the disk. */
interface PendingFragment {
  readonly fragment: OpenFragment;
  readonly receivedAt: number;
  durable: boolean;
}

/**
 * - `running`: takes data
 * - `closing`: takes none, and waits for pending fragments to become durable
 * - `closed`: the acknowledgements have ended
 */
type SessionState = "running" | "closing" | "closed";

/**
 * One PutMedia request: bytes of a Matroska stream in, acknowledgements out, and in between every complete fragment archived
 * (AWS docs, "PutMedia"). PERSISTED leaves only when the journal says that the fragment is durable and visible.
 */
export class IngestSession {
  readonly acks = new AckStream();
  readonly #options: SessionOptions;
  readonly #flow: FragmentFlow;
  readonly #reader: MatroskaStreamReader;
  readonly #startedAt: number;
  #state: SessionState = "running";
  #draining = false;
  #fed = false;
  #lastDataAt: number;
  #lastIdleAt: number;
  /** Complete fragments in the order in which they are acknowledged. */
  readonly #pending: PendingFragment[] = [];
  #unpersisted = 0;
  /** What the next data must wait for. */
  #pushBack: Promise<void> | undefined;
  /** True while data waits for the server: the producer is not idle then. */
  #held = false;
  /** The last acknowledgement, sent when nothing before it is pending. */
  #lastAck: Uint8Array | undefined;
  #reason: EndReason = "end of body";
  /** That of the last acknowledgement, or how the connection was lost. */
  #problem: Partial<Pick<SessionOutcome, "errorId" | "errorCode" | "message">> = {};
  #fragments = 0;
  #persisted = 0;
  #bytes = 0;
  #byteRate: TokenBucket | undefined;
  #fragmentRate: TokenBucket | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#lastDataAt = this.#startedAt;
    this.#lastIdleAt = this.#startedAt;
    this.#flow = new FragmentFlow({
      live: options.live,
      sequence: options.sequence,
      receipts: options.receipts,
      clock: options.clock,
      limits: options.limits,
      metrics: options.metrics,
      target: options.target,
      now: options.now,
      begun: (fragment) => this.#begun(fragment),
      received: (fragment) => this.#received(fragment),
      silent: options.silent,
      pushBack: (accepted) => this.#waitFor(accepted),
    });
    this.#reader = new MatroskaStreamReader(this.#flow);
  }

  get state(): SessionState {
    return this.#state;
  }

  /**
   * Takes the next bytes of the body, of which it keeps no view. Where it returns a promise, the next call must wait for it (it never
   * rejects). Never throws: what is wrong with the bytes becomes an ERROR acknowledgement, and what follows is ignored.
   */
  feed(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#state !== "running" || chunk.length === 0) return undefined;
    const now = this.#options.now();
    if (!this.#fed && BLOCK_IDS.has(chunk[0]!)) {
      this.fail(
        new IngestError("INTERNAL_ERROR", "the body begins in the middle of a Cluster; send the fragment again"),
      );
      return undefined;
    }
    this.#fed = true;
    this.#lastDataAt = now;
    this.#bytes += chunk.length;
    this.#options.metrics.incomingBytes += chunk.length;
    this.#attempt(() => this.#reader.feed(chunk));
    this.#meter(chunk.length, now);
    return this.#takePushBack();
  }

  /** The body has ended as HTTP says it must: the fragment in progress is complete. */
  end(): void {
    if (this.#state !== "running") return;
    this.#attempt(() => {
      if (this.#fed) this.#reader.end();
      this.#flow.finish();
    });
    this.#close("end of body");
  }

  /**
   * The producer is gone. A fragment that had not arrived whole is given up; nobody reads acknowledgements any more.
   * @param message how it went, in words, if that is known
   */
  abort(message?: string): void {
    if (this.#state === "running") this.#options.metrics.connectionErrors++;
    this.#finishSettled();
    if (this.#state === "running" && message !== undefined) this.#problem = { message };
    this.#close("connection lost");
    void this.acks.return();
  }

  /** Looks at the clock: IDLE acknowledgements, idle and oldest connections. To be called about once a second. */
  tick(now: number): void {
    if (this.#state !== "running") return;
    const { limits } = this.#options;
    if (now - this.#startedAt >= limits.maxSessionMs) {
      const minutes = Math.round(limits.maxSessionMs / 60_000);
      this.fail(new IngestError("MAX_CONNECTION_DURATION_REACHED", `the connection is older than ${minutes} minutes`));
      return;
    }
    if (this.#held) this.#lastDataAt = now;
    const idle = now - this.#lastDataAt;
    if (idle >= SETTLE_MS) this.#finishSettled();
    if (idle >= limits.idleCloseMs) this.#close("idle");
    else if (idle >= limits.idleAckMs && now - this.#lastIdleAt >= limits.idleAckMs) {
      this.#lastIdleAt = now;
      this.acks.push(encodeIdle());
    }
  }

  /** Ends the session when the fragment in progress does, or now where there is none. */
  drain(): void {
    this.#draining = true;
    if (this.#flow.idle) this.#close("drained");
    else this.#finishSettled();
  }

  /**
   * Ends the session with an ERROR acknowledgement, after those of earlier fragments. Where the stream is deleted, before them: they are
   * still archived, and the producer will send them again.
   */
  fail(error: IngestError, reason: EndReason = "error"): void {
    if (this.#state === "closed") return;
    if (this.#lastAck === undefined) this.#setError(error, this.#flow.blamed);
    if (reason === "stream deleted") this.#pending.length = 0;
    this.#close(reason);
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      // Damage behind a whole Cluster is no fault of that fragment.
      if (error instanceof MatroskaError) this.#finishSettled();
      if (this.#state === "running") this.fail(this.#asIngestError(error));
    }
  }

  #asIngestError(error: unknown): IngestError {
    if (error instanceof IngestError) return error;
    if (error instanceof MatroskaError) return new IngestError("INVALID_MKV_DATA", error.message, { cause: error });
    this.#options.report(error);
    if (error instanceof JournalUnavailable || error instanceof SequencesExhausted) {
      return new IngestError("ARCHIVAL_ERROR", `the fragment was not archived: ${error.message}`, { cause: error });
    }
    return new IngestError("INTERNAL_ERROR", "the server failed; send the fragment again", { cause: error });
  }

  #begun(fragment: OpenFragment): void {
    const { limits, now } = this.#options;
    this.acks.push(encodeProgress("BUFFERING", fragment));
    if (limits.fragmentsPerSecond === Number.POSITIVE_INFINITY) return;
    this.#fragmentRate ??= new TokenBucket(limits.fragmentsPerSecond, this.#startedAt);
    this.#delay(this.#fragmentRate.take(1, now()));
  }

  #received(fragment: OpenFragment): void {
    const { metrics, live, now } = this.#options;
    const receivedAt = now();
    metrics.incomingFragments++;
    this.#fragments++;
    // The clock may have been set back since.
    metrics.fragmentIngestionLatency.add(Math.max(0, receivedAt - fragment.live.identity.serverTimestamp));
    this.acks.push(encodeProgress("RECEIVED", fragment));
    if (fragment.journal === undefined) {
      metrics.success++;
      live.buffer(fragment.live, receivedAt);
    } else {
      live.wake();
      this.#persist({ fragment, receivedAt, durable: false });
    }
    if (this.#draining) this.#close("drained");
  }

  #persist(pending: PendingFragment): void {
    const { fragment } = pending;
    this.#pending.push(pending);
    this.#unpersisted += fragment.size;
    const done = this.#commit(pending);
    const backlog = fragment.journal!.stats().pendingBytes;
    const queued = this.#unpersisted > MAX_UNPERSISTED_BYTES || this.#pending.length > MAX_UNPERSISTED_FRAGMENTS;
    if (queued || backlog > MAX_JOURNAL_BACKLOG) this.#waitFor(done);
  }

  async #commit(pending: PendingFragment): Promise<void> {
    const { fragment } = pending;
    const { live } = this.#options;
    try {
      // To seal it takes longer than to hand out some frames: those that came with its last one, and that one itself, go first.
      await turnEnd();
      fragment.live.row = await fragment.commit();
      live.archived(fragment.live);
      pending.durable = true;
      this.#acknowledgeDurable();
    } catch (error) {
      // A stream that was deleted in that turn has taken the bytes with it, but not the parts that the journal has.
      fragment.abort();
      live.fail(fragment.live);
      this.#refused(pending, error);
    } finally {
      this.#unpersisted -= fragment.size;
    }
  }

  /** Sends PERSISTED in the order in which the fragments began. */
  #acknowledgeDurable(): void {
    const { metrics, now, horizon } = this.#options;
    while (this.#pending[0]?.durable === true) {
      const { fragment, receivedAt } = this.#pending.shift()!;
      metrics.success++;
      this.#persisted++;
      metrics.fragmentPersistLatency.add(now() - receivedAt);
      // A retention that was decreased meanwhile may have deleted it already.
      if (fragment.live.identity.serverTimestamp < horizon()) continue;
      this.acks.push(encodeProgress("PERSISTED", fragment));
    }
    this.#settle();
  }

  /** A fragment could not be archived: nothing after it is acknowledged. */
  #refused(pending: PendingFragment, error: unknown): void {
    const index = this.#pending.indexOf(pending);
    if (index < 0) return;
    this.#pending.splice(index);
    this.#setError(this.#asIngestError(error), pending.fragment);
    this.#close("error");
  }

  /** The error that the last acknowledgement tells. */
  #setError(error: IngestError, blamed: BlamedFragment | undefined): void {
    this.#lastAck = encodeError(error, blamed);
    this.#problem = describeError(error);
  }

  /** A Cluster that is complete is a fragment, though nothing says yet that no Tags follow. */
  #finishSettled(): void {
    if (this.#state === "running" && this.#flow.settled) this.#attempt(() => this.#flow.finish());
  }

  /** Takes nothing more. The first reason is the one that counts. */
  #close(reason: EndReason): void {
    if (this.#state === "closed") return;
    if (this.#state === "running") {
      this.#state = "closing";
      this.#reason = reason;
      this.#flow.abort();
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#state !== "closing" || this.#pending.length > 0) return;
    this.#state = "closed";
    if (this.#lastAck !== undefined) {
      this.#options.metrics.errorAckCount++;
      this.acks.push(this.#lastAck);
    }
    this.acks.close();
    this.#options.ended(this.#outcome());
  }

  #outcome(): SessionOutcome {
    const seconds = Math.round(Math.max(0, this.#options.now() - this.#startedAt) / 100) / 10;
    const brought = { fragments: this.#fragments, persisted: this.#persisted, bytes: this.#bytes, seconds };
    return { reason: this.#reason, ...this.#problem, ...brought };
  }

  #meter(bytes: number, now: number): void {
    const { bytesPerSecond } = this.#options.limits;
    if (bytesPerSecond === Number.POSITIVE_INFINITY) return;
    this.#byteRate ??= new TokenBucket(bytesPerSecond, this.#startedAt);
    this.#delay(this.#byteRate.take(bytes, now));
  }

  #delay(ms: number): void {
    if (ms > 0) this.#waitFor(new Promise((resolve) => setTimeout(resolve, ms)));
  }

  #waitFor(promise: Promise<void>): void {
    const settled = promise.catch((error: unknown) => {
      if (this.#state === "running") this.fail(this.#asIngestError(error));
    });
    this.#pushBack =
      this.#pushBack === undefined ? settled : Promise.all([this.#pushBack, settled]).then(() => undefined);
  }

  #takePushBack(): Promise<void> | undefined {
    const pushBack = this.#pushBack;
    this.#pushBack = undefined;
    if (this.#state !== "running") return undefined;
    const isUnread = this.acks.queued > MAX_QUEUED_ACKS;
    if (pushBack === undefined) return isUnread ? this.acks.drained() : undefined;
    return isUnread ? this.#holdUntilRead(pushBack) : this.#holdDuring(pushBack);
  }

  /** The wait for its reading is not counted as held: a producer that never reads its acknowledgements is closed as idle. */
  async #holdUntilRead(pushBack: Promise<void>): Promise<void> {
    await this.#holdDuring(pushBack);
    await this.acks.drained();
  }

  async #holdDuring(pushBack: Promise<void>): Promise<void> {
    this.#held = true;
    await pushBack;
    this.#held = false;
    this.#lastDataAt = this.#options.now();
  }
}
