import { type BenchRow, median } from "../row.ts";

/** What a figure has to reach. */
export interface Goal {
  readonly text: string;
  met(value: number, ratio: number): boolean;
}

/** The product may need up to `times` what the reference needs. */
export const atMostTimes = (times: number): Goal => ({
  text: `<= ${times}x`,
  met: (_value, ratio) => ratio <= times,
});

/** The product must reach at least `times` what the reference reaches. */
export const atLeastTimes = (times: number): Goal => ({
  text: `>= ${times}x`,
  met: (_value, ratio) => ratio >= times,
});

/** The product's own figure has an upper bound. */
export const atMost = (bound: number, unit: string): Goal => ({
  text: `<= ${bound} ${unit}`.trimEnd(),
  met: (value) => value <= bound,
});

/** Several goals of one figure. */
export const both = (first: Goal, second: Goal): Goal => ({
  text: `${first.text}, ${second.text}`,
  met: (value, ratio) => first.met(value, ratio) && second.met(value, ratio),
});

/** The median of every turn's product and reference, made a row. */
export function compared(
  name: string,
  unit: string,
  turns: { readonly product: readonly number[]; readonly reference: readonly number[] },
  goal: Goal,
): BenchRow {
  const [value, reference] = [median(turns.product), median(turns.reference)];
  const ratio = value / reference;
  return { name, value, unit, reference, ratio, goal: goal.text, ok: goal.met(value, ratio) };
}

/** A figure that stands alone. */
export function alone(name: string, unit: string, value: number, goal: Goal): BenchRow {
  const none = Number.NaN;
  return { name, value, unit, reference: none, ratio: none, goal: goal.text, ok: goal.met(value, none) };
}

/** Measures product and reference by turns, so that what else the machine does meets both alike. */
export async function inTurn<T>(
  turns: number,
  product: () => Promise<T>,
  reference: () => Promise<T>,
): Promise<{ product: T[]; reference: T[] }> {
  const results = { product: [] as T[], reference: [] as T[] };
  for (let turn = 0; turn < turns; turn++) {
    results.product.push(await product());
    results.reference.push(await reference());
    console.error(
      `  turn ${turn + 1} of ${turns}: ${shown(results.product[turn])} beside ${shown(results.reference[turn])}`,
    );
  }
  return results;
}

const shown = (result: unknown): string =>
  JSON.stringify(result, (_key, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(4)) : value));
