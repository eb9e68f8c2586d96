import type { FragmentIdentity, FragmentRow } from "../../storage/ports/fragment.ts";

/**
 * Footage that is sent again within this time after what it repeats was lost on its way and repeated by the producer; later, it is another
 * ingestion of the same period. Producers keep some minutes of media for what they may have to repeat.
 */
const REPEAT_MS = 10 * 60_000;

/**
 * Selects fragments by the producer's clock (AWS docs, "HLSFragmentSelector"): of those with the same start the one with the largest
 * number counts, and of several ingestions of one period the oldest. Rows are handed over page by page in the order of the producer's
 * clock, and come back in that order.
 */
export class ProducerSelection {
  #newest: FragmentRow | undefined;

  select(page: readonly FragmentRow[]): FragmentRow[] {
    const byStart = new Map<number, FragmentRow>();
    for (const row of page.toSorted((a, b) => a.sequence - b.sequence)) {
      if (this.#belongs(row)) byStart.set(row.producerTimestamp, row);
    }
    return [...byStart.values()].sort((a, b) => a.producerTimestamp - b.producerTimestamp);
  }

  /** Whether a fragment goes on with the ingestion that the ones before it make up, or repeats a part of it at once. */
  #belongs(row: FragmentRow): boolean {
    const newest = this.#newest;
    if (newest === undefined || row.producerTimestamp > newest.producerTimestamp) {
      this.#newest = row;
      return true;
    }
    return row.serverTimestamp - newest.serverTimestamp <= REPEAT_MS;
  }
}

/** A producer's clock that goes back by less than this repeats; by more, it was set. In milliseconds. */
const CLOCK_SET_MS = 60_000;

/**
 * Which fragments a LIVE session by the producer's clock shows, in the order in which they arrive: what repeats the last minute is left
 * out (AWS docs, "HLSFragmentSelector"), while a clock that was set back by more is followed.
 */
export class LiveSelection {
  #newest = Number.NEGATIVE_INFINITY;

  /** A selection that goes on from here by itself. */
  fork(): LiveSelection {
    const fork = new LiveSelection();
    fork.#newest = this.#newest;
    return fork;
  }

  takes({ producerTimestamp }: FragmentIdentity): boolean {
    const ahead = producerTimestamp - this.#newest;
    if (ahead <= 0 && ahead > -CLOCK_SET_MS) return false;
    this.#newest = producerTimestamp;
    return true;
  }
}
