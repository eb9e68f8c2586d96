/**
 * What the SDK schemas do not say of a value: its length, range, pattern and allowed words. Lengths count UTF-16 units of a string
 * and items of a list or map; every bound is inclusive. Numbers are integers: no KVS input has a fractional one.
 */
export interface Constraint {
  /** `[least, most]` length of a string, list or map. */
  readonly length?: readonly [least: number, most: number];
  /** `[least, most]` of a number. */
  readonly range?: readonly [least: number, most: number];
  /** Must match the whole string; written without anchors and shown as written. */
  readonly pattern?: Pattern;
  /** The allowed words of an enum. */
  readonly oneOf?: readonly string[];
  /** What holds for every item of a list. */
  readonly items?: Constraint;
  /** What holds for every key of a map. */
  readonly keys?: Constraint;
  /** What holds for every value of a map. */
  readonly values?: Constraint;
}

/** Constraints of a service: structure name, then member name. */
export type Constraints = Readonly<Record<string, Readonly<Record<string, Constraint>>>>;

/** A pattern and the text that error messages show for it. */
export interface Pattern {
  readonly source: string;
  readonly expression: RegExp;
}

/**
 * Compiles an AWS pattern, which must match the whole value.
 * @param source a regular expression without anchors, as AWS's API reference prints it
 */
export function pattern(source: string): Pattern {
  return { source, expression: new RegExp(`^(?:${source})$`, "su") };
}
