/** Smallest and largest slab; sizes between are powers of two. Sealing 256 KiB at once costs a fifth of sealing it frame by frame. */
const SMALLEST = 16 * 1024;
const LARGEST = 256 * 1024;
/** Bytes of unused slabs that are kept for the next fragment: what a few hundred fragments of 2 s at 1 Mbit/s take. */
const KEPT_BYTES = 64 * 2 ** 20;

/** Buffers that fragments in progress are collected in, used again: fresh memory costs a page fault every 4 KiB, and garbage collection. */
export class SlabPool {
  readonly #free = new Map<number, Buffer[]>();
  #kept = 0;

  /** A slab for a run of bytes that has `length` already: small for the first, so that an idle producer takes little, larger as it grows. */
  take(length: number): Buffer {
    let size = SMALLEST;
    while (size < length && size < LARGEST) size *= 2;
    const slab = this.#free.get(size)?.pop();
    if (slab === undefined) return Buffer.allocUnsafeSlow(size);
    this.#kept -= size;
    return slab;
  }

  /** Takes a slab back that nobody holds a view of. */
  give(slab: Buffer): void {
    if (this.#kept + slab.length > KEPT_BYTES) return;
    this.#kept += slab.length;
    const free = this.#free.get(slab.length);
    if (free === undefined) this.#free.set(slab.length, [slab]);
    else free.push(slab);
  }
}
