/** The sizes of a pool's slabs, in bytes: powers of two from `smallest` to `largest`. */
export interface SlabSizes {
  readonly smallest: number;
  readonly largest: number;
}

/** Slabs of one size that nobody uses, those that were used last at the end. */
interface FreeSlabs {
  readonly slabs: Buffer[];
  /** How few there were at a time, since it was last looked. */
  fewest: number;
}

/** How long a slab lies unused before it goes, at least, in milliseconds: a producer's pauses and a wave of reconnections are shorter. */
const KEEP_MS = 60_000;

/**
 * Buffers that are used again: fresh memory costs a page fault every 4 KiB, and garbage collection. They lie in memory that workers can share,
 * which V8 does not count: a slab must come back, never be left to the garbage collector. What nobody has needed for a minute goes, so that
 * the pool shrinks to what is in use behind a peak.
 */
export class SlabPool {
  readonly #sizes: SlabSizes;
  readonly #free = new Map<number, FreeSlabs>();
  #timer: NodeJS.Timeout | undefined;

  constructor(sizes: SlabSizes) {
    this.#sizes = sizes;
  }

  /** Bytes of the slabs that nobody uses. */
  get idleBytes(): number {
    let bytes = 0;
    for (const [size, { slabs }] of this.#free) bytes += size * slabs.length;
    return bytes;
  }

  /** A slab of at least `length` bytes, or of the largest size where that is less. What it holds is not zeroed. */
  take(length: number): Buffer {
    let size = this.#sizes.smallest;
    while (size < length && size < this.#sizes.largest) size *= 2;
    const free = this.#free.get(size);
    const slab = free?.slabs.pop();
    if (free === undefined || slab === undefined) return Buffer.from(new SharedArrayBuffer(size));
    if (free.slabs.length < free.fewest) free.fewest = free.slabs.length;
    return slab;
  }

  /** Takes a slab back that nobody uses any more. */
  give(slab: Buffer): void {
    const free = this.#free.get(slab.length);
    if (free === undefined) this.#free.set(slab.length, { slabs: [slab], fewest: 0 });
    else free.slabs.push(slab);
    this.#timer ??= setTimeout(() => this.#shrink(), KEEP_MS).unref();
  }

  /** Lets go of the slabs that were not needed since the last time. */
  #shrink(): void {
    this.#timer = undefined;
    for (const free of this.#free.values()) {
      free.slabs.splice(0, free.fewest);
      free.fewest = free.slabs.length;
    }
    if (this.idleBytes > 0) this.#timer = setTimeout(() => this.#shrink(), KEEP_MS).unref();
  }
}
