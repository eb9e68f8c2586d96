/** The sealed segments of a journal with the lengths of their files, and the number of the next segment. */
export class SegmentRegistry {
  readonly #sealed: Map<number, number>;
  #bytes = 0;
  #last = 0;

  /** @param sealed segment numbers and the lengths of their files */
  constructor(sealed: Map<number, number>) {
    this.#sealed = sealed;
    for (const [segment, bytes] of sealed) {
      this.#bytes += bytes;
      this.#last = Math.max(this.#last, segment);
    }
  }

  /** How many segments are sealed. */
  get count(): number {
    return this.#sealed.size;
  }

  /** Bytes of their files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A number that no segment has had. */
  next(): number {
    this.#last++;
    return this.#last;
  }

  /** The length of a sealed segment's file. */
  length(segment: number): number {
    return this.#sealed.get(segment) ?? 0;
  }

  add(segment: number, bytes: number): void {
    this.#sealed.set(segment, bytes);
    this.#bytes += bytes;
  }

  remove(segment: number): void {
    this.#bytes -= this.length(segment);
    this.#sealed.delete(segment);
  }
}
