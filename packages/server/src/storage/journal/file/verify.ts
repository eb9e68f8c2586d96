import type { FragmentIdentity, FragmentRow, FragmentSummary } from "../../ports/fragment.ts";
import type { FragmentLedger } from "../../ports/fragment-index.ts";
import { RecordDamaged } from "../../ports/journal.ts";
import { type DamagedRange, DamagedRanges } from "./damaged-ranges.ts";
import { readRecord } from "./read-fragment.ts";
import { isTableWhole, RECORD_HEADER_BYTES, type RecordHeader } from "./record.ts";
import type { Survives } from "./recover.ts";
import { type Found, FragmentCollector, scanRecords } from "./scan.ts";
import type { ReadableSegment, SegmentFiles } from "./segment-files.ts";
import { HEADER_BLOCK_BYTES, isPristine } from "./segment-header.ts";

/** Rows of the index looked at in one turn of the event loop. */
const ROWS_PER_TURN = 5000;

/** Something in the journal or its index that is not as it was written. */
export interface Damage {
  /**
   * `segment`: a segment's header or file; `record`: bytes that are not the record that was written; `seal`: a record whose checksum holds and
   * whose seal does not; `table`: the table of a fragment's frames, which is as good as none then, and costs no media; `unindexed`: a whole fragment without a row; `dangling`: a row without its whole fragment; `key`: a data key that
   * cannot be had; `database`: the structure of a SQLite file.
   */
  readonly kind: "segment" | "record" | "seal" | "table" | "unindexed" | "dangling" | "key" | "database";
  readonly segment?: number;
  /** The database's file, where the kind is `database`. */
  readonly file?: "catalog.db" | "index.db";
  /** In bytes from the start of the segment's file. */
  readonly offset?: number;
  /** Bytes that are damaged, where the kind is `record`, and of a table whose checksum does not match. */
  readonly length?: number;
  readonly streamId?: number;
  readonly sequence?: number;
  /** Those of the fragment, in milliseconds since the epoch. */
  readonly producerTimestamp?: number;
  readonly serverTimestamp?: number;
  readonly message: string;
}

/** Which fragment a damage is of. */
export function fragmentOf(identity: FragmentIdentity) {
  const { streamId, sequence, producerTimestamp, serverTimestamp } = identity;
  return { streamId, sequence, producerTimestamp, serverTimestamp };
}

/** What a verification counted. */
export interface Verified {
  segments: number;
  records: number;
  /** Fragments that are whole and have their row, whatever their tables are. */
  fragments: number;
  /** Rows whose fragment is not whole. */
  lostFragments: number;
  /** Bytes of all records. */
  bytes: number;
  /** Bytes behind the last record of a segment that a crash cut off: never acknowledged, not damage. */
  tailBytes: number;
}

/** What a verification works with. */
export interface Verification {
  readonly files: SegmentFiles;
  readonly ledger: FragmentLedger;
  readonly survives: Survives;
  /** Tells what is wrong with the seals of a whole record, its table, if its checksum holds, or their key. */
  readonly checkSeals: (header: RecordHeader, record: Uint8Array, isTableWhole: boolean) => Promise<Damage[]>;
  readonly report: (damage: Damage) => void;
  /** Told after each segment, with the segments and bytes so far. */
  readonly progress: (verified: Readonly<Verified>) => void;
}

/**
 * Reads the whole journal and holds it against the index, both ways: every record's checksums and seal, a row for every whole fragment that
 * may be seen, and a whole fragment for every row. What is damaged in the journal is told with the fragment that it is of, where that is known, and
 * not again for its row. The journal must not be written meanwhile.
 */
export async function verifyJournal(verification: Verification): Promise<Verified> {
  const verified: Verified = { segments: 0, records: 0, fragments: 0, lostFragments: 0, bytes: 0, tailBytes: 0 };
  const sealedBytes = new Map(verification.ledger.segments().map(({ segment, bytes }) => [segment, bytes]));
  const whole = new Map<number, number>();
  const ranges = new DamagedRanges();
  for (const segment of await verification.files.list()) {
    const check = new SegmentCheck(verification, segment, verified, ranges);
    whole.set(segment, await check.run(sealedBytes.get(segment) ?? 0));
    verified.segments++;
    verification.progress(verified);
  }
  verified.lostFragments = (await checkRows(verification, whole, ranges)) - verified.fragments;
  for (const [segment, range] of ranges.unclaimed()) verification.report(noRecord(segment, range));
  return verified;
}

const noRecord = (segment: number, { offset, length }: DamagedRange): Damage => ({
  kind: "record",
  segment,
  offset,
  length,
  message: "there is no record",
});

/** The check of one segment. */
class SegmentCheck {
  readonly #verification: Verification;
  readonly #segment: number;
  readonly #verified: Verified;
  readonly #ranges: DamagedRanges;
  readonly #collector: FragmentCollector;
  /** Fragments with a record whose seal does not hold or cannot be opened. */
  readonly #damaged = new Set<string>();
  #whole = 0;

  constructor(verification: Verification, segment: number, verified: Verified, ranges: DamagedRanges) {
    this.#verification = verification;
    this.#segment = segment;
    this.#verified = verified;
    this.#ranges = ranges;
    this.#collector = new FragmentCollector(segment);
  }

  /** @param sealed bytes of the segment when it was sealed. Resolves to the number of whole fragments in it that have their row. */
  async run(sealed: number): Promise<number> {
    try {
      const length = await this.#verification.files.length(this.#segment);
      if (length < sealed) this.#reportSegment(length, `the file ends at byte ${length} of ${sealed}`);
      this.#verified.tailBytes += Math.max(0, length - sealed);
      await this.#verification.files.reading(this.#segment, (file) => this.#scan(file, Math.min(length, sealed)));
    } catch (error) {
      if (!(error instanceof RecordDamaged)) throw error;
      this.#reportSegment(0, error.message);
    }
    return this.#whole;
  }

  async #scan(segment: ReadableSegment, to: number): Promise<void> {
    const block = Buffer.alloc(HEADER_BLOCK_BYTES);
    await segment.file.read(block, 0);
    if (!isPristine(block, segment.header)) this.#reportSegment(0, "the header block is damaged in part");
    for await (const found of scanRecords(segment.file, segment.seed, to)) await this.#check(found);
  }

  async #check(found: Found): Promise<void> {
    if (found.kind === "damage") {
      this.#reportRecord(found.offset, found.length, found.header);
      return;
    }
    this.#verified.records++;
    this.#verified.bytes += found.bytes.length;
    const { header, offset, bytes } = found;
    const isWhole = isTableWhole(header, bytes);
    if (!isWhole) this.#reportTable(offset + RECORD_HEADER_BYTES, header);
    for (const damage of await this.#verification.checkSeals(header, bytes, isWhole)) {
      this.#verification.report({ ...damage, segment: this.#segment, offset });
      if (damage.kind !== "table") this.#damaged.add(`${header.streamId}/${header.sequence}`);
    }
    const row = this.#collector.add(offset, header);
    if (row !== undefined) this.#checkRow(row);
  }

  #checkRow(found: FragmentRow): void {
    const [row] = this.#verification.ledger.locate([found]);
    if (row === undefined) {
      if (this.#verification.survives(found)) this.#reportUnindexed(found);
      return;
    }
    if (!isSameFragment(row, found)) return;
    this.#whole++;
    if (!this.#damaged.has(`${found.streamId}/${found.sequence}`)) this.#verified.fragments++;
  }

  #reportSegment(offset: number, message: string): void {
    this.#verification.report({ kind: "segment", segment: this.#segment, offset, message });
  }

  #reportRecord(offset: number, length: number, header: RecordHeader | undefined): void {
    // Which fragment it was of, if any that can be seen, the rows tell.
    if (header === undefined) {
      this.#ranges.addNameless(this.#segment, { offset, length });
    } else {
      this.#ranges.addNamed(this.#segment, offset);
      const where = { kind: "record", segment: this.#segment, offset, length } as const;
      this.#verification.report({ ...where, ...fragmentOf(header), message: "the checksum does not match" });
    }
  }

  #reportTable(offset: number, header: RecordHeader): void {
    const where = { segment: this.#segment, offset, length: header.tableLength, ...fragmentOf(header) };
    const message = "the checksum of the table of frames does not match; the fragment is read instead";
    this.#verification.report({ kind: "table", ...where, message });
  }

  #reportUnindexed(row: FragmentRow): void {
    const where = { segment: row.segment, offset: row.extents[0]!, ...fragmentOf(row) };
    this.#verification.report({ kind: "unindexed", ...where, message: "the fragment has no row in the index" });
  }
}

/** Whether a row is the one that the records found in the journal would have. */
function isSameFragment(row: FragmentRow, found: FragmentRow): boolean {
  return (
    row.segment === found.segment &&
    row.serverTimestamp === found.serverTimestamp &&
    row.producerTimestamp === found.producerTimestamp &&
    row.random === found.random &&
    row.duration === found.duration &&
    row.size === found.size &&
    row.extents.length === found.extents.length &&
    row.extents.every((extent, i) => extent === found.extents[i])
  );
}

/**
 * Compares how many rows point into each segment with how many whole fragments were found there, and names the rows where they differ, unless
 * their records were named before. Resolves to the number of all rows.
 */
async function checkRows(
  verification: Verification,
  whole: ReadonlyMap<number, number>,
  ranges: DamagedRanges,
): Promise<number> {
  const rows = new Map<number, number>();
  await walk(verification.ledger, async (row) => {
    rows.set(row.segment, (rows.get(row.segment) ?? 0) + 1);
  });
  const differing = new Set(
    [...rows].filter(([segment, count]) => whole.get(segment) !== count).map(([segment]) => segment),
  );
  if (differing.size > 0) {
    await walk(verification.ledger, async (row) => {
      if (differing.has(row.segment)) await checkRow(verification, row, ranges);
    });
  }
  return [...rows.values()].reduce((sum, count) => sum + count, 0);
}

async function checkRow({ files, report }: Verification, row: FragmentRow, ranges: DamagedRanges): Promise<void> {
  const message = await readWhole(files, row);
  if (message === undefined) return;
  const damaged = ranges.claim(row);
  for (const range of damaged) report({ ...noRecord(row.segment, range), ...fragmentOf(row) });
  if (damaged.length > 0 || ranges.isTold(row)) return;
  report({ kind: "dangling", segment: row.segment, offset: row.extents[0]!, ...fragmentOf(row), message });
}

async function walk(ledger: FragmentLedger, visit: (row: FragmentRow) => Promise<void>): Promise<void> {
  for (let last: FragmentRow | undefined; ; ) {
    const rows = ledger.walk(last, ROWS_PER_TURN);
    for (const row of rows) await visit(row);
    if (rows.length < ROWS_PER_TURN) return;
    last = rows.at(-1);
  }
}

/** Why the fragment of a row cannot be read, undefined where it can. */
async function readWhole(files: SegmentFiles, row: FragmentRow): Promise<string | undefined> {
  try {
    for (let part = 0; part < row.extents.length / 2; part++) {
      const { header } = await files.reading(row.segment, (segment) => readRecord(segment, row, part));
      const { summary } = header;
      if (summary !== undefined && !summarizes(summary, row))
        return "what the row says of the media is not the record's";
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function summarizes(summary: FragmentSummary, row: FragmentRow): boolean {
  return (
    summary.duration === row.duration &&
    summary.size === row.size &&
    summary.startsClean === row.startsClean &&
    summary.lacksPictures === row.lacksPictures &&
    summary.configuration === row.configuration
  );
}
