/** Pictures of one stream have one size: so many of their buffers are kept, as one is filled while two are worked on. */
const MAX_KEPT = 3;

/**
 * Buffers of pictures that are used again. A picture is some megabytes outside the heap: allocating one for each costs more in garbage collection
 * than all else that is done with it here.
 */
export class PictureBuffers {
  readonly #free: Buffer[] = [];

  /** A buffer of exactly so many bytes, whatever they are. */
  take(bytes: number): Buffer {
    const last = this.#free.pop();
    if (last?.length === bytes) return last;
    // Pictures have another size from now on.
    this.#free.length = 0;
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Takes a buffer back that nobody reads any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < MAX_KEPT) this.#free.push(buffer);
  }
}
