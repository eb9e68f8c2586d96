import { JournalUnavailable } from "../../ports/journal.ts";
import { errorCode, type JournalFile } from "./file-system.ts";
import { HEADER_BLOCK_BYTES } from "./segment-header.ts";

/** Buffers of one writev: Linux takes no more (IOV_MAX). */
const BUFFERS_PER_WRITE = 1024;
/**
 * Bytes of one writev, or one part where that is larger. Measured on ext4 (Linux 6.18): from 4 MiB on, the copy into the page cache takes up to three
 * times the CPU and halves the throughput; it also keeps what waits behind a write waiting for a millisecond, not ten.
 */
const BYTES_PER_WRITE = 1024 * 1024;

/** A record's bytes, and what to call when they are no longer read: they have been written, or never will be. */
export interface PlacedRecord {
  readonly pieces: readonly Uint8Array[];
  readonly release?: (() => void) | undefined;
}

/** A record with its place; `record` is set once it is complete. */
interface Placing {
  record: PlacedRecord | undefined;
  readonly completed: PlacedRecord | Promise<PlacedRecord>;
}

/** A piece of a record; the last one releases it. */
interface QueuedPiece {
  readonly bytes: Uint8Array;
  readonly release: (() => void) | undefined;
}

/** What a segment tells its journal. */
export interface SegmentEvents {
  /** More of the segment has been written, though not synced. */
  written(): void;
  /** The segment failed and takes nothing more. */
  failed(segment: OpenSegment, failure: JournalUnavailable): void;
}

/** What went wrong with the device, in the words of the port: space or the device itself. */
export function toUnavailable(cause: unknown): JournalUnavailable {
  if (cause instanceof JournalUnavailable) return cause;
  const code = errorCode(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === "ENOSPC" || code === "EDQUOT") return new JournalUnavailable("disk-full", message, { cause });
  return new JournalUnavailable("io-error", message, { cause });
}

/**
 * A segment that is being written. Records are given their offsets at once and written in that order by one loop; syncing is up to the
 * committer, which may run while the loop writes on. Whatever fails, creation, write or sync, fences the segment for good: after a failed
 * sync nobody can tell which of the unsynced bytes are on the device.
 */
export class OpenSegment {
  readonly id: number;
  readonly retentionClass: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** The seed of the record checksums. */
  readonly seed: number;
  readonly #events: SegmentEvents;
  /** Records that have their place and are not complete yet, or follow one that is not. */
  readonly #placed: Placing[] = [];
  /** What is written next. */
  readonly #queue: QueuedPiece[] = [];
  #file: JournalFile | undefined;
  #busy = true;
  #writes: Promise<void>;
  #progress: PromiseWithResolvers<void> | undefined;
  #syncing: Promise<void> | undefined;
  #end = HEADER_BLOCK_BYTES;
  #written = HEADER_BLOCK_BYTES;
  #synced = HEADER_BLOCK_BYTES;
  #failure: JournalUnavailable | undefined;
  /** Fragments that have begun in this segment and not ended. */
  fragments = 0;

  /** @param create makes the file, its header durable; records wait for it */
  constructor(
    place: { id: number; retentionClass: number; created: number; seed: number },
    create: () => Promise<JournalFile>,
    events: SegmentEvents,
  ) {
    this.id = place.id;
    this.retentionClass = place.retentionClass;
    this.created = place.created;
    this.seed = place.seed;
    this.#events = events;
    this.#writes = this.#run(async () => {
      this.#file = await create();
    });
  }

  /** Whether the file has been created. */
  get exists(): boolean {
    return this.#file !== undefined;
  }

  /** Offset behind the last record that was given a place. */
  get end(): number {
    return this.#end;
  }

  /** Offset up to which records have been written. */
  get written(): number {
    return this.#written;
  }

  /** Offset up to which records are durable. */
  get synced(): number {
    return this.#synced;
  }

  /** Why the segment is fenced, if it is. */
  get failure(): JournalUnavailable | undefined {
    return this.#failure;
  }

  /** Queues one record of `length` bytes, which may be completed later; returns its offset. A record that rejects fences the segment. */
  place(record: PlacedRecord | Promise<PlacedRecord>, length: number): number {
    const offset = this.#end;
    this.#placed.push(placing(record));
    this.#end += length;
    if (!this.#busy) this.#writes = this.#run();
    return offset;
  }

  /** Resolves when the records that were placed before are written, or the segment is fenced. */
  flushed(): Promise<void> {
    return this.#writes;
  }

  /** Resolves when the next write is done, undefined where nothing is left to write. Never rejects. */
  nextWrite(): Promise<void> | undefined {
    if (this.#failure !== undefined || this.#written === this.#end) return undefined;
    this.#progress ??= Promise.withResolvers<void>();
    return this.#progress.promise;
  }

  /** Syncs what has been written by now. Never rejects: a failure fences the segment. Resolves to the bytes that became durable. */
  async sync(): Promise<number> {
    const mark = this.#written;
    this.#syncing = this.#file!.datasync().catch((error: unknown) => this.fail(error));
    await this.#syncing;
    if (this.#failure !== undefined || mark <= this.#synced) return 0;
    const gained = mark - this.#synced;
    this.#synced = mark;
    return gained;
  }

  /** Fences the segment. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = toUnavailable(cause);
    this.#giveUp(this.#queue.splice(0), this.#placed.splice(0));
    this.#events.failed(this, this.#failure);
    this.#tellProgress();
  }

  /** Closes the file, once nothing uses it any more. Everything that was placed must have been synced, or the segment fenced. */
  async close(): Promise<void> {
    await this.#writes;
    await this.#syncing;
    await this.#file?.close().catch(() => undefined);
  }

  /** Lets go of what will not be written, once no write that has begun can read it. */
  #giveUp(queue: readonly QueuedPiece[], placed: readonly Placing[]): void {
    void this.#writes.then(() => {
      for (const { release } of queue) release?.();
      for (const { completed } of placed) {
        Promise.resolve(completed).then(
          ({ release }) => release?.(),
          () => undefined,
        );
      }
    });
  }

  /** Runs `first`, then writes until the queue is empty. Never rejects. */
  async #run(first?: () => Promise<void>): Promise<void> {
    this.#busy = true;
    try {
      await first?.();
      while (this.#queue.length > 0 || this.#placed.length > 0) {
        if (this.#queue.length === 0) await this.#placed[0]!.completed;
        this.#enqueueCompleted();
        if (this.#queue.length > 0) await this.#writeSome();
      }
    } catch (error) {
      this.fail(error);
    }
    this.#busy = false;
  }

  async #writeSome(): Promise<void> {
    const { buffers, bytes, releases } = this.#takeSome();
    const count = await this.#file!.writev(buffers, this.#written).finally(() => {
      for (const release of releases) release();
    });
    if (count !== bytes) {
      throw new JournalUnavailable("disk-full", `segment ${this.id} took ${count} of ${bytes} bytes`);
    }
    if (this.#failure !== undefined) return;
    this.#written += bytes;
    this.#events.written();
    this.#tellProgress();
  }

  /** Moves the records that are complete, up to the first that is not, to the queue. */
  #enqueueCompleted(): void {
    let count = 0;
    for (const { record } of this.#placed) {
      if (record === undefined) break;
      count++;
      const last = record.pieces.length - 1;
      for (const [index, bytes] of record.pieces.entries()) {
        this.#queue.push({ bytes, release: index === last ? record.release : undefined });
      }
    }
    this.#placed.splice(0, count);
  }

  #tellProgress(): void {
    this.#progress?.resolve();
    this.#progress = undefined;
  }

  #takeSome(): { buffers: Uint8Array[]; bytes: number; releases: (() => void)[] } {
    let count = 0;
    let bytes = 0;
    const most = Math.min(BUFFERS_PER_WRITE, this.#queue.length);
    while (count < most && bytes < BYTES_PER_WRITE) bytes += this.#queue[count++]!.bytes.length;
    const taken = this.#queue.splice(0, count);
    const releases = taken.flatMap(({ release }) => release ?? []);
    return { buffers: taken.map((piece) => piece.bytes), bytes, releases };
  }
}

function placing(record: PlacedRecord | Promise<PlacedRecord>): Placing {
  if (!(record instanceof Promise)) return { record, completed: record };
  const placed: Placing = { record: undefined, completed: record };
  const complete = (completed: PlacedRecord): void => {
    placed.record = completed;
  };
  // Whether it failed is found out where its turn to be written comes.
  record.then(complete, () => undefined);
  return placed;
}
