import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { SharedCache } from "./shared-cache.ts";
import { SharedMemory } from "./shared-memory.ts";

const never = (): Promise<never> => Promise.reject(new Error("not kept"));

interface Held {
  readonly bytes: number;
  readonly payload: Uint8Array;
  readonly memory: SharedMemory;
}

async function made(bytes: number): Promise<Held> {
  const payload = new Uint8Array(bytes);
  return { bytes, payload, memory: new SharedMemory([payload]) };
}

const isThere = ({ payload, bytes }: Held): boolean => payload.length === bytes;

test("what leaves the cache is given back once nobody holds it, and not before", async () => {
  const cache = new SharedCache<Held>(100);
  const a = await cache.get("a", () => made(40));
  const again = await cache.get("a", never);
  assert.equal(again, a);
  a.memory.letGo();
  await turn();
  assert.ok(isThere(a));
  for (const key of ["b", "c"]) (await cache.get(key, () => made(40))).memory.letGo();
  await turn();
  assert.ok(isThere(a), "out of the cache, but still held");
  a.memory.letGo();
  await turn();
  assert.ok(!isThere(a));
  const [b, c] = [await cache.get("b", never), await cache.get("c", never)];
  assert.ok(isThere(b) && isThere(c));
});

test("what is forgotten or too large to be kept is given back too", async () => {
  const cache = new SharedCache<Held>(100);
  const large = await cache.get("large", () => made(60));
  assert.ok(isThere(large));
  large.memory.letGo();
  const small = await cache.get("1/small", () => made(10));
  small.memory.letGo();
  await turn();
  assert.ok(!isThere(large) && isThere(small));
  cache.forget("1/");
  await turn();
  assert.ok(!isThere(small));
});

test("whoever is handed a value in the moment in which the last one lets go has it whole", async () => {
  const cache = new SharedCache<Held>(10);
  const [first, second] = await Promise.all(["first", "second"].map(() => cache.get("large", () => made(60))));
  assert.equal(first, second);
  first!.memory.letGo();
  second!.memory.letGo();
  second!.memory.hold();
  await turn();
  assert.ok(isThere(second!));
  second!.memory.letGo();
  await turn();
  assert.ok(!isThere(second!));
});

test("a part of a larger buffer is left alone", async () => {
  const buffer = new Uint8Array(100);
  const memory = new SharedMemory([buffer.subarray(10, 20)]);
  memory.hold();
  memory.letGo();
  await turn();
  assert.equal(buffer.length, 100);
});
