import assert from "node:assert/strict";
import { test } from "node:test";
import { AheadBudget } from "./ahead-budget.ts";

test("one is built at a time, and the next once it is built, or somebody asks for it", () => {
  const budget = new AheadBudget(4000, () => 0);
  assert.equal(budget.take("a", 1), true);
  assert.equal(budget.take("b", 1), false);
  budget.built("a");
  assert.equal(budget.take("b", 1), true);
  // What is said of another one changes nothing.
  budget.built("a");
  budget.claim("a");
  assert.equal(budget.take("c", 1), false);
  budget.claim("b");
  assert.equal(budget.take("c", 1), true);
});

test("eight wait to be asked for, and one that nobody asks for within ten seconds counts no more", () => {
  let now = 0;
  const budget = new AheadBudget(1e9, () => now);
  const build = (key: string): boolean => {
    const taken = budget.take(key, 1);
    budget.built(key);
    return taken;
  };
  for (let i = 0; i < 8; i++, now += 100) assert.equal(build(`${i}`), true);
  assert.equal(build("8"), false);
  budget.claim("5");
  assert.equal(build("8"), true);
  assert.equal(build("9"), false);
  now = 9999;
  assert.equal(build("9"), false);
  now = 10_000;
  assert.equal(build("9"), true);
  assert.equal(build("10"), false);
});

test("what waits takes a quarter of the cache, and none of it is built twice", () => {
  const budget = new AheadBudget(400, () => 0);
  const build = (key: string, bytes: number): boolean => {
    const taken = budget.take(key, bytes);
    budget.built(key);
    return taken;
  };
  assert.equal(build("large", 101), false);
  assert.equal(build("a", 60), true);
  assert.equal(build("a", 1), false);
  assert.equal(build("b", 41), false);
  assert.equal(build("b", 40), true);
  assert.equal(build("c", 1), false);
  budget.claim("a");
  assert.equal(build("c", 60), true);
});

test("without a cache nothing is built ahead", () => {
  assert.equal(new AheadBudget(0).take("a", 1), false);
});
