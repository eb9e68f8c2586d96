import type { FragmentIdentity, FragmentPlace, FragmentRow, FragmentSummary } from "../../ports/fragment.ts";
import type { FragmentLedger } from "../../ports/fragment-index.ts";
import {
  type CollectSummary,
  type FragmentWriter,
  type Journal,
  type JournalStats,
  JournalUnavailable,
  MAX_PART_BYTES,
  MAX_PARTS,
  MAX_TABLE_BYTES,
  RecordDamaged,
  RecordGone,
  releasePart,
  type SealedPart,
  type SealedTable,
  type SealingPart,
  type StoredPart,
  type StoredTable,
} from "../../ports/journal.ts";

/** What ends a fragment, known with its last part. */
interface FragmentEnd {
  readonly summary: FragmentSummary;
  readonly table: SealedTable | undefined;
}

interface MemoryRecord extends StoredPart {
  readonly length: number;
  readonly table: SealedTable | undefined;
}

interface MemorySegment {
  readonly records: Map<number, MemoryRecord>;
  bytes: number;
  /** Fragments that were begun here and neither committed nor given up. */
  writers: number;
}

const byteLength = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** Bytes that a record's header would take, so that no two records have the same offset. */
const HEADER_BYTES = 1;

/**
 * A journal that keeps its records in memory: the port's behaviour without its durability, for tests and for models of the file journal.
 * Every fragment may go to a segment of its own, so that `collect` frees what no row points to.
 */
export class MemoryJournal implements Journal {
  readonly #ledger: FragmentLedger;
  readonly #segments = new Map<number, MemorySegment>();
  #nextSegment = 1;
  #unavailable: JournalUnavailable | undefined;
  #committed = 0;
  #bytesWritten = 0;
  #commits: Promise<unknown> = Promise.resolve();

  constructor(ledger: FragmentLedger) {
    this.#ledger = ledger;
  }

  get writable(): boolean {
    return this.#unavailable === undefined;
  }

  get unavailable(): JournalUnavailable | undefined {
    return this.#unavailable;
  }

  /** Lets the journal fail as a full or broken disk would, or, with undefined, recover. */
  setUnavailable(unavailable: JournalUnavailable | undefined): void {
    this.#unavailable = unavailable;
  }

  begin(identity: FragmentIdentity, retentionClass: number): FragmentWriter {
    const id = this.#nextSegment++;
    const segment: MemorySegment = { records: new Map(), bytes: 0, writers: 1 };
    const extents: number[] = [];
    let ended = false;
    let parts = 0;
    let placed: Promise<void> = Promise.resolve();
    const check = (length: number): void => {
      if (ended) throw new Error("the fragment was committed or given up");
      if (parts === MAX_PARTS) throw new RangeError(`a fragment has at most ${MAX_PARTS} parts`);
      if (length > MAX_PART_BYTES) throw new RangeError(`a part has at most ${MAX_PART_BYTES} bytes`);
      if (this.#unavailable !== undefined) throw this.#unavailable;
    };
    /** Parts are put in the order in which they come, however late each is sealed. */
    const put = (part: SealedPart | SealingPart, end: FragmentEnd | undefined): Promise<void> => {
      try {
        check("sealed" in part ? part.length : byteLength(part.ciphertext));
        if ((end?.table?.ciphertext.length ?? 0) > MAX_TABLE_BYTES) {
          throw new RangeError(`a table has at most ${MAX_TABLE_BYTES} bytes`);
        }
      } catch (refusal) {
        releasePart(part);
        throw refusal;
      }
      parts++;
      placed = Promise.all([placed, "sealed" in part ? part.sealed : part]).then(([, sealed]) => {
        this.#put(id, segment, extents, { identity, part: sealed, end });
        sealed.release?.();
      });
      return placed;
    };
    return {
      append: async (part) => put(part, undefined),
      commit: async (part, summary, table) => {
        const whole = put(part, { summary, table });
        ended = true;
        const row: FragmentRow = { ...identity, ...summary, segment: id, extents };
        const commit = Promise.all([this.#commits, whole])
          .then(() => this.#insert(row, retentionClass, segment))
          .finally(() => segment.writers--);
        this.#commits = commit.catch(() => undefined);
        await commit;
        return row;
      },
      abort: () => {
        if (!ended) segment.writers--;
        ended = true;
      },
    };
  }

  async *read(row: FragmentIdentity & FragmentPlace): AsyncGenerator<StoredPart> {
    for (let i = 0; i < row.extents.length; i += 2) {
      const record = this.#segments.get(row.segment)?.records.get(row.extents[i]!);
      if (record === undefined) throw new RecordGone(`segment ${row.segment} no longer exists`);
      if (record.streamId !== row.streamId || record.sequence !== row.sequence) {
        throw new RecordDamaged(`the record is not of fragment ${row.sequence} of stream ${row.streamId}`);
      }
      const { length: _length, table: _table, ...part } = record;
      yield { ...part, ciphertext: new Uint8Array(part.ciphertext) };
    }
  }

  async readTable(row: FragmentIdentity & FragmentPlace): Promise<StoredTable | undefined> {
    const record = this.#segments.get(row.segment)?.records.get(row.extents.at(-2)!);
    if (record === undefined) throw new RecordGone(`segment ${row.segment} no longer exists`);
    const { streamId, sequence, serverTimestamp, producerTimestamp, random, summary, table } = record;
    if (streamId !== row.streamId || sequence !== row.sequence) {
      throw new RecordDamaged(`the record is not of fragment ${row.sequence} of stream ${row.streamId}`);
    }
    if (summary === undefined || table === undefined) return undefined;
    return { streamId, sequence, serverTimestamp, producerTimestamp, random, summary, ...table };
  }

  async lendFiles(): Promise<undefined> {}

  stats(): JournalStats {
    let storedBytes = 0;
    for (const { bytes } of this.#segments.values()) storedBytes += bytes;
    return {
      bytesWritten: this.#bytesWritten,
      syncs: 0,
      fragments: this.#committed,
      pendingBytes: 0,
      storedBytes,
      segments: this.#segments.size,
    };
  }

  async collect(): Promise<CollectSummary> {
    const live = new Set(
      this.#ledger
        .segments()
        .filter((row) => row.liveFragments > 0)
        .map((row) => row.segment),
    );
    const dead = [...this.#segments].filter(([id, { writers }]) => writers === 0 && !live.has(id));
    let freedBytes = 0;
    for (const [id, { bytes }] of dead) {
      this.#segments.delete(id);
      freedBytes += bytes;
    }
    await this.#ledger.dropSegments(dead.map(([id]) => id));
    return { dropped: dead.length, compacted: 0, freedBytes, copiedBytes: 0, more: false };
  }

  async close(): Promise<void> {
    await this.#commits;
    this.#unavailable = new JournalUnavailable("closed", "the journal is closed");
  }

  #put(
    id: number,
    segment: MemorySegment,
    extents: number[],
    record: {
      identity: FragmentIdentity;
      part: SealedPart;
      end: FragmentEnd | undefined;
    },
  ): void {
    const { identity, part, end } = record;
    const { nonce, tag } = part;
    const length = byteLength(part.ciphertext) + HEADER_BYTES;
    const ciphertext = Buffer.concat(part.ciphertext);
    const stored = { ...identity, part: extents.length / 2, nonce, tag, ciphertext, length, table: end?.table };
    this.#segments.set(id, segment);
    segment.records.set(segment.bytes, end === undefined ? stored : { ...stored, summary: end.summary });
    extents.push(segment.bytes, length);
    segment.bytes += length;
    this.#bytesWritten += length;
  }

  async #insert(row: FragmentRow, retentionClass: number, segment: MemorySegment): Promise<void> {
    if (this.#unavailable !== undefined && this.#unavailable.reason !== "closed") throw this.#unavailable;
    this.#ledger.addSegment(row.segment, retentionClass);
    this.#ledger.insert([row]);
    this.#ledger.sealSegment(row.segment, segment.bytes);
    this.#committed++;
  }
}
