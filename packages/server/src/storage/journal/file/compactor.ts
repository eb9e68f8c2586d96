import type { FragmentLedger } from "../../ports/fragment-index.ts";
import type { CollectSummary } from "../../ports/journal.ts";
import type { JournalLimits } from "./limits.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { SegmentRegistry } from "./segment-registry.ts";

/** What a compactor works with. */
export interface CompactionParts {
  readonly files: SegmentFiles;
  readonly ledger: FragmentLedger;
  readonly limits: JournalLimits;
  readonly registry: SegmentRegistry;
  /** Counts syncs into the budget that all share. */
  readonly synced: (syncs: number) => void;
}

/** Gives the space of dead fragments back. */
export class Compactor {
  readonly #parts: CompactionParts;
  #running: Promise<CollectSummary> | undefined;

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

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  async #collect(): Promise<CollectSummary> {
    const dead = this.#parts.ledger.segments().filter((row) => row.sealed && row.liveFragments === 0);
    let freedBytes = 0;
    for (const { segment } of dead) {
      await this.#parts.files.remove(segment);
      freedBytes += this.#parts.registry.length(segment);
      this.#parts.registry.remove(segment);
    }
    await this.#parts.ledger.dropSegments(dead.map(({ segment }) => segment));
    return { dropped: dead.length, compacted: 0, freedBytes, copiedBytes: 0, more: false };
  }
}
