import type { Constraint, Constraints } from "../validation/constraints.ts";
import { SCHEMA_ID, SENTINEL, type StructureSchema, traitsOf } from "./schema.ts";

/** Where a member travels in an HTTP message. */
export type Binding =
  | { readonly in: "body" }
  | { readonly in: "payload" }
  | { readonly in: "header" | "query" | "label"; readonly name: string };

/** How a timestamp is written in a binding that the schema does not leave to the protocol. */
export type TimestampFormat = "epoch-seconds" | "date-time" | "http-date";

/** A member of a structure, with all that decoding, validating and encoding it needs. */
export interface Member {
  /** Name in the SDK's types. */
  readonly name: string;
  /** Name in JSON: `name` unless the schema has a `jsonName`. */
  readonly wireName: string;
  readonly required: boolean;
  /** Never echoed in error messages. */
  readonly sensitive: boolean;
  readonly binding: Binding;
  readonly constraint: Constraint | undefined;
  readonly shape: Shape;
}

/** A structure's members in the order of its schema. `members` is filled after construction where structures refer to themselves. */
export interface StructureShape {
  readonly kind: "structure";
  readonly name: string;
  readonly members: readonly Member[];
}

/** The type of a value on the wire. */
export type Shape =
  | { readonly kind: "string" | "number" | "boolean" | "blob" | "stream" | "document" }
  | { readonly kind: "timestamp"; readonly format: TimestampFormat | undefined }
  | { readonly kind: "list"; readonly item: Shape }
  | { readonly kind: "map"; readonly value: Shape }
  | StructureShape;

const UNIT: StructureShape = { kind: "structure", name: "Unit", members: [] };

/** Turns SDK schemas into shapes once, at start, and remembers which constraints found their member. */
export class ShapeCompiler {
  readonly #constraints: Constraints;
  readonly #structures = new Map<unknown, StructureShape>();
  readonly #used = new Set<string>();

  constructor(constraints: Constraints) {
    this.#constraints = constraints;
  }

  /**
   * The shape of an operation's input or output.
   * @throws Error when the schema is of a kind this runtime does not know
   */
  structure(reference: unknown): StructureShape {
    const shape = this.#shape(reference);
    if (shape.kind !== "structure") throw new Error(`an operation's input or output cannot be a ${shape.kind}`);
    return shape;
  }

  /** Constraints that name a structure or member that no compiled schema has, as `Structure.Member`. */
  unusedConstraints(): string[] {
    return Object.entries(this.#constraints)
      .flatMap(([structure, members]) => Object.keys(members).map((member) => `${structure}.${member}`))
      .filter((name) => !this.#used.has(name));
  }

  #shape(reference: unknown): Shape {
    const target = typeof reference === "function" ? (reference as () => unknown)() : reference;
    if (target === "unit") return UNIT;
    if (typeof target === "number") return sentinelShape(target);
    if (!Array.isArray(target)) throw new Error(`unknown schema reference: ${String(target)}`);
    if (isMemberReference(target)) return this.#shape(target[0]);
    switch (target[0]) {
      case SCHEMA_ID.simple:
        return this.#shape(target[4]);
      case SCHEMA_ID.list:
        return { kind: "list", item: this.#shape(target[4]) };
      case SCHEMA_ID.map:
        return { kind: "map", value: this.#shape(target[5]) };
      case SCHEMA_ID.structure:
      case SCHEMA_ID.union:
      case SCHEMA_ID.error:
        return this.#structure(target as unknown as StructureSchema);
      default:
        throw new Error(`unknown schema kind: ${String(target[0])}`);
    }
  }

  #structure(schema: StructureSchema): StructureShape {
    const known = this.#structures.get(schema);
    if (known !== undefined) return known;
    const members: Member[] = [];
    const shape: StructureShape = { kind: "structure", name: schema[2], members };
    this.#structures.set(schema, shape);
    for (const [index, name] of schema[4].entries()) {
      members.push(this.#member(schema[2], name, schema[5][index], index < (schema[6] ?? 0)));
    }
    return shape;
  }

  #member(structure: string, name: string, reference: unknown, required: boolean): Member {
    const traits = memberTraits(reference);
    const constraint = this.#constraints[structure]?.[name];
    if (constraint !== undefined) this.#used.add(`${structure}.${name}`);
    return {
      name,
      wireName: typeof traits.jsonName === "string" ? traits.jsonName : name,
      required,
      sensitive: traits.sensitive === 1,
      binding: bindingOf(name, traits),
      constraint,
      shape: this.#shape(isMemberReference(reference) ? reference[0] : reference),
    };
  }
}

/** `[schema, traits]`, which wraps a schema where a member adds traits of its own. Schemas themselves have four items or more. */
function isMemberReference(reference: unknown): reference is readonly [unknown, unknown] {
  return Array.isArray(reference) && reference.length === 2;
}

/** Traits of the member itself and of the simple shape that it refers to, where sensitivity is declared. */
function memberTraits(reference: unknown): Readonly<Record<string, unknown>> {
  const own = isMemberReference(reference) ? traitsOf(reference[1]) : {};
  const inner = isMemberReference(reference) ? reference[0] : reference;
  const target = typeof inner === "function" ? (inner as () => unknown)() : inner;
  return Array.isArray(target) ? { ...traitsOf(target[3]), ...own } : own;
}

function bindingOf(member: string, traits: Readonly<Record<string, unknown>>): Binding {
  if (typeof traits.httpHeader === "string") return { in: "header", name: traits.httpHeader };
  if (typeof traits.httpQuery === "string") return { in: "query", name: traits.httpQuery };
  if (traits.httpLabel === 1) return { in: "label", name: member };
  return traits.httpPayload === 1 ? { in: "payload" } : { in: "body" };
}

function sentinelShape(sentinel: number): Shape {
  if (sentinel === SENTINEL.streamingBlob) return { kind: "stream" };
  if (sentinel >= SENTINEL.mapOf) return { kind: "map", value: sentinelShape(sentinel - SENTINEL.mapOf) };
  if (sentinel >= SENTINEL.listOf) return { kind: "list", item: sentinelShape(sentinel - SENTINEL.listOf) };
  switch (sentinel) {
    case SENTINEL.string:
      return { kind: "string" };
    case SENTINEL.number:
      return { kind: "number" };
    case SENTINEL.boolean:
      return { kind: "boolean" };
    case SENTINEL.blob:
      return { kind: "blob" };
    case SENTINEL.document:
      return { kind: "document" };
    case SENTINEL.timestamp:
      return { kind: "timestamp", format: undefined };
    case SENTINEL.timestampDateTime:
      return { kind: "timestamp", format: "date-time" };
    case SENTINEL.timestampHttpDate:
      return { kind: "timestamp", format: "http-date" };
    case SENTINEL.timestampEpochSeconds:
      return { kind: "timestamp", format: "epoch-seconds" };
    default:
      throw new Error(`unknown schema sentinel: ${sentinel}`);
  }
}
