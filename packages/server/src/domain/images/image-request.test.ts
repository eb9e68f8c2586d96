import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stream } from "../streams/stream.ts";
import { hasImage, type ImageRequest, instantsOf, readImageToken, writeImageToken } from "./image-request.ts";
import { imageSize } from "./picture-encoder.ts";

const stream = { id: 7 } as Stream;
const request: ImageRequest = {
  clock: "producerTimestamp",
  from: 1_700_000_000_123,
  to: 1_700_000_010_123,
  intervalMs: 3000,
  type: "jpeg",
  quality: 80,
  width: undefined,
  height: 360,
};

test("there is an image at the start, and at each interval up to the end", () => {
  const offsets = (first: number, limit: number): number[] =>
    instantsOf(request, first, limit).map((at) => at - request.from);
  assert.deepEqual(offsets(0, 25), [0, 3000, 6000, 9000]);
  assert.deepEqual(offsets(1, 2), [3000, 6000]);
  assert.deepEqual(offsets(4, 25), []);
  assert.deepEqual([hasImage(request, 3), hasImage(request, 4)], [true, false]);
  assert.equal(instantsOf({ ...request, to: request.from }, 0, 25).length, 1);
});

test("a token continues its own request, and no other", () => {
  const token = writeImageToken(stream, request, 25);
  assert.equal(readImageToken(stream, request, token), 25);
  const others: Partial<ImageRequest>[] = [
    { clock: "serverTimestamp" },
    { from: request.from + 1 },
    { to: request.to + 1 },
    { intervalMs: 1000 },
    { type: "png" },
    { quality: 81 },
    { width: 100 },
    { height: undefined },
  ];
  for (const other of others) {
    assert.throws(() => readImageToken(stream, { ...request, ...other }, token), { code: "invalid-argument" });
  }
  assert.throws(() => readImageToken({ id: 8 } as Stream, request, token), { code: "invalid-argument" });
  const forged = Buffer.from(Buffer.from(token, "base64").toString().replace(/25\]$/, "-25]")).toString("base64");
  assert.throws(() => readImageToken(stream, request, forged), { code: "invalid-argument" });
});

test("a side that is left open follows from the picture, within bounds", () => {
  const size = (width: number, height: number, asked: { width?: number; height?: number }): [number, number] => {
    const { width: w, height: h } = imageSize({ width, height }, { width: asked.width, height: asked.height });
    return [w, h];
  };
  assert.deepEqual(size(1920, 1080, {}), [1920, 1080]);
  assert.deepEqual(size(1920, 1080, { width: 640 }), [640, 360]);
  assert.deepEqual(size(1920, 1080, { height: 100 }), [178, 100]);
  assert.deepEqual(size(1920, 1080, { width: 10, height: 2000 }), [10, 2000]);
  assert.deepEqual(size(7680, 4320, {}), [3840, 2160]);
  assert.deepEqual(size(4096, 16, { width: 1 }), [1, 1]);
  assert.deepEqual(size(16, 4096, { width: 3840 }), [3840, 8192]);
});
