import type { FragmentRow } from "../../ports/fragment.ts";
import type { FragmentLedger } from "../../ports/fragment-index.ts";
import { RecordDamaged } from "../../ports/journal.ts";
import { FragmentCollector, scanRecords } from "./scan.ts";
import { OtherSegmentFormat, type ReadableSegment, type SegmentFiles } from "./segment-files.ts";
import { HEADER_BLOCK_BYTES } from "./segment-header.ts";

/** Rows of one transaction: some twenty milliseconds of the event loop. */
const ROWS_PER_INSERT = 1000;

/** What a start found and mended. */
export interface RecoverySummary {
  /** Segments that were not sealed, because of a crash or a new index, and were read through. */
  readonly scanned: number;
  /** Fragments that were found in them and have their rows (again). */
  readonly fragments: number;
  /** Segments that the index knew and whose files are gone, and how many rows were lost with them. Zero unless somebody removed files. */
  readonly lostSegments: readonly number[];
  readonly lostRows: number;
  /** Segments whose header is damaged in both copies, or that the device does not return; their files are left alone. */
  readonly damagedSegments: readonly number[];
}

/** Decides whether a fragment that was found may be seen: its stream exists, and it is not expired. */
export type Survives = (row: FragmentRow) => boolean;

/** The sealed segments after a start, by number, with the lengths of their files. */
export interface Recovered {
  readonly summary: RecoverySummary;
  readonly segments: Map<number, number>;
}

/**
 * Brings the index and the segment files into agreement. Segments that are sealed in the index had all their rows when they were sealed, and
 * the index keeps a prefix of its history, so only the others are read; what is found whole there is made durable and gets its row.
 */
export async function recover(files: SegmentFiles, ledger: FragmentLedger, survives: Survives): Promise<Recovered> {
  const present = new Set(await files.list());
  const known = ledger.segments();
  const missing = known.filter(({ segment }) => !present.has(segment));
  // A crash between the removal of a dead segment and its row leaves one without live fragments: nothing is lost with it.
  const lostSegments = missing.filter((row) => row.liveFragments > 0).map(({ segment }) => segment);
  const lostRows = await ledger.dropSegments(missing.map(({ segment }) => segment));
  const sealed = new Set(known.filter((row) => row.sealed).map(({ segment }) => segment));
  const segments = new Map<number, number>();
  const damagedSegments: number[] = [];
  let scanned = 0;
  let fragments = 0;
  for (const segment of present) {
    const length = await fileLength(files, segment);
    if (length === "unborn") {
      await files.remove(segment);
      continue;
    }
    segments.set(segment, length.bytes);
    if (length.damaged) damagedSegments.push(segment);
    else if (!sealed.has(segment)) {
      scanned++;
      const scan = await files.reading(segment, (file) => scanSegment(file, length.bytes, ledger, survives));
      fragments += scan.fragments;
      if (!scan.readable) damagedSegments.push(segment);
    }
  }
  return { summary: { scanned, fragments, lostSegments, lostRows, damagedSegments }, segments };
}

/** The length of a segment's file; "unborn" where a crash cut its creation off before it could take a record. */
async function fileLength(
  files: SegmentFiles,
  segment: number,
): Promise<"unborn" | { bytes: number; damaged: boolean }> {
  const bytes = await files.length(segment);
  try {
    await files.reading(segment, async () => undefined);
    return { bytes, damaged: false };
  } catch (error) {
    if (!(error instanceof RecordDamaged)) throw error;
    const isUnborn = bytes <= HEADER_BLOCK_BYTES && !(error instanceof OtherSegmentFormat);
    return isUnborn ? "unborn" : { bytes, damaged: true };
  }
}

/**
 * Gives every whole fragment of a segment its row and seals the segment. One that the device does not return to its end stays unsealed, for the
 * next start to try again.
 */
async function scanSegment(
  { file, seed, header }: ReadableSegment,
  bytes: number,
  ledger: FragmentLedger,
  survives: Survives,
): Promise<{ fragments: number; readable: boolean }> {
  // A row must not outlive its record: what only the page cache has seen is made durable first.
  await file.datasync();
  ledger.addSegment(header.segment, header.retentionClass);
  const batch = new RowBatch(ledger);
  const collector = new FragmentCollector(header.segment);
  let end = HEADER_BLOCK_BYTES;
  let readable = true;
  try {
    for await (const found of scanRecords(file, seed, bytes)) {
      if (found.kind === "damage") continue;
      end = found.offset + found.bytes.length;
      const row = collector.add(found.offset, found.header);
      if (row !== undefined && survives(row)) await batch.add(row);
    }
  } catch (error) {
    if (!(error instanceof RecordDamaged)) throw error;
    readable = false;
  }
  await batch.flush();
  if (readable) ledger.sealSegment(header.segment, end);
  return { fragments: batch.inserted, readable };
}

/** Rows on their way into the index. */
class RowBatch {
  readonly #ledger: FragmentLedger;
  #rows: FragmentRow[] = [];
  inserted = 0;

  constructor(ledger: FragmentLedger) {
    this.#ledger = ledger;
  }

  async add(row: FragmentRow): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length >= ROWS_PER_INSERT) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#ledger.pressure();
    this.#ledger.insert(this.#rows);
    this.inserted += this.#rows.length;
    this.#rows = [];
  }
}
