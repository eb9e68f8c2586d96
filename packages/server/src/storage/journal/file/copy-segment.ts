import type { FragmentLedger } from "../../ports/fragment-index.ts";
import { JournalUnavailable } from "../../ports/journal.ts";
import type { JournalFile } from "./file-system.ts";
import { RECORD_HEADER_BYTES, reseal } from "./record.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { HEADER_BLOCK_BYTES, recordSeed, type SegmentHeader } from "./segment-header.ts";
import type { SegmentRegistry } from "./segment-registry.ts";

/** What a copy segment works with. */
export interface CopyParts {
  readonly files: SegmentFiles;
  readonly ledger: FragmentLedger;
  readonly registry: SegmentRegistry;
  readonly synced: (syncs: number) => void;
}

/** A segment that compaction fills with records of other segments, one at a time and apart from ingest. */
export class CopySegment {
  readonly #parts: CopyParts;
  readonly #header: SegmentHeader;
  readonly #file: JournalFile;
  readonly #seed: number;
  #end = HEADER_BLOCK_BYTES;
  #synced = HEADER_BLOCK_BYTES;

  private constructor(parts: CopyParts, header: SegmentHeader, file: JournalFile) {
    this.#parts = parts;
    this.#header = header;
    this.#file = file;
    this.#seed = recordSeed(header);
  }

  static async create(parts: CopyParts, retentionClass: number): Promise<CopySegment> {
    const header = parts.files.newHeader(parts.registry.next(), retentionClass);
    parts.ledger.addSegment(header.segment, retentionClass);
    parts.synced(2);
    const file = await parts.files.create(header);
    return new CopySegment(parts, header, file);
  }

  get segment(): number {
    return this.#header.segment;
  }

  get retentionClass(): number {
    return this.#header.retentionClass;
  }

  /** Offset behind the last record. */
  get end(): number {
    return this.#end;
  }

  /** Writes a whole record, bound to this segment; its bytes are changed in place. Returns its offset. */
  async append(record: Buffer): Promise<number> {
    reseal(record.subarray(0, RECORD_HEADER_BYTES), this.#seed);
    const offset = this.#end;
    const count = await this.#file.writev([record], offset);
    if (count !== record.length) throw new JournalUnavailable("disk-full", "compaction ran out of space");
    this.#end += count;
    return offset;
  }

  /** Makes the records written so far durable. */
  async sync(): Promise<void> {
    if (this.#synced === this.#end) return;
    const end = this.#end;
    this.#parts.synced(1);
    await this.#file.datasync();
    this.#synced = end;
  }

  /** Seals the segment at its last durable record. One that holds nothing is found dead by the next run. */
  async finish(): Promise<void> {
    await this.#file.close();
    this.#parts.registry.add(this.segment, this.#end);
    this.#parts.ledger.sealSegment(this.segment, this.#synced);
  }
}
