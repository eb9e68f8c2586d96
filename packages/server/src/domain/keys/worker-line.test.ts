import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerLine } from "./worker-line.ts";

test("where no worker can be started there is none, and nothing is thrown", () => {
  // A script that no worker takes: refused at once, as a thread is where the system has none left.
  const line = new WorkerLine<string, string>(new URL("https://kvass.invalid/worker.js"), 0);
  assert.equal(line.ready(), false);
  assert.equal(line.ready(), false);
});
