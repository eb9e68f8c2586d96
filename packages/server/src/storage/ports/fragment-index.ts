import type { FragmentPlace, FragmentRow, TimedFragment } from "./fragment.ts";

/** Which of a fragment's two clocks a query means. */
export type FragmentClock = "serverTimestamp" | "producerTimestamp";

/** Streams that a query may see: rows with `serverTimestamp` below `horizon` are expired and never returned. */
export interface FragmentScope {
  readonly streamId: number;
  /** Milliseconds since the epoch; 0 where nothing has expired. */
  readonly horizon: number;
}

/** The last row of a page of `range`: its start on the queried clock, and its sequence. The next page begins behind it. */
export interface FragmentCursor {
  readonly time: number;
  readonly sequence: number;
}

/** What one stream holds in the archive, rows that are expired but not yet removed included. */
export interface FragmentTotals {
  readonly fragments: number;
  /** Sum of the fragments' sizes before sealing. */
  readonly bytes: number;
  /** 0 where the stream has no fragment. */
  readonly newestSequence: number;
}

/**
 * One row for each readable fragment. It holds nothing that the journal does not: it can be dropped and rebuilt.
 * Every list is bounded by `limit`; a query that has to pass over many expired rows yields to the event loop on its way.
 */
export interface FragmentIndex {
  /** Rows with sequence > `after`, ascending by sequence. */
  after(scope: FragmentScope, after: number, limit: number): Promise<FragmentRow[]>;
  bySequence(scope: FragmentScope, sequence: number): Promise<FragmentRow | undefined>;
  /** The row with the highest sequence. */
  newest(scope: FragmentScope): Promise<FragmentRow | undefined>;
  /**
   * The fragment that contains `time` on `clock` (starts at or before it and lasts beyond it), else the one that starts soonest after it.
   * Where several qualify, the one that starts last, and of those that start together the one with the lowest sequence.
   */
  at(scope: FragmentScope, clock: FragmentClock, time: number): Promise<FragmentRow | undefined>;
  /**
   * Rows that start in [from, to] on `clock`, behind the cursor `after`, ascending by (start on `clock`, sequence). For a producer whose
   * clock ascends this is the order of the fragment numbers; where footage was sent twice it is the order of the timeline.
   */
  range(
    scope: FragmentScope,
    clock: FragmentClock,
    span: { from: number; to: number },
    after: FragmentCursor | undefined,
    limit: number,
  ): Promise<FragmentRow[]>;
  /** The same rows as `range` gives, without their places: for timelines, which read a day of them at once. */
  timeline(
    scope: FragmentScope,
    clock: FragmentClock,
    span: { from: number; to: number },
    after: FragmentCursor | undefined,
    limit: number,
  ): Promise<TimedFragment[]>;
  /** Removes at most `limit` rows of a stream that were received before `horizon`; resolves to how many it removed. */
  expire(streamId: number, horizon: number, limit: number): Promise<number>;
  /** Removes at most `limit` rows of streams that `exists` denies; resolves to how many it removed. */
  purge(exists: (streamId: number) => boolean, limit: number): Promise<number>;
  totals(streamId: number): Promise<FragmentTotals>;
  /**
   * How many rows of a stream were inserted since the index was opened. While the answer stays the same, no row has come that a query did not
   * see before.
   */
  insertions(streamId: number): number;
  close(): Promise<void>;
}

/** The state of a journal segment as the index knows it. */
export interface SegmentRow {
  readonly segment: number;
  readonly retentionClass: number;
  /** Bytes of the file up to the end of its last valid record; 0 until it is sealed. */
  readonly bytes: number;
  /** Bytes of records whose fragments still have a row. */
  readonly liveBytes: number;
  readonly liveFragments: number;
  /** A sealed segment takes no more records, and every fragment in it that may be seen has had its row: it need not be scanned again. */
  readonly sealed: boolean;
}

/** A row's new place, valid only while the row still lies in `from`. */
export interface FragmentMove extends FragmentPlace {
  readonly streamId: number;
  readonly sequence: number;
  /** The segment that the fragment was copied out of. */
  readonly from: number;
}

/**
 * The side of the fragment index that a journal writes. Writes are atomic and ordered: after a crash the index holds those of a prefix of
 * time, not necessarily the last ones. A journal therefore scans the segments that are not sealed when it starts.
 */
export interface FragmentLedger {
  /** Syncs of the index's own files since the start. */
  syncs(): number;
  /** Makes a segment known, open, with no fragment. A segment that is known is left as it is. */
  addSegment(segment: number, retentionClass: number): void;
  /**
   * Inserts rows of known segments in one transaction; a row that exists (same stream and sequence) is replaced.
   * Visible to every query when it returns. Throws where the index cannot be written, `JournalUnavailable` ("disk-full") where space is the
   * reason; then none of the rows is visible.
   */
  insert(rows: readonly FragmentRow[]): void;
  /** Undefined where the next `insert` may follow at once, else a promise to wait for first: the index is catching up with its own log. */
  pressure(): Promise<void> | undefined;
  /** Marks a segment sealed, `bytes` long. */
  sealSegment(segment: number, bytes: number): void;
  /** Forgets segments and every row that still points to them; resolves to the number of those rows. */
  dropSegments(segments: readonly number[]): Promise<number>;
  /** Every known segment, ascending. */
  segments(): SegmentRow[];
  /** The rows of these fragments, in the same order, undefined where a fragment has none. */
  locate(fragments: readonly { streamId: number; sequence: number }[]): (FragmentRow | undefined)[];
  /** Moves rows to new places in one transaction; a row that has gone or moved meanwhile stays as it is. Returns how many moved. */
  move(moves: readonly FragmentMove[]): number;
  /** Resolves when everything written so far survives a power loss. */
  flush(): Promise<void>;
  /** At most `limit` rows of all streams behind `after`, ascending by stream and sequence: for checks that see everything. */
  walk(after: { streamId: number; sequence: number } | undefined, limit: number): FragmentRow[];
  /** Looks through the index's own structure; returns what is wrong with it, in words. Takes seconds for each million rows. */
  check(): string[];
}
