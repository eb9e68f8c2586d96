import assert from "node:assert/strict";
import { test } from "node:test";
import { binarySize } from "./binary-size.ts";

test("sizes are told in the units that limits are given in", () => {
  const sizes = [1, 1000, 200_000, 256 * 2 ** 20, 1.5 * 2 ** 30, 3000 * 2 ** 40];
  assert.deepEqual(sizes.map(binarySize), ["1 bytes", "1000 bytes", "195.3 KiB", "256 MiB", "1.5 GiB", "3000 TiB"]);
});
