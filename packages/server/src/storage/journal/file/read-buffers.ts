/** A record of a part of usual size, 1 MiB, with its header and the table of some 3,000 frames. */
const SLAB_BYTES = 2 ** 20 + 16 * 1024;
/** Less than this is no burden to the garbage collector. */
const LEAST_BYTES = 64 * 1024;
/** Slabs that are kept for later: what some ten readers hold at once. */
const MAX_FREE = 32;

/** Memory for a record, until `release` is called with a view of it. */
export interface ReadBuffer {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly release: (bytes: Uint8Array) => void;
}

const NOTHING = (): void => {};

/** Memory for records that are read, used again: fresh memory costs a page fault every 4 KiB, and V8 collects garbage the more often. */
export class ReadBuffers {
  readonly #free: ArrayBuffer[] = [];

  /**
   * Memory of exactly `length` bytes, not zeroed. Where it is never released it is collected as garbage. It may have been elsewhere in the
   * meantime, with another thread, so that whoever releases it says where it is now.
   */
  take(length: number): ReadBuffer {
    if (length < LEAST_BYTES || length > SLAB_BYTES) return { bytes: Buffer.allocUnsafeSlow(length), release: NOTHING };
    const slab = this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES).buffer;
    let isOut = true;
    const release = ({ buffer }: Uint8Array): void => {
      if (isOut) this.#give(buffer as ArrayBuffer);
      isOut = false;
    };
    return { bytes: Buffer.from(slab, 0, length), release };
  }

  #give(slab: ArrayBuffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(slab);
    // What nobody keeps is freed at once, not when garbage is collected.
    else slab.transfer(0);
  }
}
