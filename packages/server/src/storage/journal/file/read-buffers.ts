/** A record of a part of usual size, 1 MiB, with its header. */
const SLAB_BYTES = 2 ** 20 + 4096;
/** Less than this is no burden to the garbage collector. */
const LEAST_BYTES = 64 * 1024;
/** Slabs that are kept for later: as many as are read at once, and some that are waited for. */
const MAX_FREE = 8;

/** Memory for a record, until `release` is called. */
export interface ReadBuffer {
  readonly bytes: Buffer;
  readonly release: () => void;
}

const NOTHING = (): void => {};

/** Memory for records that are read, used again: fresh memory costs a page fault every 4 KiB, and V8 collects garbage the more often. */
export class ReadBuffers {
  readonly #free: Buffer[] = [];

  /** Memory of exactly `length` bytes, not zeroed. Where it is never released it is collected as garbage. */
  take(length: number): ReadBuffer {
    if (length < LEAST_BYTES || length > SLAB_BYTES) return { bytes: Buffer.allocUnsafe(length), release: NOTHING };
    let slab: Buffer | undefined = this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
    const release = (): void => {
      if (slab !== undefined && this.#free.length < MAX_FREE) this.#free.push(slab);
      slab = undefined;
    };
    return { bytes: slab.subarray(0, length), release };
  }
}
