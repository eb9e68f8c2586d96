/**
 * The run-time schemas that the AWS SDK clients export (`CreateStream$`, `InvalidArgumentException$`, ...) are positional tuples.
 * Only what is read here is typed; references between schemas stay `unknown` until `shapes.ts` narrows them.
 */

/** Traits of a shape or member: a bit set of the common ones, or a record such as `{ httpHeader: "Content-Type" }`. */
export type Traits = number | Readonly<Record<string, unknown>>;

/** `[9, namespace, name, { http: [method, path, status] }, input, output]`. */
export type OperationSchema = readonly [id: 9, namespace: string, name: string, Traits, unknown, unknown];

/** `[3, namespace, name, traits, member names, member schemas, count of leading members that are required]`. */
export type StructureSchema = readonly [
  id: 3 | 4 | -3,
  namespace: string,
  name: string,
  Traits,
  readonly string[],
  readonly unknown[],
  number?,
];

/** `[-3, namespace, name, { error, httpError }, member names, member schemas, required count]`. */
export type ErrorSchema = readonly [
  id: -3,
  namespace: string,
  name: string,
  Traits,
  readonly string[],
  readonly unknown[],
  number?,
];

/** Schema ids of composite shapes: the first item of their tuple. */
export const SCHEMA_ID = { simple: 0, list: 1, map: 2, structure: 3, union: 4, error: -3, operation: 9 } as const;

/** Sentinels that stand for simple shapes; lists and maps of them add a modifier bit. */
export const SENTINEL = {
  string: 0,
  number: 1,
  boolean: 2,
  timestamp: 4,
  timestampDateTime: 5,
  timestampHttpDate: 6,
  timestampEpochSeconds: 7,
  document: 15,
  blob: 21,
  streamingBlob: 42,
  listOf: 64,
  mapOf: 128,
} as const;

/** The bits of numeric traits, in the SDK's order. */
const TRAIT_BITS = [
  "httpLabel",
  "idempotent",
  "idempotencyToken",
  "sensitive",
  "httpPayload",
  "httpResponseCode",
  "httpQueryParams",
] as const;

/** Traits as a record, whichever form the schema carries; numeric bits become members with the value 1. */
export function traitsOf(traits: unknown): Readonly<Record<string, unknown>> {
  if (typeof traits === "object" && traits !== null) return traits as Readonly<Record<string, unknown>>;
  if (typeof traits !== "number") return {};
  const record: Record<string, unknown> = {};
  for (const [bit, name] of TRAIT_BITS.entries()) if ((traits >> bit) & 1) record[name] = 1;
  return record;
}
