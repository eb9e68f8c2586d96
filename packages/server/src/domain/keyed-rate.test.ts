import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyedRate } from "./keyed-rate.ts";

const taken = (rate: KeyedRate<string>, key: string, now: number, calls: number): number =>
  Array.from({ length: calls }, () => rate.tryTake(key, now)).filter(Boolean).length;

test("each key has its own rate, saved up for a second at most", () => {
  const rate = new KeyedRate<string>(5);
  assert.equal(taken(rate, "a", 0, 9), 5);
  assert.equal(taken(rate, "b", 0, 9), 5);
  assert.equal(taken(rate, "a", 400, 9), 2);
  assert.equal(taken(rate, "a", 60_000, 9), 5);
});

test("without a bound nothing is remembered", () => {
  const rate = new KeyedRate<string>(Number.POSITIVE_INFINITY);
  assert.equal(taken(rate, "a", 0, 1000), 1000);
  assert.equal(rate.size, 0);
});

test("keys that have recovered are forgotten, those in debt are not", () => {
  const rate = new KeyedRate<string>(10);
  for (let index = 0; index < 1000; index++) assert.ok(rate.tryTake(`key-${index}`, 0));
  assert.ok(rate.tryTake("owing", 0, 100));
  assert.ok(rate.tryTake("later", 2000));
  assert.equal(rate.size, 2);
  assert.equal(rate.tryTake("owing", 2000), false);
  assert.ok(rate.tryTake("owing", 9200));
});

test("over any time a key gets no more than its rate and one second's worth saved", () => {
  const waits = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), waits, (perSecond, gaps) => {
      const rate = new KeyedRate<string>(perSecond);
      let now = 0;
      let calls = 0;
      for (const gap of gaps) {
        now += gap;
        calls += taken(rate, "a", now, 7);
      }
      assert.ok(calls <= perSecond + (now * perSecond) / 1000);
    }),
  );
});
