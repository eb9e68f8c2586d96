import type { StatementSync } from "node:sqlite";
import type { Database } from "./database.ts";

interface SegmentChange {
  bytes: number;
  fragments: number;
}

interface StreamChange extends SegmentChange {
  longest: number;
}

/**
 * Gathers what a transaction changes in the sums of segments and streams, so that each sum is written once for each batch.
 * `apply` must run in the transaction that changes the rows.
 */
export class IndexSums {
  readonly #segmentChanges = new Map<number, SegmentChange>();
  readonly #streamChanges = new Map<number, StreamChange>();
  readonly #updateSegment: StatementSync;
  readonly #updateStream: StatementSync;
  readonly #dropEmptyStream: StatementSync;

  constructor(database: Database) {
    this.#updateSegment = database.prepare(
      "UPDATE segments SET live_bytes = live_bytes + ?, live_fragments = live_fragments + ? WHERE segment = ?",
    );
    this.#updateStream = database.prepare(`
      INSERT INTO streams (stream_id, fragments, bytes, longest) VALUES (?, ?, ?, ?)
      ON CONFLICT (stream_id) DO UPDATE SET
        fragments = fragments + excluded.fragments, bytes = bytes + excluded.bytes, longest = max(longest, excluded.longest)`);
    this.#dropEmptyStream = database.prepare("DELETE FROM streams WHERE stream_id = ? AND fragments = 0");
  }

  /** Forgets what an earlier transaction that failed had gathered. */
  reset(): void {
    this.#segmentChanges.clear();
    this.#streamChanges.clear();
  }

  /** @param bytes of the records; negative, as `fragments`, for what leaves the segment */
  segment(segment: number, bytes: number, fragments: number): void {
    const change = this.#segmentChanges.get(segment);
    if (change === undefined) this.#segmentChanges.set(segment, { bytes, fragments });
    else {
      change.bytes += bytes;
      change.fragments += fragments;
    }
  }

  /** @param bytes of the fragments before sealing; negative, as `fragments`, for what leaves the stream */
  stream(streamId: number, bytes: number, fragments: number, duration: number): void {
    const change = this.#streamChanges.get(streamId);
    if (change === undefined) this.#streamChanges.set(streamId, { bytes, fragments, longest: duration });
    else {
      change.bytes += bytes;
      change.fragments += fragments;
      change.longest = Math.max(change.longest, duration);
    }
  }

  /** @throws Error where a fragment was added to a segment that is not known */
  apply(): void {
    for (const [segment, { bytes, fragments }] of this.#segmentChanges) {
      const { changes } = this.#updateSegment.run(bytes, fragments, segment);
      if (changes === 0 && fragments > 0) throw new Error(`segment ${segment} is not known to the index`);
    }
    for (const [streamId, { bytes, fragments, longest }] of this.#streamChanges) {
      this.#updateStream.run(streamId, fragments, bytes, longest);
      if (fragments < 0) this.#dropEmptyStream.run(streamId);
    }
    this.reset();
  }
}
