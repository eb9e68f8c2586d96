import type { FragmentRow } from "../../ports/fragment.ts";
import type { FragmentLedger } from "../../ports/fragment-index.ts";
import type { JournalUnavailable } from "../../ports/journal.ts";
import { Committer, type CommitterHost } from "./committer.ts";
import { isSparse } from "./compactor.ts";
import type { WriterHost } from "./fragment-writer.ts";
import type { JournalLimits } from "./limits.ts";
import { OpenSegment, toUnavailable } from "./open-segment.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { HEADER_BLOCK_BYTES, recordSeed } from "./segment-header.ts";
import type { SegmentRegistry } from "./segment-registry.ts";
import type { SpaceGuard } from "./space-guard.ts";
import { SyncBudget } from "./sync-budget.ts";

/** Syncs of a new segment: its header, and its folder. */
const SYNCS_PER_CREATION = 2;

/** What the writing side of a journal works with. */
export interface WritingParts {
  readonly files: SegmentFiles;
  readonly ledger: FragmentLedger;
  readonly limits: JournalLimits;
  readonly guard: SpaceGuard;
  readonly registry: SegmentRegistry;
}

/**
 * The writing side of a journal: the segments that are open, one for each retention class that takes new fragments, and those that are full but
 * still wait for the ends of fragments that began in them.
 */
export class SegmentWriters implements WriterHost, CommitterHost {
  readonly #parts: WritingParts;
  readonly #committer: Committer;
  readonly #open = new Set<OpenSegment>();
  readonly #current = new Map<number, OpenSegment>();
  #waiting: (() => void)[] = [];
  #placedBytes = 0;
  #closing = false;
  #closed: Promise<unknown> = Promise.resolve();

  constructor(parts: WritingParts) {
    this.#parts = parts;
    const { syncsPerSecond, syncBurst } = parts.limits;
    this.#committer = new Committer(parts.ledger, new SyncBudget(syncsPerSecond, syncBurst), this);
  }

  get committer(): Committer {
    return this.#committer;
  }

  /** Open segments. */
  get count(): number {
    return this.#open.size;
  }

  /** Bytes of the open segments. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#open) bytes += segment.end;
    return bytes;
  }

  /** Bytes that were placed and are not durable yet. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const segment of this.#open) if (segment.failure === undefined) bytes += segment.end - segment.synced;
    return bytes;
  }

  /** Bytes that were placed and are in no file yet. */
  get unwrittenBytes(): number {
    let bytes = 0;
    for (const segment of this.#open) if (segment.failure === undefined) bytes += segment.end - segment.written;
    return bytes;
  }

  /** Bytes of all records placed since the start. */
  get placedBytes(): number {
    let bytes = this.#placedBytes;
    for (const segment of this.#open) bytes += segment.end;
    return bytes;
  }

  admit(segment: OpenSegment | undefined, bytes: number): void {
    // The segment that a new fragment is given may be a new one.
    const refusal = this.#parts.guard.refusal(segment === undefined ? HEADER_BLOCK_BYTES + bytes : bytes);
    if (refusal === undefined || (segment !== undefined && refusal.reason === "io-error")) return;
    throw refusal;
  }

  acquire(retentionClass: number): OpenSegment {
    let segment = this.#current.get(retentionClass);
    if (segment !== undefined && this.#isFull(segment)) {
      this.#retire(segment);
      segment = undefined;
    }
    if (segment === undefined) {
      segment = this.#create(retentionClass);
      this.#current.set(retentionClass, segment);
      this.#open.add(segment);
    }
    segment.fragments++;
    return segment;
  }

  release(segment: OpenSegment): void {
    segment.fragments--;
    this.#sealIfDone(segment);
  }

  async commit(segment: OpenSegment, row: FragmentRow): Promise<FragmentRow> {
    try {
      return await this.#committer.commit(segment, segment.end, row);
    } finally {
      this.release(segment);
    }
  }

  room(): Promise<void> | undefined {
    if (this.pendingBytes <= this.#parts.limits.pendingBytes) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#committer.wake();
    });
  }

  segments(): Iterable<OpenSegment> {
    return this.#open;
  }

  wantsSync(segment: OpenSegment): boolean {
    return this.#closing || this.#waiting.length > 0 || this.#current.get(segment.retentionClass) !== segment;
  }

  synced(): void {
    if (this.pendingBytes <= this.#parts.limits.pendingBytes) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
    for (const segment of this.#open) this.#sealIfDone(segment);
  }

  indexFailed(failure: JournalUnavailable): void {
    this.#parts.guard.failed(failure);
  }

  /** Lets segments go that are full or old though no fragment came to notice. */
  retireFull(): void {
    for (const segment of this.#current.values()) if (this.#isFull(segment)) this.#retire(segment);
  }

  /** Lets segments of more than so many bytes go that are mostly dead: they can be compacted once they are sealed. */
  retireSparse(leastBytes: number): void {
    const live = new Map(this.#parts.ledger.segments().map(({ segment, liveBytes }) => [segment, liveBytes]));
    for (const segment of this.#current.values()) {
      const records = segment.synced - HEADER_BLOCK_BYTES;
      if (records > leastBytes && isSparse(live.get(segment.id) ?? 0, records)) this.#retire(segment);
    }
  }

  /** Makes durable what was placed, and seals every segment. The guard must admit nothing any more. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const segment of this.#open) {
      await segment.flushed();
      this.#committer.wake();
      await this.#committer.settled();
      segment.fragments = 0;
      this.#retire(segment);
    }
    await this.#closed;
  }

  #isFull(segment: OpenSegment): boolean {
    const { segmentBytes, segmentAgeMs } = this.#parts.limits;
    return segment.end >= segmentBytes || Date.now() - segment.created >= segmentAgeMs;
  }

  #create(retentionClass: number): OpenSegment {
    const { files, ledger, registry } = this.#parts;
    const header = files.newHeader(registry.next(), retentionClass);
    const place = { id: header.segment, retentionClass, created: header.created, seed: recordSeed(header) };
    const create = async () => {
      ledger.addSegment(header.segment, retentionClass);
      this.#committer.charge(SYNCS_PER_CREATION);
      return files.create(header);
    };
    return new OpenSegment(place, create, {
      written: () => this.#committer.wake(),
      failed: (segment, failure) => this.#failed(segment, failure),
    });
  }

  #failed(segment: OpenSegment, failure: JournalUnavailable): void {
    this.#parts.guard.failed(failure);
    this.#committer.reject(segment, failure);
    this.#retire(segment);
    this.synced();
  }

  /** Takes no new fragments into a segment. */
  #retire(segment: OpenSegment): void {
    if (this.#current.get(segment.retentionClass) === segment) this.#current.delete(segment.retentionClass);
    this.#committer.wake();
    this.#sealIfDone(segment);
  }

  /** Seals a segment that takes no more fragments, once those that it has have ended and its bytes are durable or given up. */
  #sealIfDone(segment: OpenSegment): void {
    const done = segment.failure !== undefined || segment.synced === segment.end;
    const retired = this.#current.get(segment.retentionClass) !== segment;
    if (!done || !retired || segment.fragments > 0 || !this.#open.delete(segment)) return;
    this.#placedBytes += segment.end;
    if (segment.exists) this.#parts.registry.add(segment.id, segment.written);
    this.#closed = Promise.all([this.#closed, segment.close()]);
    try {
      this.#parts.ledger.sealSegment(segment.id, segment.synced);
    } catch (error) {
      // Unsealed in the index, the segment is read through again at the next start: slower, not wrong.
      this.indexFailed(toUnavailable(error));
    }
  }
}
