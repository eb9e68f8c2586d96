import assert from "node:assert/strict";
import { test } from "node:test";
import { ShapeCompiler } from "../schema/shapes.ts";
import { camera } from "../testing/camera.ts";
import { validate } from "./validate.ts";

const input = new ShapeCompiler(camera.constraints).structure(camera.operations[0]![4]);
const check = (value: Record<string, unknown>): string | undefined => validate(input, value);
const broken = (value: Record<string, unknown>, violation: string): void => {
  const message = check({ Camera: "north", ...value });
  assert.equal(message, `1 validation error detected: ${violation}`);
};

test("input that keeps to every constraint passes", () => {
  const value = {
    Camera: "north",
    Pan: -90,
    Labels: { a: "", abc: "xyz" },
    Names: ["a", "abc"],
    Preset: { Name: "NEAR", Secret: "1234", Children: [{ Name: "FAR" }] },
  };
  assert.equal(check(value), undefined);
});

test("a message names the member, its value and the constraint", () => {
  assert.equal(
    check({}),
    "1 validation error detected: Value null at 'camera' failed to satisfy constraint: Member must not be null",
  );
  broken(
    { Camera: "northwest" },
    "Value 'northwest' at 'camera' failed to satisfy constraint: Member must have length less than or equal to 8",
  );
  broken(
    { Camera: "" },
    "Value '' at 'camera' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
  broken(
    { Camera: "NW" },
    "Value 'NW' at 'camera' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
  );
  broken(
    { Camera: "nw\n" },
    "Value 'nw?' at 'camera' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
  );
  broken(
    { Pan: 91 },
    "Value '91' at 'pan' failed to satisfy constraint: Member must have value less than or equal to 90",
  );
  broken(
    { Pan: -91 },
    "Value '-91' at 'pan' failed to satisfy constraint: Member must have value greater than or equal to -90",
  );
  broken({ Pan: 0.5 }, "Value '0.5' at 'pan' failed to satisfy constraint: Member must be an integer");
});

test("lists, maps and structures are checked inside", () => {
  broken(
    { Names: ["a", "b", "c"] },
    `Value '["a","b","c"]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 2`,
  );
  broken(
    { Names: ["a", "long"] },
    "Value 'long' at 'names.2.member' failed to satisfy constraint: Member must have length less than or equal to 3",
  );
  broken(
    { Names: ["a", undefined] },
    "Value null at 'names.2.member' failed to satisfy constraint: Member must not be null",
  );
  broken(
    { Labels: {} },
    "Value '{}' at 'labels' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
  broken(
    { Labels: { long: "x" } },
    `Value '{"long":"x"}' at 'labels' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 3]`,
  );
  broken(
    { Labels: { a: "long" } },
    `Value '{"a":"long"}' at 'labels' failed to satisfy constraint: Map values must satisfy constraint: [Member must have length less than or equal to 3]`,
  );
  broken({ Preset: {} }, "Value null at 'preset.name' failed to satisfy constraint: Member must not be null");
  broken(
    { Preset: { Name: "NEAR", Children: [{ Name: "UP" }] } },
    "Value 'UP' at 'preset.children.1.member.name' failed to satisfy constraint: Member must satisfy enum value set: [NEAR, FAR]",
  );
});

test("sensitive values are not echoed", () => {
  broken(
    { Preset: { Name: "FAR", Secret: "abc" } },
    "Value at 'preset.secret' failed to satisfy constraint: Member must have length greater than or equal to 4",
  );
});

test("every violation is counted, few are listed, long values are cut", () => {
  assert.match(
    check({ Pan: 100, Names: [""] })!,
    /^3 validation errors detected: .*'camera'.*; .*'pan'.*; .*'names\.1\.member'/,
  );
  const children = Array.from({ length: 500 }, () => ({ Name: "UP" }));
  const message = check({ Camera: "x".repeat(100_000), Preset: { Name: "NEAR", Children: children } })!;
  assert.match(message, /^501 validation errors detected/);
  assert.ok(message.length < 4000, `${message.length} characters`);
});

test("a value of a refused length meets no pattern", () => {
  const message = check({ Camera: "N".repeat(9) })!;
  assert.doesNotMatch(message, /pattern/);
});
