/** First allocation in bytes: holds most headers and tags whole, and costs an idle reader nothing. */
const INITIAL_CAPACITY = 1024;

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
    this.#buffer.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** What has been gathered from `start` on, in a view that is valid until the next `append`. */
  view(start = 0): Uint8Array {
    return this.#buffer.subarray(start, this.#length);
  }

  /** Hands over what has been gathered, in a buffer of exactly that size, and begins anew. */
  take(): Uint8Array {
    const full = this.#length === this.#buffer.length;
    const bytes = full ? this.#buffer : this.#buffer.slice(0, this.#length);
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return bytes;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
