/** First allocation in bytes: holds most headers and tags whole, and costs an idle reader nothing. */
const INITIAL_CAPACITY = 1024;
/**
 * A buffer up to this size is used again after `take`; a larger one is the exception that an idle reader shall not
 * keep.
 */
const KEPT_CAPACITY = 16 * 1024;
/** Up to so many bytes a loop is faster than the view that a block copy needs. */
const LOOP_BYTES = 16;

/** Gathers bytes of small pieces in one growing buffer. What bounds the total is the caller's concern. */
export class ByteCollector {
  #buffer = new Uint8Array(0);
  #length = 0;

  /** Bytes gathered since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `bytes` more, so that so many can be appended without moving what is there. */
  reserve(bytes: number): void {
    if (this.#length + bytes > this.#buffer.length) this.#grow(this.#length + bytes);
  }

  /** Appends a copy of `bytes` from `start` up to `end`. */
  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const length = this.#length + end - start;
    if (length > this.#buffer.length) this.#grow(Math.max(length, INITIAL_CAPACITY));
    if (end - start > LOOP_BYTES) this.#buffer.set(bytes.subarray(start, end), this.#length);
    else for (let from = start, to = this.#length; from < end; from++, to++) this.#buffer[to] = bytes[from]!;
    this.#length = length;
  }

  /** What has been gathered from `start` on, in a view that is valid until the next call. */
  view(start = 0): Uint8Array {
    return this.#buffer.subarray(start, this.#length);
  }

  /** Hands over what has been gathered, in a buffer of exactly that size, and begins anew. */
  take(): Uint8Array {
    const full = this.#length === this.#buffer.length;
    const bytes = full ? this.#buffer : this.#buffer.slice(0, this.#length);
    if (full || this.#buffer.length > KEPT_CAPACITY) this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return bytes;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
