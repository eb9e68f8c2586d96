import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Changes } from "./changes.ts";

const LONG_MS = 60_000;

test("who waits is told of the next change, and who missed one is not kept waiting", async () => {
  const changes = new Changes();
  const before = changes.count;
  const waiting = [changes.after(before, LONG_MS), changes.after(before, LONG_MS, new AbortController().signal)];
  changes.tell();
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.equal(await changes.after(before, LONG_MS), true);
  assert.equal(changes.count, before + 1);
});

test("who waits for too long, or leaves, is told that there was none", async () => {
  const changes = new Changes();
  assert.equal(await changes.after(changes.count, 1), false);
  assert.equal(await changes.after(changes.count, 0), false);
  const leaving = new AbortController();
  const left = changes.after(changes.count, LONG_MS, leaving.signal);
  leaving.abort();
  assert.equal(await left, false);
  assert.equal(await changes.after(changes.count, LONG_MS, leaving.signal), false);
  changes.tell();
});

test("who waits again when told of a change is told of the one behind it", async () => {
  const changes = new Changes();
  const seen: number[] = [];
  const watch = async (): Promise<void> => {
    while (seen.length < 3) {
      const { count } = changes;
      if (await changes.after(count, LONG_MS)) seen.push(count);
    }
  };
  const watching = watch();
  for (let told = 0; told < 3; told++) {
    changes.tell();
    await turn();
  }
  await watching;
  assert.deepEqual(seen, [0, 1, 2]);
});

test("nothing is kept of those who have left, for as long as nothing changes", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const changes = new Changes();
  const signals: WeakRef<AbortSignal>[] = [];
  const wait = async (): Promise<void> => {
    const leaving = new AbortController();
    signals.push(new WeakRef(leaving.signal));
    const left = changes.after(changes.count, LONG_MS, leaving.signal);
    leaving.abort();
    await left;
  };
  for (let viewers = 0; viewers < 10; viewers++) await wait();
  for (let turns = 0; turns < 100 && signals.some((signal) => signal.deref() !== undefined); turns++) {
    await turn();
    collectGarbage();
  }
  assert.ok(signals.every((signal) => signal.deref() === undefined));
  assert.equal(changes.count, 0);
});
