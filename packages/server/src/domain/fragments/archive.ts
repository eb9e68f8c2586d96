import type { KeyObject } from "node:crypto";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import {
  type Journal,
  RecordDamaged,
  type RecordFile,
  RecordGone,
  RecordUnavailable,
  type StoredPart,
  type StoredTable,
} from "../../storage/ports/journal.ts";
import { DomainError } from "../errors.ts";
import type { Tell } from "../events/events.ts";
import type { DataKeys, KeyOwner } from "../keys/data-keys.ts";
import { Opener } from "../keys/opener.ts";
import { openTable } from "../keys/seal.ts";
import { WorkerLost } from "../keys/worker-line.ts";
import { type LentBytes, oneAhead, releaseAll } from "../lent-bytes.ts";
import { decodeFrameTable, type FrameTable } from "./frame-table.ts";
import { decodeFooter, decodeHead, FOOTER_BYTES, type FragmentHead, LayoutError } from "./layout.ts";
import { Semaphore } from "./semaphore.ts";

/**
 * A fragment up to this size is read and verified whole before its first byte is given out; of a larger one this much. Bounds what one
 * reader holds, twice: the fragment that it sends and the one behind it. 4 s at 4 Mbit/s.
 */
const READ_AHEAD_BYTES = 2 * 2 ** 20;
/** Parts that are read and opened at once over all readers, so that they leave the disk and the processor to producers. */
const CONCURRENT_READS = 4;
/** Compaction may move a fragment while it is read, and the worker that opens its parts may be lost; more often than this neither happens. */
const MAX_RETRIES = 5;
/** Journal segments whose damaged tables are reported: of a disk that loses more, the log has told enough. */
const MAX_REPORTED = 1000;

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
   * The Cluster and the Tags behind it, from an offset in the stored fragment on (by default all). Can be asked for once. Each piece is lent
   * to whoever takes it, who may write over it. Throws `RecordDamaged` where a part beyond what was read ahead is not what was
   * written, and `FragmentGone`.
   */
  body(from?: number): AsyncIterable<LentBytes>;
  /** Frames in the fragment, known when the body has been read. */
  readonly frames: number;
  /** Lets go of a fragment whose body is not read to its end. */
  close(): Promise<void>;
}

/** What another thread needs to open fragments. It is not to keep any of it beyond the loan. */
export interface FragmentLoan {
  /** Of their stream. */
  readonly key: KeyObject;
  readonly fragments: readonly LentFragment[];
}

/** One of the fragments, and the file that its records lie in. */
export interface LentFragment {
  readonly row: FragmentRow;
  readonly file: RecordFile;
}

/** What an archive reads from. */
export interface ArchiveOptions {
  readonly index: FragmentIndex;
  readonly journal: Journal;
  readonly keys: DataKeys;
  readonly tell?: Tell;
}

/** Reads fragments back: journal records, opened with the stream's key, joined to the fragment that they were. */
export class FragmentArchive {
  readonly #options: ArchiveOptions;
  readonly #reads = new Semaphore(CONCURRENT_READS);
  readonly #opener: Opener;
  /** Segments of which a damaged table has been reported, at most {@link MAX_REPORTED}. */
  readonly #reported = new Set<number>();

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#opener = new Opener({ tell: options.tell });
  }

  /**
   * Opens a fragment and reads its beginning.
   *
   * @throws RecordDamaged where its bytes are not what was written
   * @throws FragmentGone where it has left the archive
   * @throws KeyUnavailable where the stream's key is destroyed or cannot be unwrapped
   * @throws DomainError `archive-unavailable` where it may be read soon
   */
  async open(owner: KeyOwner, row: FragmentRow): Promise<StoredFragment> {
    const key = await this.#options.keys.get(owner);
    const parts = this.#parts(key, row);
    const ahead: LentBytes[] = [];
    let length = 0;
    let opened: ReturnType<typeof decodeHead>;
    try {
      while (length < row.size && (length < READ_AHEAD_BYTES || opened === undefined)) {
        const { value, done } = await parts.next();
        if (done === true) break;
        ahead.push(value);
        length += value.bytes.length;
        opened ??= decodeHead(joined(ahead));
      }
      if (opened !== undefined) return new OpenedFragment(row, opened, ahead, parts);
      throw new RecordDamaged(`fragment ${row.sequence} of stream ${row.streamId} has no head`);
    } catch (error) {
      releaseAll(ahead);
      throw error;
    }
  }

  /**
   * Runs `use` with what another thread needs to open fragments of a stream. Resolves to undefined, and runs nothing, where none can.
   *
   * @throws KeyUnavailable, as {@link open} does, RecordGone, RecordDamaged and RecordUnavailable where a file cannot be opened, and what `use` throws
   */
  async lend<Result>(
    owner: KeyOwner,
    rows: readonly FragmentRow[],
    use: (loan: FragmentLoan) => Promise<Result>,
  ): Promise<Result | undefined> {
    const key = await this.#options.keys.get(owner);
    return this.#options.journal.lendFiles(rows, (files) =>
      use({ key, fragments: rows.map((row, place) => ({ row, file: files[place]! })) }),
    );
  }

  /**
   * Reads the table of a fragment's frames, and nothing of the fragment. Undefined where it was stored without one, and where the table is
   * damaged or cannot be decoded: the fragment tells the same.
   *
   * @throws FragmentGone where it has left the archive
   * @throws KeyUnavailable where the stream's key is destroyed or cannot be unwrapped
   * @throws DomainError `archive-unavailable` where it may be read soon
   */
  async frameTable(owner: KeyOwner, row: FragmentRow): Promise<FrameTable | undefined> {
    const key = await this.#options.keys.get(owner);
    try {
      const stored = await this.#storedTable(row);
      return stored && decodeFrameTable(openTable(key, stored), row.size);
    } catch (error) {
      if (!(error instanceof RecordDamaged || error instanceof LayoutError)) throw error;
      this.#tellOfTable(row, error);
      return undefined;
    }
  }

  /** Once for each journal segment: its fragment is read instead, which nobody else notices. */
  #tellOfTable({ segment }: FragmentRow, err: RecordDamaged | LayoutError): void {
    if (this.#reported.has(segment) || this.#reported.size === MAX_REPORTED) return;
    this.#reported.add(segment);
    this.#options.tell?.("a table of frames is damaged, its fragment is read instead; kvass fsck names all such", {
      err,
    });
  }

  /** Lets go of what opens parts; fragments can be read all the same. */
  async close(): Promise<void> {
    await this.#opener.close();
  }

  /** The plaintext of a fragment's parts, in order; follows the fragment where compaction moves it. */
  async *#parts(key: KeyObject, row: FragmentRow): AsyncGenerator<LentBytes, void> {
    let place = row;
    let done = 0;
    for (let retries = 0; ; retries++) {
      try {
        for await (const part of oneAhead(this.#opened(key, row, place, done))) {
          done++;
          yield part;
        }
        return;
      } catch (error) {
        if (retries === MAX_RETRIES) throw error;
        // The memory of the part was lost with it.
        if (error instanceof WorkerLost) continue;
        if (!(error instanceof RecordGone)) throw whereUnavailable(error);
        place = await this.#lookUp(row, error);
      }
    }
  }

  /** The parts from `first` on of a fragment that lies at `place`. */
  async *#opened(key: KeyObject, row: FragmentRow, place: FragmentRow, first: number): AsyncGenerator<LentBytes, void> {
    let expected = first;
    for await (const part of this.#stored(place)) {
      if (part.part < first) {
        part.release?.(part.ciphertext);
        continue;
      }
      checkPart(part, row, expected++);
      const opening = this.#opener.open(key, part);
      const bytes = opening instanceof Promise ? await opening : opening;
      yield { bytes, release: () => part.release?.(bytes) };
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

  async #storedTable(row: FragmentRow): Promise<StoredTable | undefined> {
    let place = row;
    for (let retries = 0; ; retries++) {
      try {
        const stored = await this.#reads.run(() => this.#options.journal.readTable(place));
        if (stored === undefined || (stored.sequence === row.sequence && stored.random === row.random)) return stored;
        throw new RecordDamaged(`the table of fragment ${row.sequence} of stream ${row.streamId} is not where it was`);
      } catch (error) {
        if (retries === MAX_RETRIES || !(error instanceof RecordGone)) throw whereUnavailable(error);
        place = await this.#lookUp(row, error);
      }
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

/** The error of the API where a record cannot be read for now; `error` itself where it is another. */
function whereUnavailable(error: unknown): unknown {
  if (!(error instanceof RecordUnavailable)) return error;
  const message = "The server cannot open the archive's files at the moment: no file descriptors are left.";
  return new DomainError("archive-unavailable", message, { cause: error });
}

/** The first bytes of a fragment. */
const joined = (pieces: readonly LentBytes[]): Uint8Array =>
  pieces.length === 1 ? pieces[0]!.bytes : Buffer.concat(pieces.map(({ bytes }) => bytes));

class OpenedFragment implements StoredFragment {
  readonly row: FragmentRow;
  readonly head: FragmentHead;
  readonly bodyStart: number;
  frames = 0;
  readonly #ahead: LentBytes[];
  readonly #parts: AsyncGenerator<LentBytes, void>;

  constructor(
    row: FragmentRow,
    { head, bodyStart }: NonNullable<ReturnType<typeof decodeHead>>,
    ahead: LentBytes[],
    parts: AsyncGenerator<LentBytes, void>,
  ) {
    this.row = row;
    this.head = head;
    this.bodyStart = bodyStart;
    this.#ahead = ahead;
    this.#parts = parts;
  }

  async *body(from = this.bodyStart): AsyncGenerator<LentBytes, void> {
    const end = this.row.size - FOOTER_BYTES;
    const footer: Buffer[] = [];
    let offset = 0;
    for await (const { bytes, release } of this.#all()) {
      const start = offset;
      offset += bytes.length;
      // Copied before the part is handed out, to whom it belongs then.
      if (offset > end) footer.push(Buffer.from(bytes.subarray(Math.max(0, end - start))));
      if (offset > from && start < end) {
        yield { bytes: bytes.subarray(Math.max(0, from - start), Math.max(0, end - start)), release };
      } else release();
    }
    if (offset !== this.row.size) {
      throw new RecordDamaged(`fragment ${this.row.sequence} has ${offset} bytes, expected ${this.row.size}`);
    }
    this.frames = decodeFooter(Buffer.concat(footer)).frames;
  }

  async close(): Promise<void> {
    releaseAll(this.#ahead.splice(0));
    await this.#parts.return();
  }

  async *#all(): AsyncGenerator<LentBytes, void> {
    try {
      for (let part = this.#ahead.shift(); part !== undefined; part = this.#ahead.shift()) yield part;
      yield* this.#parts;
    } finally {
      await this.close();
    }
  }
}
