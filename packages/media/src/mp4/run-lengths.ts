/** A row of values, held as runs of equal ones. */
export class RunLengths {
  readonly values: number[] = [];
  readonly counts: number[] = [];

  /** Appends a value `count` times. */
  add(value: number, count = 1): void {
    if (count === 0) return;
    const last = this.values.length - 1;
    if (last >= 0 && this.values[last] === value) {
      this.counts[last]! += count;
      return;
    }
    this.values.push(value);
    this.counts.push(count);
  }
}
