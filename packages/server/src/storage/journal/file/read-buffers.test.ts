import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadBuffers } from "./read-buffers.ts";

test("memory is used again once it is released, and only once", () => {
  const buffers = new ReadBuffers();
  const first = buffers.take(100_000);
  const second = buffers.take(200_000);
  assert.deepEqual([first.bytes.length, second.bytes.length], [100_000, 200_000]);
  assert.notEqual(first.bytes.buffer, second.bytes.buffer);
  first.release(first.bytes);
  first.release(first.bytes);
  const third = buffers.take(2 ** 20);
  assert.equal(third.bytes.buffer, first.bytes.buffer);
  const fourth = buffers.take(2 ** 20);
  assert.ok(![first.bytes.buffer, second.bytes.buffer].includes(fourth.bytes.buffer));
});

test("small and unusually large records have memory of their own", () => {
  const buffers = new ReadBuffers();
  for (const length of [1000, 16 * 2 ** 20]) {
    const taken = buffers.take(length);
    taken.release(taken.bytes);
    const next = buffers.take(length);
    assert.equal(next.bytes.length, length);
    assert.ok(next.bytes.buffer !== taken.bytes.buffer || next.bytes.byteOffset !== taken.bytes.byteOffset);
  }
});
