import assert from "node:assert/strict";
import { test } from "node:test";
import { SlabPool } from "./slab-pool.ts";

const SIZES = { smallest: 1024, largest: 4096 };
const MINUTE = 60_000;

test("slabs have the next power of two, at most the largest, and are used again", () => {
  const pool = new SlabPool(SIZES);
  assert.deepEqual(
    [1, 1024, 1025, 5000].map((length) => pool.take(length).length),
    [1024, 1024, 2048, 4096],
  );
  const slab = pool.take(2000);
  pool.give(slab);
  assert.equal(pool.take(1500), slab);
});

test("behind a peak the pool shrinks to what is in use, and to nothing where nothing is", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const pool = new SlabPool(SIZES);
  const peak = Array.from({ length: 10 }, () => pool.take(1024));
  for (const slab of peak) pool.give(slab);
  assert.equal(pool.idleBytes, 10 * 1024);
  context.mock.timers.tick(MINUTE);
  assert.equal(pool.idleBytes, 10 * 1024, "in use within the minute");
  const [one, two] = [pool.take(1024), pool.take(1024)];
  pool.give(two);
  pool.give(one);
  context.mock.timers.tick(MINUTE);
  assert.equal(pool.idleBytes, 2 * 1024, "two at a time were used");
  assert.equal(pool.take(1024), one);
  pool.give(one);
  context.mock.timers.tick(MINUTE);
  assert.equal(pool.idleBytes, 1024);
  context.mock.timers.tick(MINUTE);
  assert.equal(pool.idleBytes, 0);
});
