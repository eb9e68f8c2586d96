import type { FragmentIdentity, FragmentPlace } from "../../ports/fragment.ts";
import type { FragmentLedger } from "../../ports/fragment-index.ts";
import type {
  CollectSummary,
  FragmentWriter,
  Journal,
  JournalStats,
  JournalUnavailable,
  ReadOptions,
  RecordFile,
  StoredPart,
  StoredTable,
} from "../../ports/journal.ts";
import { Compactor } from "./compactor.ts";
import type { FileSystem } from "./file-system.ts";
import { FileFragmentWriter } from "./fragment-writer.ts";
import { lendFiles } from "./lend-files.ts";
import { DEFAULT_JOURNAL_LIMITS, type JournalLimits } from "./limits.ts";
import { ReadBuffers } from "./read-buffers.ts";
import { readFragment, readTable } from "./read-fragment.ts";
import { type Recovered, type RecoverySummary, recover, type Survives } from "./recover.ts";
import { SegmentFiles } from "./segment-files.ts";
import { SegmentRegistry } from "./segment-registry.ts";
import { SegmentWriters } from "./segment-writers.ts";
import { SpaceGuard, type SpaceReserve, type SpaceUse } from "./space-guard.ts";

/** What a file journal is made of. */
export interface JournalOptions {
  readonly folder: string;
  readonly ledger: FragmentLedger;
  /** Decides which of the fragments found by a recovery may be seen. */
  readonly survives: Survives;
  readonly limits: Partial<JournalLimits>;
  readonly files: FileSystem;
  /** Space that is kept for the index and the catalog: the journal takes nothing while it is missing. */
  readonly reserve?: SpaceReserve | undefined;
}

/** A journal in a folder of segment files. See docs/reference/storage-format.md. */
export class FileJournal implements Journal {
  /** What the start found and mended. */
  readonly recovery: RecoverySummary;
  readonly #limits: JournalLimits;
  readonly #files: SegmentFiles;
  readonly #buffers = new ReadBuffers();
  readonly #registry: SegmentRegistry;
  readonly #guard: SpaceGuard;
  readonly #writers: SegmentWriters;
  readonly #compactor: Compactor;

  private constructor(options: JournalOptions, files: SegmentFiles, recovered: Recovered) {
    const { ledger } = options;
    const limits = { ...DEFAULT_JOURNAL_LIMITS, ...options.limits };
    this.recovery = recovered.summary;
    this.#limits = limits;
    this.#files = files;
    this.#registry = new SegmentRegistry(recovered.segments);
    this.#guard = new SpaceGuard(options, limits, () => this.#use());
    const parts = { files, ledger, limits, registry: this.#registry };
    this.#writers = new SegmentWriters({ ...parts, guard: this.#guard });
    this.#compactor = new Compactor({ ...parts, synced: (syncs) => this.#writers.committer.charge(syncs) });
  }

  /** Opens the journal in a folder, made where it does not exist, and brings its index into agreement with it. */
  static async open(options: JournalOptions): Promise<FileJournal> {
    await options.files.makeDirectory(options.folder);
    const files = new SegmentFiles(options.files, options.folder);
    const recovered = await recover(files, options.ledger, options.survives);
    const journal = new FileJournal(options, files, recovered);
    await journal.#guard.probe();
    return journal;
  }

  get writable(): boolean {
    return this.unavailable === undefined;
  }

  get unavailable(): JournalUnavailable | undefined {
    return this.#guard.unavailable;
  }

  begin(identity: FragmentIdentity, retentionClass: number): FragmentWriter {
    return new FileFragmentWriter(this.#writers, identity, retentionClass);
  }

  read(row: FragmentIdentity & FragmentPlace, options?: ReadOptions): AsyncIterable<StoredPart> {
    return readFragment(this.#files, this.#buffers, row, options);
  }

  readTable(row: FragmentIdentity & FragmentPlace): Promise<StoredTable | undefined> {
    return readTable(this.#files, row);
  }

  lendFiles<Result>(
    rows: readonly FragmentPlace[],
    use: (files: readonly RecordFile[]) => Promise<Result>,
  ): Promise<Result | undefined> {
    return lendFiles(this.#files, rows, use);
  }

  stats(): JournalStats {
    const { syncs, fragments } = this.#writers.committer;
    return {
      bytesWritten: this.#writers.placedBytes - this.#writers.pendingBytes,
      syncs,
      fragments,
      pendingBytes: this.#writers.pendingBytes,
      storedBytes: this.#storedBytes,
      segments: this.#registry.count + this.#writers.count,
    };
  }

  async collect(): Promise<CollectSummary> {
    this.#writers.retireFull();
    // What is deleted need not wait for its segment to be full or old: least of all where nothing can be written that would make it so.
    this.#writers.retireSparse(this.writable ? this.#limits.sparseBytes : 0);
    return this.#compactor.collect();
  }

  async close(): Promise<void> {
    await this.#guard.close();
    await this.#compactor.stop();
    await this.#writers.close();
    await this.#files.close();
  }

  #use(): SpaceUse {
    const { placedBytes, unwrittenBytes } = this.#writers;
    return { stored: this.#storedBytes, placed: placedBytes, unwritten: unwrittenBytes };
  }

  get #storedBytes(): number {
    return this.#registry.bytes + this.#writers.bytes;
  }
}
