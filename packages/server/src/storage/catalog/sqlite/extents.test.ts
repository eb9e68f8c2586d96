import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeExtents, encodeExtents } from "./extents.ts";

test("extents come back as they were stored", () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), (extents) => {
      assert.deepEqual(decodeExtents(encodeExtents(extents)), extents);
    }),
  );
});

test("one part of a megabyte takes a few bytes", () => {
  assert.equal(encodeExtents([200_000_000, 1_048_684]).length, 7);
});
