import { setImmediate as turnEnd, setTimeout as wait } from "node:timers/promises";
import type { FragmentRow } from "../../ports/fragment.ts";
import type { FragmentLedger } from "../../ports/fragment-index.ts";
import type { JournalUnavailable } from "../../ports/journal.ts";
import { type OpenSegment, toUnavailable } from "./open-segment.ts";
import type { SyncBudget } from "./sync-budget.ts";

/** Unsynced bytes of a segment that call for a sync though no fragment ends: a commit then never has to push out more than some of this. */
const SYNC_AFTER_BYTES = 16 * 1024 * 1024;

/**
 * A sync takes with it what is about to be written, up to so many unsynced bytes: while a file is synced it takes no write, so that a sync after each
 * write would let no more through than the budget of syncs times the bytes of one write.
 */
const GATHERED_BYTES = 8 * 1024 * 1024;
/** Longest wait for them, in milliseconds: what is written already, in whichever segment, must not wait for a part that is late. */
const GATHERED_MS = 50;

/** A time that others are waited for. */
class TimeLimit {
  over = false;
  readonly reached: Promise<void>;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.reached = promise;
    this.#timer = setTimeout(() => {
      this.over = true;
      resolve();
    }, ms);
  }

  /** Nobody waits any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

/** A fragment whose parts are all placed and which waits to become durable and visible. */
interface Commit {
  readonly segment: OpenSegment;
  /** Offset behind the fragment's last record. */
  readonly end: number;
  readonly row: FragmentRow;
  readonly resolve: (row: FragmentRow) => void;
  readonly reject: (failure: JournalUnavailable) => void;
}

/** What a committer needs to know and to tell. */
export interface CommitterHost {
  /** The segments that may hold unsynced bytes. */
  segments(): Iterable<OpenSegment>;
  /** Whether somebody waits for unsynced bytes to become fewer, or a segment waits for its last sync. */
  wantsSync(segment: OpenSegment): boolean;
  /** A round is over: `bytes` more are durable, and fragments may have ended. */
  synced(bytes: number): void;
  /** The index took no rows. */
  indexFailed(failure: JournalUnavailable): void;
}

/**
 * Group commit. One loop takes the fragments at the head of the queue whose bytes are written, syncs the segments they lie in, gives them their
 * rows in one transaction, and resolves them: always from the head, so that fragments become visible in the order of their commits.
 */
export class Committer {
  readonly #ledger: FragmentLedger;
  readonly #budget: SyncBudget;
  readonly #host: CommitterHost;
  #queue: Commit[] = [];
  #running = false;
  #rounds: Promise<void> = Promise.resolve();
  #syncs = 0;
  #fragments = 0;

  constructor(ledger: FragmentLedger, budget: SyncBudget, host: CommitterHost) {
    this.#ledger = ledger;
    this.#budget = budget;
    this.#host = host;
  }

  /** Syncs of segments so far. */
  get syncs(): number {
    return this.#syncs;
  }

  /** Fragments committed so far. */
  get fragments(): number {
    return this.#fragments;
  }

  /** Counts a sync that others did, so that it too is part of the budget. */
  charge(syncs: number): void {
    this.#syncs += syncs;
    this.#budget.charge(syncs);
  }

  /** Queues a fragment whose last record ends at `end`. */
  commit(segment: OpenSegment, end: number, row: FragmentRow): Promise<FragmentRow> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ segment, end, row, resolve, reject });
      this.wake();
    });
  }

  /** Rejects every fragment that waits for `segment`. */
  reject(segment: OpenSegment, failure: JournalUnavailable): void {
    const doomed = this.#queue.filter((commit) => commit.segment === segment);
    if (doomed.length === 0) return;
    this.#queue = this.#queue.filter((commit) => commit.segment !== segment);
    for (const commit of doomed) commit.reject(failure);
    this.wake();
  }

  /** Tells that bytes were written, or that the host wants a sync. */
  wake(): void {
    if (!this.#running && this.#hasWork()) this.#rounds = this.#run();
  }

  /** Resolves when the rounds that run now are over. */
  settled(): Promise<void> {
    return this.#rounds;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#hasWork()) {
      const delay = this.#budget.delay();
      if (delay > 0) await wait(delay);
      await this.#round();
    }
    this.#running = false;
  }

  #hasWork(): boolean {
    return this.#ready() > 0 || this.#targets(0).size > 0;
  }

  async #round(): Promise<void> {
    // The index's log must have room before the syncs begin, so that between a sync and its rows there is no wait for a disk.
    await this.#ledger.pressure();
    await this.#gather();
    const ready = this.#ready();
    const targets = this.#targets(ready);
    const commits = this.#queue.splice(0, ready);
    this.charge(targets.size);
    const gained = await Promise.all(Array.from(targets, (segment) => segment.sync()));
    // A transaction takes longer than to hand out some frames: those that have come by now go first.
    if (commits.length > 0) await turnEnd();
    this.#finish(commits);
    this.#host.synced(gained.reduce((sum, bytes) => sum + bytes, 0));
  }

  /** Waits for the writes that follow one on the other, as long as little would be synced, and not for long. */
  async #gather(): Promise<void> {
    let limit: TimeLimit | undefined;
    for (const segment of this.#targets(this.#ready())) {
      while (segment.written - segment.synced < GATHERED_BYTES && limit?.over !== true) {
        const write = segment.nextWrite();
        if (write === undefined) break;
        limit ??= new TimeLimit(GATHERED_MS);
        await Promise.race([write, limit.reached]);
      }
    }
    limit?.end();
  }

  /** How many fragments at the head of the queue are written whole. */
  #ready(): number {
    let ready = 0;
    while (ready < this.#queue.length && this.#queue[ready]!.end <= this.#queue[ready]!.segment.written) ready++;
    return ready;
  }

  /** The segments to sync for the first `ready` fragments, and those that want it for another reason. */
  #targets(ready: number): Set<OpenSegment> {
    const targets = new Set<OpenSegment>();
    for (let i = 0; i < ready; i++) {
      const { segment, end } = this.#queue[i]!;
      if (end > segment.synced) targets.add(segment);
    }
    for (const segment of this.#host.segments()) {
      const unsynced = segment.failure === undefined ? segment.written - segment.synced : 0;
      if (unsynced > SYNC_AFTER_BYTES || (unsynced > 0 && this.#host.wantsSync(segment))) targets.add(segment);
    }
    return targets;
  }

  /** Gives the fragments whose bytes are durable now their rows, and tells everyone how it went. */
  #finish(commits: readonly Commit[]): void {
    const durable = commits.filter(({ segment }) => segment.failure === undefined);
    const failure = this.#insert(durable.map(({ row }) => row));
    for (const commit of commits) {
      const reason = commit.segment.failure ?? failure;
      if (reason === undefined) commit.resolve(commit.row);
      else commit.reject(reason);
    }
    if (failure === undefined) this.#fragments += durable.length;
  }

  #insert(rows: readonly FragmentRow[]): JournalUnavailable | undefined {
    if (rows.length === 0) return undefined;
    try {
      this.#ledger.insert(rows);
      return undefined;
    } catch (error) {
      const failure = toUnavailable(error);
      this.#host.indexFailed(failure);
      return failure;
    }
  }
}
