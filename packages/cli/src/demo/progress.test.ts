import assert from "node:assert/strict";
import { test } from "node:test";
import { describeProgress } from "./progress.ts";

test("fragments, bytes, acknowledgements and lag are told", () => {
  const progress = { elapsedMs: 12_000, fragments: 4, bytes: 1_900_000, acks: 13, lagMs: 43 };
  assert.equal(describeProgress("camera", progress), "camera: 12.0 s, 4 fragments, 1.90 MB, 13 acks, lag 43 ms");
  const none = { elapsedMs: 0, fragments: 0, bytes: 0, acks: 1, lagMs: undefined };
  assert.equal(describeProgress("camera", none), "camera: 0.0 s, 0 fragments, 0 B, 1 ack, lag -");
});

test("after days all of it still fits on a terminal of 80 columns", () => {
  const progress = { elapsedMs: 200 * 3_600_000, fragments: 360_000, bytes: 150e9, acks: 1_080_000, lagMs: 1234 };
  const line = describeProgress("demo-camera", progress);
  assert.ok(line.length < 80, line);
});
