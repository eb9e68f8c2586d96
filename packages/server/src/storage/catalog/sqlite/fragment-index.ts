import type { StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FragmentRow, TimedFragment } from "../../ports/fragment.ts";
import type {
  FragmentClock,
  FragmentCursor,
  FragmentIndex,
  FragmentScope,
  FragmentTotals,
} from "../../ports/fragment-index.ts";
import type { Database } from "./database.ts";
import {
  CLOCK_COLUMN,
  type Columns,
  FRAGMENT_COLUMNS,
  MOST_PACKED_SPAN,
  PACKED_COLUMNS,
  storedBytes,
  TIMED_COLUMNS,
  toExtents,
  toFragment,
  toTimed,
  toTimedFrom,
} from "./index-schema.ts";
import type { IndexSums } from "./index-sums.ts";
import type { Insertions } from "./insertions.ts";

/** Rows that one statement reads or removes before the event loop gets its turn: one to three milliseconds. */
const ROWS_PER_TURN = 1000;

/**
 * How many fragments, those that start latest before the time asked for, `at` considers. Only fragments that overlap others (footage sent
 * twice, several producers) or that are much shorter than the stream's longest one come near it.
 */
const LOOK_BACK = 1024;

/**
 * As many rows as are asked for. Where a limit is a parameter and nothing else, SQLite plans for its value: it parses and plans the statement
 * anew each time that one is bound (3.53), which takes longer than to read a row.
 */
const LIMIT = "LIMIT :limit + 0";

interface ClockStatements {
  readonly containing: StatementSync;
  readonly behind: StatementSync;
  /** As `behind`, with the columns of a timeline. */
  readonly timedBehind: StatementSync;
  /** Of what `behind` would give: the first sequence; and the last, where there are as many as are asked for. */
  readonly first: StatementSync;
  readonly last: StatementSync;
  /** Of the same: the least sequence, the greatest, and how many there are. */
  readonly reach: StatementSync;
}

/** What `range` and `timeline` ask for. */
interface RangeQuery {
  readonly scope: FragmentScope;
  readonly clock: FragmentClock;
  readonly span: { readonly from: number; readonly to: number };
  readonly after: FragmentCursor | undefined;
  readonly limit: number;
}

/** What the statements behind a cursor take. */
type PageParameters = Record<"stream" | "time" | "sequence" | "to" | "limit", number>;

/** Reads a page behind a cursor. */
type Read<Row> = (parameters: PageParameters) => Row[];

/** The statements that read by one of the clocks. */
function clockStatements(database: Database, clock: FragmentClock): ClockStatements {
  const start = CLOCK_COLUMN[clock];
  const page = (columns: string, limit = LIMIT): string =>
    `SELECT ${columns} FROM fragments
     WHERE stream_id = :stream AND (${start}, sequence) > (:time, :sequence) AND ${start} <= :to
     ORDER BY ${start}, sequence ${limit}`;
  return {
    // Goes back by the stream's longest fragment, as what starts earlier cannot contain the time, and 1 ms for the rounding of fractions.
    containing: rows(
      database,
      `SELECT ${FRAGMENT_COLUMNS} FROM fragments WHERE stream_id = :stream AND sequence = (
         SELECT sequence FROM (
           SELECT sequence, ${start} AS start, duration, server_ts FROM fragments
           WHERE stream_id = :stream AND ${start} <= :time
             AND ${start} >= :time - 1 - (SELECT longest FROM streams WHERE stream_id = :stream)
           ORDER BY ${start} DESC LIMIT ${LOOK_BACK})
         WHERE (start + duration > :time OR start = :time) AND server_ts >= :horizon
         ORDER BY start DESC, sequence LIMIT 1)`,
    ),
    behind: rows(database, page(FRAGMENT_COLUMNS)),
    timedBehind: rows(database, page(TIMED_COLUMNS)),
    first: rows(database, page("sequence", "LIMIT 1")),
    last: rows(database, page("sequence", "LIMIT 1 OFFSET :limit - 1")),
    reach: rows(database, `SELECT min(sequence), max(sequence), count(*) FROM (${page("sequence")})`),
  };
}

function rows(database: Database, sql: string): StatementSync {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** Runs a statement that returns arrays; node:sqlite types every row as an object. */
function fragments(statement: StatementSync, parameters: Record<string, number>): FragmentRow[] {
  return (statement.all(parameters) as unknown as Columns[]).map(toFragment);
}

/** Whether rows that ascend by sequence do so by the time of a clock too. */
function inOrder(rows: readonly TimedFragment[], clock: FragmentClock): boolean {
  let last = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    if (row[clock] < last) return false;
    last = row[clock];
  }
  return true;
}

/** What a page of a range begins with, in the order of a clock: the cursor, or the span's own start. */
function firstOf(
  scope: FragmentScope,
  clock: FragmentClock,
  from: number,
  after: FragmentCursor | undefined,
): FragmentCursor {
  const start = clock === "serverTimestamp" ? Math.max(from, scope.horizon) : from;
  return after !== undefined && after.time >= start ? after : { time: start, sequence: -1 };
}

/** The fragment index in SQLite: what readers and retention see of it. */
export class SqliteFragmentIndex implements FragmentIndex {
  readonly #database: Database;
  readonly #sums: IndexSums;
  readonly #insertions: Insertions;
  readonly #close: () => Promise<void>;
  readonly #clocks: Record<FragmentClock, ClockStatements>;
  readonly #packed: StatementSync;
  readonly #after: StatementSync;
  readonly #before: StatementSync;
  readonly #anyLive: StatementSync;
  readonly #totals: StatementSync;
  readonly #streams: StatementSync;
  readonly #remove: StatementSync;

  /** @param close releases the database and what serves it */
  constructor(database: Database, sums: IndexSums, insertions: Insertions, close: () => Promise<void>) {
    this.#database = database;
    this.#sums = sums;
    this.#insertions = insertions;
    this.#close = close;
    this.#clocks = {
      serverTimestamp: clockStatements(database, "serverTimestamp"),
      producerTimestamp: clockStatements(database, "producerTimestamp"),
    };
    this.#packed = rows(
      database,
      `SELECT ${PACKED_COLUMNS} FROM fragments
       WHERE stream_id = :stream AND sequence BETWEEN :first AND :last ORDER BY sequence ${LIMIT}`,
    );
    const select = `SELECT ${FRAGMENT_COLUMNS} FROM fragments WHERE stream_id = :stream`;
    this.#after = rows(database, `${select} AND sequence > :sequence ORDER BY sequence ${LIMIT}`);
    this.#before = rows(database, `${select} AND sequence < :sequence ORDER BY sequence DESC ${LIMIT}`);
    this.#anyLive = rows(database, "SELECT 1 FROM fragments WHERE stream_id = ? AND server_ts >= ? LIMIT 1");
    this.#totals = database.prepare("SELECT fragments, bytes FROM streams WHERE stream_id = ?");
    this.#streams = database.prepare("SELECT stream_id FROM streams");
    this.#remove = rows(
      database,
      `DELETE FROM fragments WHERE stream_id = :stream AND sequence IN (
         SELECT sequence FROM fragments WHERE stream_id = :stream AND server_ts < :horizon ${LIMIT})
       RETURNING segment, size, offset, length, extents`,
    );
  }

  after(scope: FragmentScope, after: number, limit: number): Promise<FragmentRow[]> {
    const stream = scope.streamId;
    const page = (last: FragmentRow | undefined, count: number) =>
      fragments(this.#after, { stream, sequence: last?.sequence ?? after, limit: count });
    return live(page, scope.horizon, limit);
  }

  async bySequence(scope: FragmentScope, sequence: number): Promise<FragmentRow | undefined> {
    const [row] = fragments(this.#after, { stream: scope.streamId, sequence: sequence - 1, limit: 1 });
    return row?.sequence === sequence && row.serverTimestamp >= scope.horizon ? row : undefined;
  }

  async newest(scope: FragmentScope): Promise<FragmentRow | undefined> {
    const stream = scope.streamId;
    if (this.#anyLive.get(stream, scope.horizon) === undefined) return undefined;
    const page = (last: FragmentRow | undefined, count: number) =>
      fragments(this.#before, { stream, sequence: last?.sequence ?? Number.MAX_SAFE_INTEGER, limit: count });
    return (await live(page, scope.horizon, 1))[0];
  }

  async at(scope: FragmentScope, clock: FragmentClock, time: number): Promise<FragmentRow | undefined> {
    const { streamId: stream, horizon } = scope;
    const [containing] = fragments(this.#clocks[clock].containing, { stream, time, horizon });
    if (containing !== undefined) return containing;
    const end = { from: time, to: Number.MAX_VALUE };
    const cursor = { time, sequence: Number.MAX_SAFE_INTEGER };
    return (await this.range(scope, clock, end, cursor, 1))[0];
  }

  range(
    scope: FragmentScope,
    clock: FragmentClock,
    span: { from: number; to: number },
    after: FragmentCursor | undefined,
    limit: number,
  ): Promise<FragmentRow[]> {
    const { behind } = this.#clocks[clock];
    return this.#range((parameters) => fragments(behind, parameters), { scope, clock, span, after, limit });
  }

  timeline(
    scope: FragmentScope,
    clock: FragmentClock,
    span: { from: number; to: number },
    after: FragmentCursor | undefined,
    limit: number,
  ): Promise<TimedFragment[]> {
    return this.#range((parameters) => this.#timed(clock, parameters), { scope, clock, span, after, limit });
  }

  /**
   * A page of a timeline. Where its fragments arrived in its order, and no others between them, as nearly always, they lie side by side in the
   * table: that is read without a search for each of them. The index tells what there is: as many fragments from one sequence to another as the
   * page has, in its order, can be no others where these are its ends, or the least and the greatest of it.
   */
  #timed(clock: FragmentClock, parameters: PageParameters): TimedFragment[] {
    const { timedBehind } = this.#clocks[clock];
    const { stream } = parameters;
    const [first, last, count] = this.#reach(clock, parameters);
    if (count === 0) return [];
    if (last - first < MOST_PACKED_SPAN) {
      const packed = this.#packed.all({ stream, first, last, limit: count + 1 }) as unknown as Columns[];
      const page = packed.length === count ? packed.map((row) => toTimedFrom(stream, first, row)) : [];
      if (page.length > 0 && inOrder(page, clock)) return page;
    }
    return (timedBehind.all(parameters) as unknown as Columns[]).map((row) => toTimed(stream, row));
  }

  /** Two sequences between which a page may lie, and how many fragments it has. Of a whole page its ends, for which the index is passed over faster. */
  #reach(clock: FragmentClock, parameters: PageParameters): [first: number, last: number, count: number] {
    const { first, last, reach } = this.#clocks[clock];
    const end = last.get(parameters) as unknown as [number] | undefined;
    if (end === undefined) return reach.get(parameters) as unknown as [number, number, number];
    const { limit, ...behind } = parameters;
    const [start] = first.get(behind) as unknown as [number];
    return [start, end[0], limit];
  }

  #range<Row extends TimedFragment>(read: Read<Row>, query: RangeQuery): Promise<Row[]> {
    const { scope, clock, span, after, limit } = query;
    const first = firstOf(scope, clock, span.from, after);
    const page = (last: Row | undefined, count: number) => {
      const { time, sequence } = last === undefined ? first : { time: last[clock], sequence: last.sequence };
      return read({ stream: scope.streamId, time, sequence, to: span.to, limit: count });
    };
    return live(page, scope.horizon, limit);
  }

  async expire(streamId: number, horizon: number, limit: number): Promise<number> {
    let removed = 0;
    while (removed < limit) {
      const want = Math.min(ROWS_PER_TURN, limit - removed);
      const count = this.#removeSome(streamId, horizon, want);
      removed += count;
      if (count < want) break;
      await nextTurn();
    }
    return removed;
  }

  async purge(exists: (streamId: number) => boolean, limit: number): Promise<number> {
    let removed = 0;
    for (const row of this.#streams.all()) {
      const streamId = row.stream_id as number;
      if (removed >= limit) break;
      if (exists(streamId)) continue;
      this.#insertions.forget(streamId);
      removed += await this.expire(streamId, Number.POSITIVE_INFINITY, limit - removed);
    }
    return removed;
  }

  insertions(streamId: number): number {
    return this.#insertions.of(streamId);
  }

  async totals(streamId: number): Promise<FragmentTotals> {
    const sums = this.#totals.get(streamId);
    if (sums === undefined) return { fragments: 0, bytes: 0, newestSequence: 0 };
    const sequence = Number.MAX_SAFE_INTEGER;
    const [newest] = fragments(this.#before, { stream: streamId, sequence, limit: 1 });
    return {
      fragments: sums.fragments as number,
      bytes: sums.bytes as number,
      newestSequence: newest?.sequence ?? 0,
    };
  }

  close(): Promise<void> {
    return this.#close();
  }

  #removeSome(stream: number, horizon: number, limit: number): number {
    return this.#database.transaction(() => {
      this.#sums.reset();
      const removed = this.#remove.all({ stream, horizon, limit }) as unknown as Columns[];
      for (const [segment, size, offset, length, others] of removed) {
        this.#sums.segment(segment as number, -storedBytes(toExtents(offset, length, others)), -1);
        this.#sums.stream(stream, -(size as number), -1, 0);
      }
      this.#sums.apply();
      return removed.length;
    });
  }
}

/** Collects up to `limit` rows at or above the horizon from pages that each begin behind the `last` row of the one before. */
async function live<Row extends TimedFragment>(
  page: (last: Row | undefined, count: number) => Row[],
  horizon: number,
  limit: number,
): Promise<Row[]> {
  const found: Row[] = [];
  let last: Row | undefined;
  for (let count = Math.min(limit, ROWS_PER_TURN); found.length < limit; count = ROWS_PER_TURN) {
    const chunk = page(last, count);
    for (const row of chunk) if (row.serverTimestamp >= horizon && found.length < limit) found.push(row);
    if (chunk.length < count) break;
    last = chunk.at(-1);
    if (found.length < limit) await nextTurn();
  }
  return found;
}
