import assert from "node:assert/strict";
import { test } from "node:test";
import { shareSent } from "./share.ts";

const read = { readBytes: 1000, totalBytes: 1000 };

test("a file that was read at once and is sent at playing speed has not been sent yet", () => {
  assert.equal(shareSent({ durationMs: 8000, sentMs: undefined, ...read }), 0);
  assert.equal(shareSent({ durationMs: 8000, sentMs: 2000, ...read }), 0.25);
  assert.equal(shareSent({ durationMs: 8000, sentMs: 8040, ...read }), 1);
});

test("what ffmpeg reads has no size, but may have a duration", () => {
  assert.equal(shareSent({ durationMs: 8000, sentMs: 4000, readBytes: 77, totalBytes: undefined }), 0.5);
  assert.equal(shareSent({ durationMs: undefined, sentMs: 4000, readBytes: 77, totalBytes: undefined }), undefined);
});

test("without a duration the bytes that were read count", () => {
  assert.equal(shareSent({ durationMs: undefined, sentMs: 4000, readBytes: 250, totalBytes: 1000 }), 0.25);
  assert.equal(shareSent({ durationMs: 0, sentMs: 0, readBytes: 0, totalBytes: 0 }), 0);
});
