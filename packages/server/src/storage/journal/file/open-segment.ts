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
  readonly #queue: Uint8Array[] = [];
  #file: JournalFile | undefined;
  #busy = true;
  #writes: Promise<void>;
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

  /** Queues one record, in pieces of `length` bytes together; returns its offset. */
  place(header: Uint8Array, ciphertext: readonly Uint8Array[], length: number): number {
    const offset = this.#end;
    this.#queue.push(header);
    for (const piece of ciphertext) this.#queue.push(piece);
    this.#end += length;
    if (!this.#busy) this.#writes = this.#run();
    return offset;
  }

  /** Resolves when the records that were placed before are written, or the segment is fenced. */
  flushed(): Promise<void> {
    return this.#writes;
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
    this.#queue.length = 0;
    this.#events.failed(this, this.#failure);
  }

  /** Closes the file, once nothing uses it any more. Everything that was placed must have been synced, or the segment fenced. */
  async close(): Promise<void> {
    await this.#writes;
    await this.#syncing;
    await this.#file?.close().catch(() => undefined);
  }

  /** Runs `first`, then writes until the queue is empty. Never rejects. */
  async #run(first?: () => Promise<void>): Promise<void> {
    this.#busy = true;
    try {
      await first?.();
      while (this.#queue.length > 0) await this.#writeSome();
    } catch (error) {
      this.fail(error);
    }
    this.#busy = false;
  }

  async #writeSome(): Promise<void> {
    const { buffers, bytes } = this.#takeSome();
    const count = await this.#file!.writev(buffers, this.#written);
    if (count !== bytes) {
      throw new JournalUnavailable("disk-full", `segment ${this.id} took ${count} of ${bytes} bytes`);
    }
    if (this.#failure !== undefined) return;
    this.#written += bytes;
    this.#events.written();
  }

  #takeSome(): { buffers: Uint8Array[]; bytes: number } {
    let count = 0;
    let bytes = 0;
    const most = Math.min(BUFFERS_PER_WRITE, this.#queue.length);
    while (count < most && bytes < BYTES_PER_WRITE) bytes += this.#queue[count++]!.length;
    return { buffers: this.#queue.splice(0, count), bytes };
  }
}
