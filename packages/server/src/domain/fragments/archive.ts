import type { KeyObject } from "node:crypto";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { type Journal, RecordDamaged, RecordGone, type StoredPart } from "../../storage/ports/journal.ts";
import type { DataKeys, KeyOwner } from "../keys/data-keys.ts";
import { openPart } from "../keys/seal.ts";
import { decodeFooter, decodeHead, FOOTER_BYTES, type FragmentHead } from "./layout.ts";
import { Semaphore } from "./semaphore.ts";

/**
 * A fragment up to this size is read and verified whole before its first byte is given out; of a larger one this much. Bounds what one
 * reader holds, twice: the fragment that it sends and the one behind it. 4 s at 4 Mbit/s.
 */
const READ_AHEAD_BYTES = 2 * 2 ** 20;
/** Parts that are read and opened at once over all readers, so that they leave the disk and the processor to producers. */
const CONCURRENT_READS = 4;
/** Compaction may move a fragment while it is read; more often than this it does not. */
const MAX_MOVES = 5;

/** The fragment is no longer in the archive: it expired, or its stream was deleted, since it was looked up. */
export class FragmentGone extends Error {
  override readonly name = "FragmentGone";
}

/** A stored fragment, opened: its head, and the rest as far as wanted. */
export interface StoredFragment {
  readonly row: FragmentRow;
  readonly head: FragmentHead;
  /** Offset of the Cluster in the stored fragment. */
  readonly bodyStart: number;
  /**
   * The Cluster and the Tags behind it, from an offset in the stored fragment on (by default all). Can be asked for once. Each piece
   * belongs to whoever takes it, who may give its memory back; of the first one `head` has views. Throws
   * `RecordDamaged` where a part beyond what was read ahead is not what was written, and `FragmentGone`.
   */
  body(from?: number): AsyncIterable<Uint8Array>;
  /** Frames in the fragment, known when the body has been read. */
  readonly frames: number;
  /** Lets go of a fragment whose body is not read to its end. */
  close(): Promise<void>;
}

/** What an archive reads from. */
export interface ArchiveOptions {
  readonly index: FragmentIndex;
  readonly journal: Journal;
  readonly keys: DataKeys;
}

/** Reads fragments back: journal records, opened with the stream's key, joined to the fragment that they were. */
export class FragmentArchive {
  readonly #options: ArchiveOptions;
  readonly #reads = new Semaphore(CONCURRENT_READS);

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  /**
   * Opens a fragment and reads its beginning.
   *
   * @throws RecordDamaged where its bytes are not what was written
   * @throws FragmentGone where it has left the archive
   * @throws KeyUnavailable where the stream's key is destroyed or cannot be unwrapped
   */
  async open(owner: KeyOwner, row: FragmentRow): Promise<StoredFragment> {
    const key = await this.#options.keys.get(owner);
    const parts = this.#parts(key, row);
    const ahead: Buffer[] = [];
    let length = 0;
    let opened: ReturnType<typeof decodeHead>;
    while (length < row.size && (length < READ_AHEAD_BYTES || opened === undefined)) {
      const { value, done } = await parts.next();
      if (done === true) break;
      ahead.push(value);
      length += value.length;
      opened ??= decodeHead(ahead.length === 1 ? value : Buffer.concat(ahead));
    }
    if (opened === undefined) throw new RecordDamaged(`fragment ${row.sequence} of stream ${row.streamId} has no head`);
    return new OpenedFragment(row, opened, ahead, parts);
  }

  /** The plaintext of a fragment's parts, in order; follows the fragment where compaction moves it. */
  async *#parts(key: KeyObject, row: FragmentRow): AsyncGenerator<Buffer, void> {
    let place = row;
    let done = 0;
    for (let moves = 0; ; moves++) {
      try {
        for await (const part of this.#stored(place)) {
          if (part.part < done) continue;
          checkPart(part, row, done);
          done++;
          const plaintext = openPart(key, part);
          part.release?.();
          yield plaintext;
        }
        return;
      } catch (error) {
        if (!(error instanceof RecordGone) || moves === MAX_MOVES) throw error;
        place = await this.#lookUp(row, error);
      }
    }
  }

  async *#stored(row: FragmentRow): AsyncGenerator<StoredPart, void> {
    const records = this.#options.journal.read(row, { opensSeals: true })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value, done } = await this.#reads.run(() => records.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      await records.return?.();
    }
  }

  async #lookUp(row: FragmentRow, cause: RecordGone): Promise<FragmentRow> {
    const found = await this.#options.index.bySequence({ streamId: row.streamId, horizon: 0 }, row.sequence);
    if (found !== undefined && found.random === row.random) return found;
    throw new FragmentGone(`fragment ${row.sequence} of stream ${row.streamId} is no longer archived`, { cause });
  }
}

function checkPart(part: StoredPart, row: FragmentRow, expected: number): void {
  if (part.part === expected && part.sequence === row.sequence && part.random === row.random) return;
  throw new RecordDamaged(`part ${expected} of fragment ${row.sequence} of stream ${row.streamId} is not where it was`);
}

class OpenedFragment implements StoredFragment {
  readonly row: FragmentRow;
  readonly head: FragmentHead;
  readonly bodyStart: number;
  frames = 0;
  readonly #ahead: Buffer[];
  readonly #parts: AsyncGenerator<Buffer, void>;

  constructor(
    row: FragmentRow,
    { head, bodyStart }: NonNullable<ReturnType<typeof decodeHead>>,
    ahead: Buffer[],
    parts: AsyncGenerator<Buffer, void>,
  ) {
    this.row = row;
    this.head = head;
    this.bodyStart = bodyStart;
    this.#ahead = ahead;
    this.#parts = parts;
  }

  async *body(from = this.bodyStart): AsyncGenerator<Uint8Array, void> {
    const end = this.row.size - FOOTER_BYTES;
    const footer: Buffer[] = [];
    let offset = 0;
    for await (const part of this.#all()) {
      const start = offset;
      offset += part.length;
      // Copied before the part is handed out: whoever takes it may give its memory back.
      if (offset > end) footer.push(Buffer.from(part.subarray(Math.max(0, end - start))));
      if (offset > from && start < end) yield part.subarray(Math.max(0, from - start), Math.max(0, end - start));
    }
    if (offset !== this.row.size) {
      throw new RecordDamaged(`fragment ${this.row.sequence} has ${offset} bytes, expected ${this.row.size}`);
    }
    this.frames = decodeFooter(Buffer.concat(footer)).frames;
  }

  async close(): Promise<void> {
    this.#ahead.length = 0;
    await this.#parts.return();
  }

  async *#all(): AsyncGenerator<Buffer, void> {
    try {
      for (let part = this.#ahead.shift(); part !== undefined; part = this.#ahead.shift()) yield part;
      yield* this.#parts;
    } finally {
      await this.close();
    }
  }
}
