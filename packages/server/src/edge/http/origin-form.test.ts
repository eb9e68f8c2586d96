import assert from "node:assert/strict";
import { test } from "node:test";
import { originForm } from "./origin-form.ts";

const CASES: [string, string][] = [
  ["/putMedia", "/putMedia"],
  ["http://127.0.0.1:8400/putMedia", "/putMedia"],
  ["HTTPS://kvs.example/a/b?c=http://d/e", "/a/b?c=http://d/e"],
  ["http://kvs.example", "/"],
  ["http://kvs.example?a=b", "/?a=b"],
  ["/a?b=http://c/d", "/a?b=http://c/d"],
  ["*", "*"],
];

for (const [target, expected] of CASES) {
  test(`the origin form of ${target} is ${expected}`, () => assert.equal(originForm(target), expected));
}
