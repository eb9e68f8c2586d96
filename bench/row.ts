/** One line of the benchmark table. */
export interface BenchRow {
  /** What is measured, with its size: "durable ingest, 8 producers". */
  readonly name: string;
  /** Median of the product's runs. */
  readonly value: number;
  readonly unit: string;
  /** Median of the reference's runs, measured in turn with the product's; NaN where there is none. */
  readonly reference: number;
  /** value / reference; NaN where there is no reference. */
  readonly ratio: number;
  /** What to reach, as the table shows it: ">= 0.85x", "<= 250 ms". */
  readonly goal: string;
  readonly ok: boolean;
}

/** The middle of the values; the mean of the two in the middle where their count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which `share` (0 to 1) of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
