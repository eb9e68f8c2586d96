/** Segments that were built ahead and that nobody has asked for yet, at most: what viewers who left leave behind is no more than that at a time. */
const MAX_UNCLAIMED = 8;
/** They take no more than this part of the cache: what is watched now has the rest. */
const CACHE_SHARE = 4;
/** A segment that was not asked for within this time, in milliseconds, counts no more: players fetch long ones sooner than that. */
const CLAIMED_WITHIN_MS = 10_000;

/** One segment that nobody has asked for. */
interface Unclaimed {
  /** Bytes of its fragments as stored. */
  readonly bytes: number;
  readonly since: number;
}

/**
 * How many segments may be built before anybody asks for them. One at a time, and few that wait to be asked for, so that those that nobody
 * ever asks for cost little, whatever the number of viewers who stop, and do not push out what others watch.
 */
export class AheadBudget {
  readonly #capacity: number;
  readonly #now: () => number;
  /** In the order in which they began. */
  readonly #unclaimed = new Map<string, Unclaimed>();
  #bytes = 0;
  /** The one that is being built, until it is asked for. */
  #building: string | undefined;

  /**
   * @param cacheBytes memory for segments that are kept
   * @param now milliseconds of any clock that only goes forward
   */
  constructor(cacheBytes: number, now: () => number = () => performance.now()) {
    this.#capacity = cacheBytes / CACHE_SHARE;
    this.#now = now;
  }

  /** Whether the segment of this key may be built now; `built` is to be called then, whatever becomes of it. */
  take(key: string, bytes: number): boolean {
    const now = this.#now();
    for (const [oldest, { since }] of this.#unclaimed) {
      if (now - since < CLAIMED_WITHIN_MS) break;
      this.#remove(oldest);
    }
    const isFull = this.#unclaimed.size >= MAX_UNCLAIMED || this.#bytes + bytes > this.#capacity;
    if (this.#building !== undefined || isFull || this.#unclaimed.has(key)) return false;
    this.#unclaimed.set(key, { bytes, since: now });
    this.#bytes += bytes;
    this.#building = key;
    return true;
  }

  /** Says that it is built, or cannot be. */
  built(key: string): void {
    if (this.#building === key) this.#building = undefined;
  }

  /** Says that somebody asks for a segment: from then on it is built for them. */
  claim(key: string): void {
    this.#remove(key);
    this.built(key);
  }

  #remove(key: string): void {
    const unclaimed = this.#unclaimed.get(key);
    if (unclaimed === undefined) return;
    this.#unclaimed.delete(key);
    this.#bytes -= unclaimed.bytes;
  }
}
