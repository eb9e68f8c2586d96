import { MAX_VINT_LENGTH, readVint, vintLength } from "../ebml/vint.ts";

/** Where the data of an element with an ID of one byte lies, in bytes that hold all of it. */
export class WholeElement {
  /** Place of the data's first byte. */
  start = 0;
  /** Place behind its last byte. */
  end = 0;

  /** Finds the data of the element at `at`, looking at no byte from `limit` on. Returns false where it does not end before. */
  find(bytes: Uint8Array, at: number, limit: number): boolean {
    const sizeAt = at + 1;
    if (sizeAt >= limit) return false;
    const first = bytes[sizeAt]!;
    // Sizes of one byte are most of those that come by the million.
    if (first > 0x80 && first < 0xff) {
      this.start = sizeAt + 1;
      this.end = this.start + (first & 0x7f);
      return this.end <= limit;
    }
    const length = vintLength(first);
    this.start = sizeAt + length;
    if (length > MAX_VINT_LENGTH || this.start > limit) return false;
    const size = readVint(bytes, sizeAt, length);
    this.end = this.start + size;
    return size >= 0 && this.end <= limit;
  }
}
