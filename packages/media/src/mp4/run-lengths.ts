/** A row of values, held as runs of equal ones. */
export class RunLengths {
  readonly values: number[] = [];
  readonly counts: number[] = [];

  /** Appends a value. */
  add(value: number): void {
    const last = this.values.length - 1;
    if (last >= 0 && this.values[last] === value) {
      this.counts[last]!++;
      return;
    }
    this.values.push(value);
    this.counts.push(1);
  }
}
