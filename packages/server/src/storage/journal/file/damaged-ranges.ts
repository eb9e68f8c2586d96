import type { FragmentRow } from "../../ports/fragment.ts";

/** Bytes of a segment that are no record. */
export interface DamagedRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * What a verification has found damaged, by segment, so that a row of the index that points there is not told as a damage of its own. As large as
 * the damage: some tens of bytes for each damaged record, which are a megabyte each in what is not tiny.
 */
export class DamagedRanges {
  /** Offsets of records whose header tells the fragment. */
  readonly #named = new Map<number, Set<number>>();
  /** Bytes of which nobody knows what they were, in their order. */
  readonly #nameless = new Map<number, DamagedRange[]>();
  readonly #claimed = new Set<DamagedRange>();

  addNamed(segment: number, offset: number): void {
    const offsets = this.#named.get(segment) ?? new Set();
    this.#named.set(segment, offsets.add(offset));
  }

  /** Takes the ranges of a segment in their order. */
  addNameless(segment: number, range: DamagedRange): void {
    const ranges = this.#nameless.get(segment);
    if (ranges === undefined) this.#nameless.set(segment, [range]);
    else ranges.push(range);
  }

  /** Whether a record of the row's fragment was told as damaged. */
  isTold({ segment, extents }: FragmentRow): boolean {
    const offsets = this.#named.get(segment);
    return offsets !== undefined && extents.some((extent, i) => i % 2 === 0 && offsets.has(extent));
  }

  /** The bytes that records of the row's fragment lay in, of those that nobody knew; from now on they are known. */
  claim({ segment, extents }: FragmentRow): DamagedRange[] {
    const ranges = this.#nameless.get(segment) ?? [];
    const claimed = new Set<DamagedRange>();
    for (let i = 0; i < extents.length; i += 2) {
      const [begin, end] = [extents[i]!, extents[i]! + extents[i + 1]!];
      for (let at = firstBehind(ranges, begin); at < ranges.length && ranges[at]!.offset < end; at++) {
        claimed.add(ranges[at]!);
        this.#claimed.add(ranges[at]!);
      }
    }
    return [...claimed];
  }

  /** The bytes that still nobody knows, by segment. */
  *unclaimed(): Generator<[segment: number, range: DamagedRange], void> {
    for (const [segment, ranges] of this.#nameless) {
      for (const range of ranges) if (!this.#claimed.has(range)) yield [segment, range];
    }
  }
}

/** Which of the ranges, that are in order and do not overlap, is the first that ends behind `offset`. */
function firstBehind(ranges: readonly DamagedRange[], offset: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.offset + ranges[middle]!.length > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
