import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerLine } from "./worker-line.ts";

test("where no worker can be started there is none, nothing is thrown, and it is told once", () => {
  const told: string[] = [];
  // A script that no worker takes: refused at once, as a thread is where the system has none left.
  const line = new WorkerLine<string, string>("sealer", new URL("https://kvass.invalid/worker.js"), {
    relaunchMs: 0,
    tell: (name) => void told.push(name),
  });
  assert.equal(line.ready(), false);
  assert.equal(line.ready(), false);
  assert.deepEqual(told, ["worker lost"]);
});
