import type { StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FragmentRow } from "../../ports/fragment.ts";
import type { FragmentLedger, FragmentMove, SegmentRow } from "../../ports/fragment-index.ts";
import { JournalUnavailable } from "../../ports/journal.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { type Database, isFull } from "./database.ts";
import {
  type Columns,
  FRAGMENT_COLUMNS,
  otherExtents,
  storedBytes,
  toBeginning,
  toFragment,
  toSegment,
} from "./index-schema.ts";
import type { IndexSums } from "./index-sums.ts";
import type { Insertions } from "./insertions.ts";

/** Rows that a walk over the whole table looks at before the event loop gets its turn: some two milliseconds. */
const ROWS_PER_TURN = 5000;

interface RowKey {
  readonly streamId: number;
  readonly sequence: number;
}

/** The fragment index in SQLite: what a journal writes. */
export class SqliteFragmentLedger implements FragmentLedger {
  readonly #database: Database;
  readonly #sums: IndexSums;
  readonly #insertions: Insertions;
  readonly #checkpointer: Checkpointer | undefined;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #move: StatementSync;
  readonly #find: StatementSync;
  readonly #walk: StatementSync;
  readonly #addSegment: StatementSync;
  readonly #sealSegment: StatementSync;
  readonly #dropSegment: StatementSync;
  readonly #segments: StatementSync;

  /** @param checkpointer absent where the index has no file */
  constructor(database: Database, sums: IndexSums, insertions: Insertions, checkpointer: Checkpointer | undefined) {
    this.#database = database;
    this.#sums = sums;
    this.#insertions = insertions;
    this.#checkpointer = checkpointer;
    this.#insert = database.prepare(
      `INSERT OR IGNORE INTO fragments (${FRAGMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#delete = database.prepare("DELETE FROM fragments WHERE stream_id = ? AND sequence = ?");
    this.#move = database.prepare(
      "UPDATE fragments SET segment = ?, offset = ?, length = ?, extents = ? WHERE stream_id = ? AND sequence = ?",
    );
    this.#find = database.prepare(`SELECT ${FRAGMENT_COLUMNS} FROM fragments WHERE stream_id = ? AND sequence = ?`);
    this.#find.setReturnArrays(true);
    this.#walk = database.prepare(
      `SELECT ${FRAGMENT_COLUMNS} FROM fragments WHERE (stream_id, sequence) > (?, ?) ORDER BY 1, 2 LIMIT ?`,
    );
    this.#walk.setReturnArrays(true);
    this.#addSegment = database.prepare("INSERT OR IGNORE INTO segments VALUES (?, ?, 0, 0, 0, 0)");
    this.#sealSegment = database.prepare("UPDATE segments SET sealed = 1, bytes = ? WHERE segment = ?");
    this.#dropSegment = database.prepare("DELETE FROM segments WHERE segment = ?");
    this.#segments = database.prepare(
      "SELECT segment, retention_class, bytes, live_bytes, live_fragments, sealed FROM segments ORDER BY segment",
    );
    this.#segments.setReturnArrays(true);
  }

  syncs(): number {
    return this.#checkpointer?.syncs ?? 0;
  }

  addSegment(segment: number, retentionClass: number): void {
    this.#write(1, () => this.#addSegment.run(segment, retentionClass));
  }

  insert(rows: readonly FragmentRow[]): void {
    this.#write(rows.length, () => {
      for (const row of rows) this.#insertOne(row);
      this.#sums.apply();
    });
    this.#insertions.count(rows);
  }

  pressure(): Promise<void> | undefined {
    return this.#checkpointer?.pressure();
  }

  sealSegment(segment: number, bytes: number): void {
    this.#write(1, () => this.#sealSegment.run(bytes, segment));
  }

  async dropSegments(segments: readonly number[]): Promise<number> {
    const dropped = new Set(segments);
    const hasRows = this.segments().some((row) => row.liveFragments > 0 && dropped.has(row.segment));
    const removed = hasRows ? await this.#removeRowsOf(dropped) : 0;
    this.#write(segments.length, () => {
      for (const segment of segments) this.#dropSegment.run(segment);
    });
    return removed;
  }

  segments(): SegmentRow[] {
    return (this.#segments.all() as unknown as Columns[]).map(toSegment);
  }

  locate(keys: readonly RowKey[]): (FragmentRow | undefined)[] {
    return keys.map((key) => this.#row(key));
  }

  move(moves: readonly FragmentMove[]): number {
    return this.#write(moves.length, () => {
      let moved = 0;
      for (const move of moves) if (this.#moveOne(move)) moved++;
      this.#sums.apply();
      return moved;
    });
  }

  async flush(): Promise<void> {
    await this.#checkpointer?.sync();
  }

  walk(after: RowKey | undefined, limit: number): FragmentRow[] {
    const { streamId, sequence } = after ?? { streamId: -1, sequence: -1 };
    return (this.#walk.all(streamId, sequence, limit) as unknown as Columns[]).map(toFragment);
  }

  check(): string[] {
    return this.#database.check();
  }

  /** One transaction that changes `rows` rows or so. */
  #write<T>(rows: number, body: () => T): T {
    try {
      return this.#database.transaction(() => {
        this.#sums.reset();
        return body();
      });
    } catch (error) {
      if (!isFull(error)) throw error;
      throw new JournalUnavailable("disk-full", "there is no space for the fragment index", { cause: error });
    } finally {
      this.#checkpointer?.written(rows);
    }
  }

  #insertOne(row: FragmentRow): void {
    const [offset = 0, length = 0] = row.extents;
    const others = otherExtents(row.extents);
    const insert = () =>
      this.#insert.run(
        row.streamId,
        row.sequence,
        row.serverTimestamp,
        row.producerTimestamp,
        row.random,
        row.duration,
        row.size,
        toBeginning(row),
        row.configuration,
        row.segment,
        offset,
        length,
        others,
      );
    if (insert().changes === 0) {
      this.#deleteOne(row);
      insert();
    }
    this.#sums.segment(row.segment, storedBytes(row.extents), 1);
    this.#sums.stream(row.streamId, row.size, 1, row.duration);
  }

  #deleteOne(key: RowKey): void {
    const row = this.#row(key);
    if (row === undefined) return;
    this.#delete.run(row.streamId, row.sequence);
    this.#sums.segment(row.segment, -storedBytes(row.extents), -1);
    this.#sums.stream(row.streamId, -row.size, -1, 0);
  }

  #moveOne({ streamId, sequence, from, segment, extents }: FragmentMove): boolean {
    const row = this.#row({ streamId, sequence });
    if (row === undefined || row.segment !== from) return false;
    const [offset = 0, length = 0] = extents;
    this.#move.run(segment, offset, length, otherExtents(extents), streamId, sequence);
    this.#sums.segment(from, -storedBytes(row.extents), -1);
    this.#sums.segment(segment, storedBytes(extents), 1);
    return true;
  }

  async #removeRowsOf(segments: ReadonlySet<number>): Promise<number> {
    let removed = 0;
    let last: FragmentRow | undefined;
    for (;;) {
      const chunk = this.walk(last, ROWS_PER_TURN);
      const doomed = chunk.filter((row) => segments.has(row.segment));
      this.#write(doomed.length, () => {
        for (const row of doomed) this.#deleteOne(row);
        this.#sums.apply();
      });
      removed += doomed.length;
      if (chunk.length < ROWS_PER_TURN) break;
      last = chunk.at(-1);
      await nextTurn();
    }
    return removed;
  }

  #row(key: RowKey): FragmentRow | undefined {
    const row = this.#find.get(key.streamId, key.sequence) as unknown as Columns | undefined;
    return row && toFragment(row);
  }
}
