import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncBudget } from "./sync-budget.ts";

test("after a quiet moment a burst may go at once; then syncs follow the rate, whatever is asked for", () => {
  let now = 0;
  const budget = new SyncBudget(100, 4, () => now);
  const syncs: number[] = [];
  // Somebody always wants a sync, for ten seconds.
  while (now < 10_000) {
    const delay = budget.delay();
    now += delay;
    budget.charge(1);
    syncs.push(now);
  }
  assert.deepEqual(syncs.slice(0, 4), [0, 0, 0, 0]);
  for (let second = 0; second < 9000; second += 137) {
    const inSecond = syncs.filter((time) => time >= second && time < second + 1000).length;
    assert.ok(inSecond <= 105 && inSecond >= 99, `${inSecond} syncs in the second from ${second}`);
  }
});

test("what was taken beyond the tokens is waited for", () => {
  let now = 0;
  const budget = new SyncBudget(100, 2, () => now);
  budget.charge(12);
  assert.equal(budget.delay(), 110);
  now += 110;
  assert.equal(budget.delay(), 0);
  now += 60_000;
  budget.charge(2);
  assert.equal(budget.delay(), 10);
});
