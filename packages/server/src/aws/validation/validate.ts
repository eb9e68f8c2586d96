import { wirePath } from "../schema/path.ts";
import type { Member, Shape, StructureShape } from "../schema/shapes.ts";
import type { Constraint } from "./constraints.ts";

/** Violations that one message lists; the rest are counted only. */
const MAX_LISTED = 10;
/** Characters of a refused value that a message echoes. */
const MAX_ECHO = 128;

interface Violation {
  readonly path: string;
  readonly value: unknown;
  readonly sensitive: boolean;
  readonly rule: string;
}

/**
 * Checks a decoded input against what its schema and constraints ask for: required members, lengths, ranges, patterns, enums.
 * @returns AWS's message, which names each member and the constraint it breaks, or undefined where all holds
 */
export function validate(input: StructureShape, value: Readonly<Record<string, unknown>>): string | undefined {
  const violations: Violation[] = [];
  checkStructure(input, value, undefined, violations);
  return violations.length === 0 ? undefined : describe(violations);
}

function checkStructure(
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  parent: string | undefined,
  violations: Violation[],
): void {
  for (const member of shape.members) {
    const path = wirePath(parent, member.name);
    checkMember(member, value[member.name], path, violations);
  }
}

function checkMember(member: Member, value: unknown, path: string, violations: Violation[]): void {
  if (value === undefined) {
    if (member.required) violations.push({ path, value: null, sensitive: false, rule: "Member must not be null" });
    return;
  }
  checkValue(member.shape, member.constraint, value, member, path, violations);
}

/** A list or map that breaks a rule of its own is not looked into: its size may be the very thing that is wrong. */
function checkValue(
  shape: Shape,
  constraint: Constraint | undefined,
  value: unknown,
  member: Member,
  path: string,
  violations: Violation[],
): void {
  const rules = brokenRules(constraint, value);
  for (const rule of rules) violations.push({ path, value, sensitive: member.sensitive, rule });
  if (rules.length === 0) checkInside(shape, value, member, path, violations);
}

/** Items of lists and values of maps, which may be structures with members of their own. */
function checkInside(shape: Shape, value: unknown, member: Member, path: string, violations: Violation[]): void {
  if (shape.kind === "structure") {
    checkStructure(shape, value as Record<string, unknown>, path, violations);
  } else if (shape.kind === "list") {
    for (const [index, item] of (value as unknown[]).entries()) {
      checkItem(shape.item, item, member, `${path}.${index + 1}.member`, violations);
    }
  } else if (shape.kind === "map") {
    for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
      const rules = brokenRules(member.constraint?.keys, key);
      if (rules.length > 0) violations.push(entryViolation(path, value, member, "keys", rules));
      const inner = item === undefined ? ["Member must not be null"] : brokenRules(member.constraint?.values, item);
      if (inner.length > 0) violations.push(entryViolation(path, value, member, "values", inner));
      if (shape.value.kind === "structure" && item !== undefined) {
        checkStructure(shape.value, item as Record<string, unknown>, `${path}.${key}.member`, violations);
      }
    }
  }
}

function checkItem(shape: Shape, item: unknown, member: Member, path: string, violations: Violation[]): void {
  if (item !== undefined) checkValue(shape, member.constraint?.items, item, member, path, violations);
  else violations.push({ path, value: null, sensitive: false, rule: "Member must not be null" });
}

function entryViolation(path: string, value: unknown, member: Member, part: string, rules: string[]): Violation {
  const rule = `Map ${part} must satisfy constraint: [${rules.join(", ")}]`;
  return { path, value, sensitive: member.sensitive, rule };
}

function brokenRules(constraint: Constraint | undefined, value: unknown): string[] {
  if (constraint === undefined) return [];
  const rules: string[] = [];
  if (constraint.length !== undefined) checkLength(constraint.length, sizeOf(value), rules);
  if (constraint.range !== undefined) checkRange(constraint.range, value as number, rules);
  // A value of a refused length meets no pattern: some of AWS's take time that grows with the square of the length.
  if (rules.length === 0 && constraint.pattern !== undefined && !constraint.pattern.expression.test(value as string)) {
    rules.push(`Member must satisfy regular expression pattern: ${constraint.pattern.source}`);
  }
  if (constraint.oneOf !== undefined && !constraint.oneOf.includes(value as string)) {
    rules.push(`Member must satisfy enum value set: [${constraint.oneOf.join(", ")}]`);
  }
  return rules;
}

function checkLength([least, most]: readonly [number, number], length: number, rules: string[]): void {
  if (length > most) rules.push(`Member must have length less than or equal to ${most}`);
  if (length < least) rules.push(`Member must have length greater than or equal to ${least}`);
}

function checkRange([least, most]: readonly [number, number], value: number, rules: string[]): void {
  if (!Number.isInteger(value)) rules.push("Member must be an integer");
  if (value > most) rules.push(`Member must have value less than or equal to ${most}`);
  if (value < least) rules.push(`Member must have value greater than or equal to ${least}`);
}

function sizeOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return Object.keys(value as object).length;
}

function describe(violations: readonly Violation[]): string {
  const listed = violations.slice(0, MAX_LISTED).map(({ path, value, sensitive, rule }) => {
    const shown = sensitive ? "Value" : `Value ${echo(value)}`;
    return `${shown} at '${path.slice(0, MAX_ECHO)}' failed to satisfy constraint: ${rule}`;
  });
  const noun = violations.length === 1 ? "error" : "errors";
  return `${violations.length} validation ${noun} detected: ${listed.join("; ")}`;
}

/** The value as AWS shows it: null bare, all else quoted; cut where long, without control characters. */
function echo(value: unknown): string {
  if (value === null) return "null";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const cut = text.length > MAX_ECHO ? `${text.slice(0, MAX_ECHO)}...` : text;
  return `'${cut.replace(/\p{Cc}/gu, "?")}'`;
}
