/** Appended views shorter than this are copied together: a view of its own costs about as much memory as its bytes. */
const COPY_BELOW = 2048;
/** Small appends share buffers of this size; a fragment of a slow producer wastes at most one of them. */
const SLAB_BYTES = 16 * 1024;

/**
 * A growing run of bytes, addressed by offset from its first byte. It keeps views of what was appended (the caller must not change
 * those bytes), copies only what is small, and can forget its beginning.
 */
export class ByteLog {
  /** Offset just behind the last byte. */
  length = 0;
  /** Offset of the first byte that is still held. */
  start = 0;
  #blocks: Uint8Array[] = [];
  /** Log offset just behind each block's last byte; a slab block has spare room behind it. */
  #ends: number[] = [];
  #slab: Uint8Array | undefined;
  #slabUsed = 0;
  /** Whether the last block lies in the slab and ends where the slab's free room begins. */
  #open = false;

  /** Bytes held now. */
  get held(): number {
    return this.length - this.start;
  }

  append(view: Uint8Array): void {
    if (view.length === 0) return;
    if (view.length < COPY_BELOW) this.#copy(view);
    else this.#push(view, view.length, false);
  }

  /** Views of the bytes from `from` to `to`, both within what is held. */
  slice(from: number, to: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (let index = this.#blockAt(from); from < to; index++) {
      const blockStart = index === 0 ? this.start : this.#ends[index - 1]!;
      const end = Math.min(to, this.#ends[index]!);
      views.push(this.#blocks[index]!.subarray(from - blockStart, end - blockStart));
      from = end;
    }
    return views;
  }

  /** Forgets whole blocks that end at or before `offset`. Views that were handed out stay valid. */
  discard(offset: number): void {
    let count = 0;
    while (count < this.#ends.length && this.#ends[count]! <= offset) count++;
    if (count === 0) return;
    this.start = this.#ends[count - 1]!;
    this.#blocks.splice(0, count);
    this.#ends.splice(0, count);
    if (this.#blocks.length === 0) this.#open = false;
  }

  /** Forgets everything. */
  clear(): void {
    this.start = this.length;
    this.#blocks = [];
    this.#ends = [];
    this.#slab = undefined;
    this.#open = false;
  }

  #copy(view: Uint8Array): void {
    if (this.#slab === undefined || this.#slab.length - this.#slabUsed < view.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slabUsed = 0;
      this.#open = false;
    }
    this.#slab.set(view, this.#slabUsed);
    const at = this.#slabUsed;
    this.#slabUsed += view.length;
    if (this.#open) {
      this.length += view.length;
      this.#ends[this.#ends.length - 1] = this.length;
    } else {
      this.#push(this.#slab.subarray(at), view.length, true);
    }
  }

  #push(block: Uint8Array, length: number, open: boolean): void {
    this.length += length;
    this.#blocks.push(block);
    this.#ends.push(this.length);
    this.#open = open;
  }

  #blockAt(offset: number): number {
    if (offset < this.start) throw new RangeError(`byte ${offset} is no longer held`);
    // Readers follow the end: look at the last blocks first.
    let index = this.#ends.length - 1;
    while (index > 0 && this.#ends[index - 1]! > offset) index--;
    return index;
  }
}
