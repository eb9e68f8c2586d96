import type { FragmentPlace, FragmentRow } from "./fragment.ts";

/** Which of a fragment's two clocks a query means. */
export type FragmentClock = "serverTimestamp" | "producerTimestamp";

/** Streams that a query may see: rows with `serverTimestamp` below `horizon` are expired and never returned. */
export interface FragmentScope {
  readonly streamId: number;
  /** Milliseconds since the epoch; 0 where nothing has expired. */
  readonly horizon: number;
}

/** The state of a journal segment as the index knows it. */
export interface SegmentRow {
  readonly segment: number;
  readonly retentionClass: number;
  /** Bytes of all records in the file. */
  readonly bytes: number;
  /** Bytes of records whose fragments still have a row. */
  readonly liveBytes: number;
  readonly liveFragments: number;
  /** Largest serverTimestamp of any fragment in it, ms since the epoch. */
  readonly newest: number;
}

/**
 * One row for each readable fragment. It holds nothing that the journal does not: it can be dropped and rebuilt.
 * Queries return rows in ascending sequence unless said; every list is bounded by `limit`.
 */
export interface FragmentIndex {
  /** Inserts rows in one transaction; a row that exists (same stream and sequence) is replaced. Visible to every query when it returns. */
  insert(rows: readonly FragmentRow[]): void;
  /** Rows with sequence > `after`. */
  after(scope: FragmentScope, after: number, limit: number): Promise<FragmentRow[]>;
  bySequence(scope: FragmentScope, sequence: number): Promise<FragmentRow | undefined>;
  newest(scope: FragmentScope): Promise<FragmentRow | undefined>;
  /**
   * The fragment that contains `time` on `clock` (starts at or before it and lasts beyond it), else the one that starts soonest after it.
   */
  at(scope: FragmentScope, clock: FragmentClock, time: number): Promise<FragmentRow | undefined>;
  /** Rows that start in [from, to] on `clock` with sequence > `after`, ascending by sequence. */
  range(
    scope: FragmentScope,
    clock: FragmentClock,
    span: { from: number; to: number },
    after: number,
    limit: number,
  ): Promise<FragmentRow[]>;
  /** Removes at most `limit` rows of a stream that were received before `horizon`; resolves to how many it removed. */
  expire(streamId: number, horizon: number, limit: number): Promise<number>;
  /** Removes at most `limit` rows of streams that `exists` denies; resolves to how many it removed. */
  purge(exists: (streamId: number) => boolean, limit: number): Promise<number>;
  /** Fragment count, bytes and the newest sequence of one stream. */
  totals(streamId: number): Promise<{ fragments: number; bytes: number; newestSequence: number }>;
  segments(): Promise<SegmentRow[]>;
  /** Rows whose records lie in `segment`, ascending by first offset. */
  inSegment(segment: number): Promise<FragmentRow[]>;
  /** Moves rows to new places in one transaction; a row that has gone meanwhile stays gone. */
  move(moves: readonly { row: FragmentRow; to: FragmentPlace }[]): Promise<void>;
  close(): Promise<void>;
}
