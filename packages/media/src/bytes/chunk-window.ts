const NO_BYTES = new Uint8Array(0);

/**
 * A place in a stream that comes in chunks. Data of any length is passed over within the chunk, by moving `pos`; a
 * short unit that must be seen as one (an element header, an integer) is looked at through `bytes`, `at` and `end`,
 * which stay in the chunk, or lie in a scratch buffer when the unit began in an earlier chunk.
 *
 * For each unit: `look()`, then `advance(length)` when it is complete, else `holdBack()`, which ends the chunk.
 */
export class ChunkWindow {
  chunk: Uint8Array = NO_BYTES;
  /** Place in `chunk` of the next byte; where a unit began earlier, of its next byte. */
  pos = 0;
  /** The unit begins at `bytes[at]`, and what is there of it ends before `bytes[end]`. */
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  end = 0;
  /** How many bytes of the last completed unit came with earlier chunks; they are the first of `scratch`. */
  joined = 0;
  readonly scratch: Uint8Array;
  #heldBack = 0;
  #chunkOffset = 0;

  /** `unitLength` is the greatest length in bytes of a unit. */
  constructor(unitLength: number) {
    this.scratch = new Uint8Array(unitLength);
  }

  /** Offset in the stream of `chunk[pos]`. */
  get offset(): number {
    return this.#chunkOffset + this.pos;
  }

  /** Offset in the stream of the first byte that is in no completed unit and not passed over. */
  get unitOffset(): number {
    return this.#chunkOffset + this.pos - this.#heldBack;
  }

  /** Whether the stream so far ends within a unit. */
  get holdsBack(): boolean {
    return this.#heldBack > 0;
  }

  /** Place in `chunk` before which no byte is held back, once `pos` is at its end. */
  get settledEnd(): number {
    return Math.max(0, this.chunk.length - this.#heldBack);
  }

  /** Goes on in the next chunk. */
  enter(chunk: Uint8Array): void {
    this.#chunkOffset += this.chunk.length;
    this.chunk = chunk;
    this.pos = 0;
  }

  /** Drops the reference to the chunk, so that it can be collected between two of them. */
  leave(): void {
    this.#chunkOffset += this.chunk.length;
    this.chunk = NO_BYTES;
    this.bytes = NO_BYTES;
    this.pos = 0;
  }

  /** Points `bytes`, `at` and `end` at the unit that is next. */
  look(): void {
    if (this.#heldBack > 0) {
      const more = Math.min(this.scratch.length - this.#heldBack, this.chunk.length - this.pos);
      this.scratch.set(this.chunk.subarray(this.pos, this.pos + more), this.#heldBack);
      this.bytes = this.scratch;
      this.at = 0;
      this.end = this.#heldBack + more;
    } else {
      this.bytes = this.chunk;
      this.at = this.pos;
      this.end = this.chunk.length;
    }
  }

  /** Moves behind the unit looked at, which has `length` bytes. */
  advance(length: number): void {
    this.joined = this.#heldBack;
    this.pos += length - this.#heldBack;
    this.#heldBack = 0;
  }

  /** Keeps what is there of the unit looked at until the next chunk. */
  holdBack(): void {
    if (this.#heldBack === 0) this.scratch.set(this.chunk.subarray(this.pos), 0);
    this.#heldBack += this.chunk.length - this.pos;
    this.pos = this.chunk.length;
  }
}
