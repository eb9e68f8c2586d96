import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { MAX_TAGS, mergeTags, removeTags } from "./tags.ts";

const coded = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code;

test("tags are overwritten by key, up to 50 of them", () => {
  const full = Object.fromEntries(Array.from({ length: MAX_TAGS }, (_, i) => [`k${i}`, ""]));
  assert.deepEqual(mergeTags({ a: "1", b: "2" }, { b: "3", c: "" }), { a: "1", b: "3", c: "" });
  assert.equal(Object.keys(mergeTags(full, { k0: "again" })).length, MAX_TAGS);
  assert.throws(() => mergeTags(full, { another: "" }), coded("tags-limit"));
  assert.throws(() => mergeTags({}, { "AWS:owner": "x" }), coded("invalid-argument"));
  assert.deepEqual(removeTags({ a: "1", b: "2" }, ["b", "unknown"]), { a: "1" });
});

test("a tag named like a member of every object is a tag like any other", () => {
  const tags = mergeTags({}, JSON.parse('{"__proto__":"x","constructor":"y"}'));
  assert.deepEqual(Object.keys(tags), ["__proto__", "constructor"]);
  assert.deepEqual(Object.keys(removeTags(tags, ["constructor"])), ["__proto__"]);
});
