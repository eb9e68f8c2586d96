import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ParallelGzip } from "./parallel-gzip.ts";

/** Lines that differ, as those of a playlist do. */
function lines(bytes: number): Buffer {
  const count = Math.ceil(bytes / 20);
  const text = Array.from({ length: count }, (_, line) => `segment-${line * 104_729}.mp4?n=1\n`).join("");
  return Buffer.from(text).subarray(0, bytes);
}

for (const bytes of [0, 1, 524_287, 524_288, 524_289, 2_000_000]) {
  test(`${bytes} bytes come back as they were`, async () => {
    const text = lines(bytes);
    assert.equal(text.length, bytes);
    assert.ok(gunzipSync(await new ParallelGzip(1).finish(text)).equals(text));
  });
}

test("what is taken while it is written comes back too, and what is checked at the end is all of it", async () => {
  const text = lines(3_000_000);
  const gzip = new ParallelGzip(1);
  for (let written = 0; written < text.length; written += 700_000) gzip.take(text.subarray(0, written));
  const zipped = Buffer.from(await gzip.finish(text));
  assert.ok(gunzipSync(zipped).equals(text));
  zipped[zipped.length - 8]! ^= 1;
  assert.throws(() => gunzipSync(zipped), /incorrect data check/);
});

test("pieces cost little beside the whole, as each knows what precedes it", async () => {
  const text = lines(3_000_000);
  const whole = gzipSync(text, { level: 1 }).length;
  assert.ok((await new ParallelGzip(1).finish(text)).length < whole * 1.01);
});
