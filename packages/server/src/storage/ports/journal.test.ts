import assert from "node:assert/strict";
import { test } from "node:test";
import { retentionClassOf } from "./journal.ts";

test("the retention class is the power of two at or above the hours", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 24, 720, 87_600].map(retentionClassOf), [0, 0, 1, 2, 2, 3, 5, 10, 17]);
});
