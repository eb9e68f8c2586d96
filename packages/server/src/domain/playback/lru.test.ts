import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lru } from "./lru.ts";

const CAPACITY = 10;

/** The same without a thought of speed: entries in the order of their last use, least recent first. */
class PlainLru {
  entries: [key: string, weight: number][] = [];

  get(key: string): number | undefined {
    const found = this.entries.find(([each]) => each === key);
    if (found !== undefined) this.entries = [...this.entries.filter((entry) => entry !== found), found];
    return found?.[1];
  }

  set(key: string, weight: number): void {
    this.delete(key);
    this.entries.push([key, weight]);
    while (this.entries.reduce((sum, [, each]) => sum + each, 0) > CAPACITY) this.entries.shift();
  }

  delete(key: string): void {
    this.entries = this.entries.filter(([each]) => each !== key);
  }
}

test("what was used least recently leaves first, whatever was asked for again and again before", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant("get" as const), key }) },
    {
      weight: 3,
      arbitrary: fc.record({ does: fc.constant("set" as const), key, weight: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant("delete" as const), key }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const removed: number[] = [];
      const [lru, plain] = [new Lru<number>(CAPACITY, (value) => removed.push(value)), new PlainLru()];
      let added = 0;
      for (const taken of steps) {
        if (taken.does === "get") assert.equal(lru.get(taken.key), plain.get(taken.key));
        else if (taken.does === "delete") for (const each of [lru, plain]) each.delete(taken.key);
        else {
          lru.set(taken.key, taken.weight, taken.weight);
          plain.set(taken.key, taken.weight);
          added++;
        }
        assert.equal(
          lru.weight,
          plain.entries.reduce((sum, [, weight]) => sum + weight, 0),
        );
        for (const each of ["a", "b", "c", "d", "e"]) {
          assert.equal(
            lru.has(each),
            plain.entries.some(([kept]) => kept === each),
            each,
          );
        }
      }
      assert.equal(removed.length, added - lru.size);
    }),
  );
});
