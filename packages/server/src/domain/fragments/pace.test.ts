import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Pace, paced } from "./pace.ts";

const UNBOUNDED = Number.POSITIVE_INFINITY;

beforeEach((context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  (context as { after(step: () => void): void }).after(() => mock.timers.reset());
});

/** Lets everything run that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function* chunksOf(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size);
}

/** Reads an answer and says how many bytes of it have come. */
function reading(chunks: AsyncIterable<Uint8Array>): { bytes: number; ended: boolean } {
  const progress = { bytes: 0, ended: false };
  void (async () => {
    for await (const chunk of chunks) progress.bytes += chunk.length;
    progress.ended = true;
  })();
  return progress;
}

test("bytes beyond a second's worth come at the rate", async () => {
  let now = 0;
  const pace = new Pace({ bytesPerSecond: 1000, fragmentsPerSecond: UNBOUNDED }, () => now);
  const progress = reading(paced(chunksOf([600, 400, 500, 500]), pace));
  await settle();
  assert.equal(progress.bytes, 1000);
  now = 499;
  mock.timers.tick(499);
  await settle();
  assert.equal(progress.bytes, 1000);
  now = 500;
  mock.timers.tick(1);
  await settle();
  assert.equal(progress.bytes, 1500);
  now = 1000;
  mock.timers.tick(500);
  await settle();
  assert.deepEqual(progress, { bytes: 2000, ended: true });
});

test("fragments are counted by themselves", async () => {
  const pace = new Pace({ bytesPerSecond: UNBOUNDED, fragmentsPerSecond: 5 }, () => 0);
  for (let fragment = 0; fragment < 5; fragment++) {
    pace.countFragment();
    pace.countBytes(1e9);
    assert.equal(pace.due(), undefined);
  }
  pace.countFragment();
  let due = false;
  void pace.due()!.then(() => {
    due = true;
  });
  mock.timers.tick(199);
  await settle();
  assert.equal(due, false);
  mock.timers.tick(1);
  await settle();
  assert.equal(due, true);
});

test("a stopped pace holds nobody", async () => {
  const pace = new Pace({ bytesPerSecond: 1, fragmentsPerSecond: UNBOUNDED }, () => 0);
  const progress = reading(paced(chunksOf([1000, 1000]), pace));
  await settle();
  assert.equal(progress.bytes, 0);
  pace.stop();
  await settle();
  assert.deepEqual(progress, { bytes: 2000, ended: true });
});
