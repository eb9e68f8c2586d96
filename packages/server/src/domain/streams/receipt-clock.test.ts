import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceiptClock } from "./receipt-clock.ts";

const T = Date.UTC(2026, 10, 21);
const HOUR = 3_600_000;

/** The stamps of fragments that begin when the clock shows these times after T. */
function stamps(...times: number[]): number[] {
  const clock = new ReceiptClock();
  return times.map((time) => clock.stamp(T + time) - T);
}

test("a fragment has the time at which it begins, alone or not", () => {
  assert.deepEqual(stamps(0, 1, 1, 40, 2040), [0, 1, 1, 40, 2040]);
});

test("a clock that is set back a little is waited for", () => {
  assert.deepEqual(stamps(5000, 1000, 3000, 5000, 5002), [5000, 5000, 5000, 5000, 5002]);
  assert.deepEqual(stamps(60_000, 0, -1), [60_000, 60_000, -1]);
});

test("a clock that was wrong by an hour is not held to", () => {
  assert.deepEqual(stamps(HOUR, 0, 40), [HOUR, 0, 40]);
});
