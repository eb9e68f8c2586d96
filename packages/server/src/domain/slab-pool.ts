/** The sizes of a pool's slabs, in bytes: powers of two from `smallest` to `largest`. */
export interface SlabSizes {
  readonly smallest: number;
  readonly largest: number;
}

/**
 * Buffers that are used again: fresh memory costs a page fault every 4 KiB, and garbage collection. They lie in memory that workers can share,
 * which V8 does not count: a slab must come back, never be left to the garbage collector, and the pool keeps all that were ever in use at
 * once.
 */
export class SlabPool {
  readonly #sizes: SlabSizes;
  readonly #free = new Map<number, Buffer[]>();

  constructor(sizes: SlabSizes) {
    this.#sizes = sizes;
  }

  /** A slab of at least `length` bytes, or of the largest size where that is less. What it holds is not zeroed. */
  take(length: number): Buffer {
    let size = this.#sizes.smallest;
    while (size < length && size < this.#sizes.largest) size *= 2;
    return this.#free.get(size)?.pop() ?? Buffer.from(new SharedArrayBuffer(size));
  }

  /** Takes a slab back that nobody uses any more. */
  give(slab: Buffer): void {
    const free = this.#free.get(slab.length);
    if (free === undefined) this.#free.set(slab.length, [slab]);
    else free.push(slab);
  }
}
