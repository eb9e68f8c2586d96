import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { FragmentRow } from "../../ports/fragment.ts";
import type { FragmentLedger, FragmentMove, SegmentRow } from "../../ports/fragment-index.ts";
import { type CollectSummary, RecordDamaged } from "../../ports/journal.ts";
import { CopySegment } from "./copy-segment.ts";
import type { JournalLimits } from "./limits.ts";
import { toUnavailable } from "./open-segment.ts";
import { readRecord } from "./read-fragment.ts";
import { FragmentCollector, scanRecords } from "./scan.ts";
import type { ReadableSegment, SegmentFiles } from "./segment-files.ts";
import { HEADER_BLOCK_BYTES } from "./segment-header.ts";
import type { SegmentRegistry } from "./segment-registry.ts";

/** Copied bytes after which the copies are made durable and their rows moved. */
const BYTES_PER_MOVE = 32 * 1024 * 1024;
/** Rows moved in one transaction: some ten milliseconds of the event loop. */
const ROWS_PER_MOVE = 500;
/** A segment is worth copying when less than this part of it is live: then copying frees more than it writes. */
const LIVE_RATIO = 0.5;

/** Whether so few of the bytes of a segment's records are live that it is worth copying. */
export const isSparse = (liveBytes: number, recordBytes: number): boolean => liveBytes < recordBytes * LIVE_RATIO;

/** What a compactor works with. */
export interface CompactionParts {
  readonly files: SegmentFiles;
  readonly ledger: FragmentLedger;
  readonly limits: JournalLimits;
  readonly registry: SegmentRegistry;
  /** Counts syncs into the budget that all share. */
  readonly synced: (syncs: number) => void;
}

type Progress = { -readonly [K in keyof CollectSummary]: CollectSummary[K] };

/**
 * Gives the space of dead fragments back: unlinks segments in which nothing is live, and copies what is live out of segments that are mostly dead.
 * Copies are durable before their rows move, and moves before the old segment goes, so a crash at any point leaves each fragment with one row
 * that leads to its bytes; copies without a row are dead bytes of the new segment.
 */
export class Compactor {
  readonly #parts: CompactionParts;
  /** Segments whose live fragments cannot all be read: left alone, so that nothing of them is lost. */
  readonly #unreadable = new Set<number>();
  #running: Promise<CollectSummary> | undefined;
  #stopping = false;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
  }

  /** One bounded run; calls while it runs join it. */
  collect(): Promise<CollectSummary> {
    this.#running ??= this.#collect().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends a run at its next step; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running?.catch(() => undefined);
  }

  async #collect(): Promise<CollectSummary> {
    const progress: Progress = { dropped: 0, compacted: 0, freedBytes: 0, copiedBytes: 0, more: false };
    try {
      await this.#dropDead(progress);
      await this.#compact(progress);
    } catch (error) {
      throw toUnavailable(error);
    }
    return progress;
  }

  async #dropDead(progress: Progress): Promise<void> {
    const dead = this.#parts.ledger.segments().filter((row) => row.sealed && row.liveFragments === 0);
    if (dead.length === 0) return;
    // The removal of the last rows must be durable before the file goes: a row without its segment means lost data to the next start.
    await this.#parts.ledger.flush();
    this.#parts.synced(1);
    for (const { segment } of dead) await this.#remove(segment, progress);
    progress.dropped = dead.length;
  }

  async #remove(segment: number, progress: Progress): Promise<void> {
    await this.#parts.files.remove(segment);
    progress.freedBytes += this.#parts.registry.length(segment);
    this.#parts.registry.remove(segment);
    await this.#parts.ledger.dropSegments([segment]);
  }

  async #compact(progress: Progress): Promise<void> {
    const sparse = this.#parts.ledger.segments().filter((row) => this.#isSparse(row));
    sparse.sort((a, b) => a.retentionClass - b.retentionClass || a.liveBytes - b.liveBytes);
    let target: CopySegment | undefined;
    try {
      for (const source of sparse) {
        if (this.#stopping || progress.copiedBytes >= this.#parts.limits.compactionBytes) {
          progress.more = true;
          break;
        }
        if (target !== undefined && !this.#fits(target, source)) {
          await target.finish();
          target = undefined;
        }
        target ??= await CopySegment.create(this.#parts, source.retentionClass);
        await this.#empty(source, target, progress);
      }
    } finally {
      await target?.finish();
    }
  }

  #isSparse(row: SegmentRow): boolean {
    return row.sealed && isSparse(row.liveBytes, row.bytes - HEADER_BLOCK_BYTES) && !this.#unreadable.has(row.segment);
  }

  #fits(target: CopySegment, source: SegmentRow): boolean {
    return target.retentionClass === source.retentionClass && target.end < this.#parts.limits.segmentBytes;
  }

  /** Moves what is live out of a segment, and removes it. */
  async #empty(source: SegmentRow, target: CopySegment, progress: Progress): Promise<void> {
    const { files, ledger } = this.#parts;
    const done = await files
      .reading(source.segment, (file) => this.#copy(source, file, target, progress))
      .catch((error: unknown) => {
        if (!(error instanceof RecordDamaged)) throw error;
        return true;
      });
    if (!done) return;
    if (ledger.segments().some((row) => row.segment === source.segment && row.liveFragments > 0)) {
      this.#unreadable.add(source.segment);
      return;
    }
    await ledger.flush();
    this.#parts.synced(1);
    await this.#remove(source.segment, progress);
    progress.compacted++;
  }

  /** Copies the live fragments of a segment and moves their rows; false where it was told to stop before the end. */
  async #copy(source: SegmentRow, file: ReadableSegment, target: CopySegment, progress: Progress): Promise<boolean> {
    const collector = new FragmentCollector(source.segment);
    const pace = new Pace(this.#parts.limits.compactionBytesPerSecond);
    let moves: FragmentMove[] = [];
    let unmoved = 0;
    for await (const found of scanRecords(file.file, file.seed, source.bytes)) {
      if (this.#stopping) return false;
      if (found.kind === "damage") continue;
      await pace.spend(found.bytes.length);
      const row = collector.add(found.offset, found.header);
      if (row === undefined || !this.#isLive(row)) continue;
      const extents = await copyFragment(row, file, target);
      moves.push({
        streamId: row.streamId,
        sequence: row.sequence,
        from: row.segment,
        segment: target.segment,
        extents,
      });
      for (let i = 1; i < extents.length; i += 2) unmoved += extents[i]!;
      if (unmoved < BYTES_PER_MOVE && moves.length < ROWS_PER_MOVE) continue;
      progress.copiedBytes += unmoved;
      await this.#move(moves, target);
      moves = [];
      unmoved = 0;
    }
    progress.copiedBytes += unmoved;
    await this.#move(moves, target);
    return true;
  }

  #isLive(row: FragmentRow): boolean {
    return this.#parts.ledger.locate([row])[0]?.segment === row.segment;
  }

  async #move(moves: readonly FragmentMove[], target: CopySegment): Promise<void> {
    if (moves.length === 0) return;
    await target.sync();
    await this.#parts.ledger.pressure();
    this.#parts.ledger.move(moves);
    await nextTurn();
  }
}

/** Copies one fragment's records; returns where they lie now. */
async function copyFragment(row: FragmentRow, source: ReadableSegment, target: CopySegment): Promise<number[]> {
  const extents: number[] = [];
  for (let part = 0; part < row.extents.length / 2; part++) {
    const record = await readRecord(source, row, part);
    extents.push(await target.append(record.bytes), record.bytes.length);
  }
  return extents;
}

/** Keeps work on bytes at a rate. */
class Pace {
  readonly #perSecond: number;
  readonly #started = performance.now();
  #bytes = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Resolves when this many bytes more are due. */
  async spend(bytes: number): Promise<void> {
    this.#bytes += bytes;
    const ahead = (this.#bytes * 1000) / this.#perSecond - (performance.now() - this.#started);
    if (ahead >= 1) await wait(ahead);
  }
}
