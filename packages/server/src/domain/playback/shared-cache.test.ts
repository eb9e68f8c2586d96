import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedCache } from "./shared-cache.ts";
import { SharedMemory } from "./shared-memory.ts";

const value = (bytes: number): { bytes: number } => ({ bytes });
const never = (): Promise<never> => Promise.reject(new Error("not kept"));
const isGone = (cache: SharedCache<{ bytes: number }>, key: string): Promise<void> =>
  assert.rejects(cache.get(key, never), /not kept/);

test("a thousand who ask at once share one making", async () => {
  const cache = new SharedCache(1000);
  let made = 0;
  const make = async () => {
    made++;
    await new Promise((resolve) => setImmediate(resolve));
    return value(10);
  };
  const values = await Promise.all(Array.from({ length: 1000 }, () => cache.get("a", make)));
  assert.equal(made, 1);
  assert.equal(new Set(values).size, 1);
  assert.equal(await cache.get("a", never), values[0]);
});

test("what was used least recently makes room, and what is too large is not kept", async () => {
  const cache = new SharedCache(100);
  for (const key of ["a", "b", "c"]) await cache.get(key, async () => value(30));
  await cache.get("a", never);
  await cache.get("d", async () => value(40));
  await isGone(cache, "b");
  assert.deepEqual(await cache.get("a", never), value(30));
  await cache.get("large", async () => value(51));
  await isGone(cache, "large");
  assert.deepEqual(await cache.get("d", never), value(40));
});

test("what failed is made again, and a prefix is forgotten", async () => {
  const cache = new SharedCache(100);
  await assert.rejects(
    cache.get("1/a", () => Promise.reject(new Error("no"))),
    /no/,
  );
  await cache.get("1/a", async () => value(1));
  await cache.get("12/a", async () => value(2));
  cache.forget("1/");
  await isGone(cache, "1/a");
  assert.deepEqual(await cache.get("12/a", never), value(2));
});

test("what is kept is held for whoever takes it, also when it leaves meanwhile", async () => {
  const cache = new SharedCache<{ bytes: number; memory: SharedMemory; view: Uint8Array }>(100);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  assert.equal(cache.kept("a"), undefined);
  const view = new Uint8Array(10);
  const made = await cache.get("a", async () => ({ bytes: 10, memory: new SharedMemory([view]), view }));
  const kept = cache.kept("a");
  assert.equal(kept, made);
  made.memory.letGo();
  cache.forget("a");
  await turn();
  await turn();
  assert.equal(view.length, 10);
  kept?.memory.letGo();
  await turn();
  await turn();
  assert.equal(view.length, 0);
});
