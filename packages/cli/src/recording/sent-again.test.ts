import assert from "node:assert/strict";
import { test } from "node:test";
import { SentAgain } from "./sent-again.ts";

const fragment = (producerTimestamp: number, ...frames: number[][]) => ({
  producerTimestamp,
  frames: frames.map((bytes) => ({ data: Uint8Array.from(bytes) })),
});

test("what a producer sent again is known, and what begins at the same moment is not taken for it", () => {
  const sentAgain = new SentAgain();
  const sent = [fragment(1000, [1], [2, 3]), fragment(3000, [1], [2, 3]), fragment(3000, [1], [2, 4])];
  assert.deepEqual(
    [...sent, ...sent].map((one) => sentAgain.has(one)),
    [false, false, false, true, true, true],
  );
});

test("a whole recording of hours that was sent again is known", () => {
  const sentAgain = new SentAgain();
  const recording = Array.from({ length: 5000 }, (_, place) => fragment(place * 2000, [place & 0xff]));
  assert.ok(recording.every((one) => !sentAgain.has(one)));
  assert.ok(recording.every((one) => sentAgain.has(one)));
});
