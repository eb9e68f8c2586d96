import { SlabPool } from "./slab-pool.ts";

interface Slab {
  readonly bytes: Buffer;
  /** Log offset of its first byte. */
  readonly start: number;
  /** Log offset behind its last byte so far. */
  end: number;
  /** Whether a view of it was handed out to keep, so that it must not be used again. */
  shared: boolean;
}

/** One pool for the process: what one stream's fragment leaves serves the next stream's. */
const pool = new SlabPool();

/**
 * A growing run of bytes, addressed by offset from its first byte. It copies what is appended into few large slabs, which is cheaper than to
 * keep, seal and collect a view for each frame, and can forget its beginning.
 */
export class ByteLog {
  /** Offset just behind the last byte. */
  length = 0;
  /** Offset of the first byte that is still held. */
  start = 0;
  #slabs: Slab[] = [];

  /** Bytes held now. */
  get held(): number {
    return this.length - this.start;
  }

  append(view: Uint8Array): void {
    for (let from = 0; from < view.length; ) {
      const slab = this.#open();
      const used = slab.end - slab.start;
      const count = Math.min(view.length - from, slab.bytes.length - used);
      slab.bytes.set(from === 0 && count === view.length ? view : view.subarray(from, from + count), used);
      slab.end += count;
      this.length += count;
      from += count;
    }
  }

  /** Views of the bytes from `from` to `to`, both within what is held: to keep for as long as wanted. */
  slice(from: number, to: number): Uint8Array[] {
    return this.#views(from, to, true);
  }

  /** As `slice`, to be used up before the log is touched again. */
  peek(from: number, to: number): Uint8Array[] {
    return this.#views(from, to, false);
  }

  /** Forgets whole slabs that end at or before `offset`. Views that were handed out stay valid. */
  discard(offset: number): void {
    let count = 0;
    while (count < this.#slabs.length && this.#slabs[count]!.end <= offset) count++;
    if (count > 0) this.#release(this.#slabs.splice(0, count));
  }

  /** Forgets everything. */
  clear(): void {
    this.#release(this.#slabs.splice(0));
    this.start = this.length;
  }

  #release(slabs: readonly Slab[]): void {
    for (const { bytes, end, shared } of slabs) {
      this.start = end;
      if (!shared) pool.give(bytes);
    }
  }

  /** The slab that takes the next byte. */
  #open(): Slab {
    const last = this.#slabs.at(-1);
    if (last !== undefined && last.end - last.start < last.bytes.length) return last;
    const slab = { bytes: pool.take(this.length), start: this.length, end: this.length, shared: false };
    this.#slabs.push(slab);
    return slab;
  }

  #views(from: number, to: number, shared: boolean): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (let index = this.#slabAt(from), offset = from; offset < to; index++) {
      const slab = this.#slabs[index]!;
      const end = Math.min(to, slab.end);
      views.push(slab.bytes.subarray(offset - slab.start, end - slab.start));
      slab.shared ||= shared;
      offset = end;
    }
    return views;
  }

  #slabAt(offset: number): number {
    if (offset < this.start) throw new RangeError(`byte ${offset} is no longer held`);
    // Readers follow the end: look at the last slabs first.
    let index = this.#slabs.length - 1;
    while (index > 0 && this.#slabs[index]!.start > offset) index--;
    return Math.max(0, index);
  }
}
