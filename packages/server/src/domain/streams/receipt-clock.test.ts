import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReceiptClock } from "./receipt-clock.ts";

const T = Date.UTC(2026, 10, 21);

/** The stamps of fragments that begin when the clock shows these times after T. */
function stamps(...times: number[]): number[] {
  const clock = new ReceiptClock();
  return times.map((time) => clock.stamp(T + time) - T);
}

test("a fragment has the time at which it begins", () => {
  assert.deepEqual(stamps(0, 1, 40, 2040), [0, 1, 40, 2040]);
});

test("of fragments that begin in one millisecond each is later than the one before", () => {
  assert.deepEqual(stamps(0, 0, 0, 1, 2, 10), [0, 1, 2, 3, 4, 10]);
});

test("a clock that is set back is waited for", () => {
  assert.deepEqual(stamps(5000, 1000, 3000, 5000, 5002, 5010), [5000, 5001, 5002, 5003, 5004, 5010]);
});

test("fragments follow each other by the clock and never lead it by more than a second", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 3000 }), (steps) => {
      const clock = new ReceiptClock();
      let now = T;
      let shown = 0;
      let last = 0;
      for (const step of steps) {
        now += step;
        shown = Math.max(shown, now);
        const stamp = clock.stamp(now);
        assert.ok(stamp > last || (stamp === last && stamp - shown === 1000));
        assert.ok(stamp >= shown && stamp - shown <= 1000);
        last = stamp;
      }
    }),
  );
});

test("a burst that outruns the clock by a second goes on without leaving it further behind", () => {
  const clock = new ReceiptClock();
  const burst = Array.from({ length: 1500 }, () => clock.stamp(T) - T);
  assert.equal(new Set(burst).size, 1001);
  assert.equal(burst.at(-1), 1000);
  assert.equal(clock.stamp(T + 10) - T, 1001);
  assert.equal(clock.stamp(T + 2000) - T, 2000);
});
