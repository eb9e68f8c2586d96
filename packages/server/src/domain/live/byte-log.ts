import { SlabPool } from "../slab-pool.ts";

interface Slab {
  readonly bytes: Buffer;
  /** Log offset of its first byte. */
  readonly start: number;
  /** Log offset behind its last byte so far. */
  end: number;
  /** Loans that have not ended. */
  loans: number;
  /** Whether the log has let go of it. */
  forgotten: boolean;
}

/** Views of a log's bytes, for a time. */
export interface Loan {
  readonly views: readonly Uint8Array[];
  /** Says that the views are no longer used. To be called once. */
  readonly end: () => void;
}

/**
 * One pool for the process: what one stream's fragment leaves serves the next stream's. Slabs are small for a fragment's first bytes, so that an
 * idle producer takes little; sealing 256 KiB at once costs a fifth of sealing it frame by frame.
 */
const pool = new SlabPool({ smallest: 2 * 1024, largest: 256 * 1024 });

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
      const piece = from === 0 && count === view.length ? view : view.subarray(from, from + count);
      // Not `set`, which copies into shared memory word by word: a quarter of the speed (Node 24).
      slab.bytes.fill(piece, used, used + count);
      slab.end += count;
      this.length += count;
      from += count;
    }
  }

  /**
   * A copy of the bytes from `from` to `to`, both within what is held. A reader has no moment at which it is known to have done with a view, and a slab
   * that waits for the garbage collector is memory that V8 does not count.
   */
  copy(from: number, to: number): Buffer {
    const copy = Buffer.allocUnsafeSlow(to - from);
    let length = 0;
    for (const slab of this.#slabsOf(from, to)) {
      const view = viewOf(slab, from, to);
      // See `append`: out of shared memory, too, `set` copies word by word.
      copy.fill(view, length, length + view.length);
      length += view.length;
    }
    return copy;
  }

  /** Views of the bytes from `from` to `to`, both within what is held, until the loan is ended. */
  lend(from: number, to: number): Loan {
    const slabs = this.#slabsOf(from, to);
    for (const slab of slabs) slab.loans++;
    const end = (): void => {
      for (const slab of slabs) {
        slab.loans--;
        recycle(slab);
      }
    };
    return { views: slabs.map((slab) => viewOf(slab, from, to)), end };
  }

  /** Forgets whole slabs that end at or before `offset`. Loans that run stay valid. */
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
    for (const slab of slabs) {
      this.start = slab.end;
      slab.forgotten = true;
      recycle(slab);
    }
  }

  /** The slab that takes the next byte. */
  #open(): Slab {
    const last = this.#slabs.at(-1);
    if (last !== undefined && last.end - last.start < last.bytes.length) return last;
    const { length } = this;
    const slab = { bytes: pool.take(length), start: length, end: length, loans: 0, forgotten: false };
    this.#slabs.push(slab);
    return slab;
  }

  /** The slabs that the bytes from `from` to `to` lie in. */
  #slabsOf(from: number, to: number): Slab[] {
    const first = this.#slabAt(from);
    let last = first;
    while (last < this.#slabs.length && this.#slabs[last]!.start < to) last++;
    return this.#slabs.slice(first, last);
  }

  #slabAt(offset: number): number {
    if (offset < this.start) throw new RangeError(`byte ${offset} is no longer held`);
    // Readers follow the end: look at the last slabs first.
    let index = this.#slabs.length - 1;
    while (index > 0 && this.#slabs[index]!.start > offset) index--;
    return Math.max(0, index);
  }
}

function viewOf({ bytes, start, end }: Slab, from: number, to: number): Uint8Array {
  return bytes.subarray(Math.max(from, start) - start, Math.min(to, end) - start);
}

function recycle({ bytes, loans, forgotten }: Slab): void {
  if (forgotten && loans === 0) pool.give(bytes);
}
