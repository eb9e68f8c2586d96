import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplayBuffer } from "./replay-buffer.ts";

const piece = (value: number, size = 10): Uint8Array => new Uint8Array(size).fill(value);

function withFragments(...timecodes: number[]): ReplayBuffer {
  const buffer = new ReplayBuffer(1000);
  for (const timecode of timecodes) {
    buffer.begin(timecode);
    buffer.append(piece(timecode));
    buffer.append(piece(timecode));
    buffer.complete();
  }
  return buffer;
}

function sent(buffer: ReplayBuffer): number[] {
  const values: number[] = [];
  for (let next = buffer.next(); next !== undefined; next = buffer.next()) values.push(next[0]!);
  return values;
}

test("pieces come once and in order, and again after a rewind as far as they are not acknowledged", () => {
  const buffer = withFragments(1, 2, 3);
  assert.deepEqual(sent(buffer), [1, 1, 2, 2, 3, 3]);
  assert.deepEqual(buffer.acknowledge(2), { fragments: 2, bytes: 40 });
  assert.deepEqual(sent(buffer), []);
  buffer.rewind();
  assert.deepEqual(sent(buffer), [3, 3]);
  assert.deepEqual(buffer.acknowledge(3), { fragments: 1, bytes: 20 });
  assert.ok(buffer.isEmpty);
});

test("an acknowledgement in the middle of sending moves nothing of what is to come", () => {
  const buffer = withFragments(1, 2, 3);
  assert.equal(buffer.next()![0], 1);
  buffer.next();
  assert.equal(buffer.next()![0], 2);
  buffer.acknowledge(1);
  assert.deepEqual(sent(buffer), [2, 3, 3]);
});

test("a fragment in the making is sent as it grows, and never counts as acknowledged", () => {
  const buffer = withFragments(1);
  buffer.begin(2);
  buffer.append(piece(2));
  assert.deepEqual(sent(buffer), [1, 1, 2]);
  assert.equal(buffer.acknowledge(2).fragments, 1);
  buffer.append(piece(2));
  assert.deepEqual(sent(buffer), [2]);
});

test("a refused fragment is left out, complete or not", () => {
  const buffer = withFragments(1, 2);
  assert.ok(buffer.discard(1));
  assert.ok(!buffer.discard(1));
  buffer.begin(3);
  buffer.append(piece(3));
  assert.ok(buffer.discard(3));
  buffer.append(piece(3));
  buffer.complete();
  buffer.end();
  buffer.rewind();
  assert.deepEqual(sent(buffer), [2, 2]);
  assert.equal(buffer.bytes, 20);
  assert.ok(buffer.isSent);
});

test("who adds must wait beyond the capacity, but not for a single fragment that is still growing", async () => {
  const buffer = new ReplayBuffer(100);
  buffer.begin(1);
  buffer.append(piece(1, 500));
  assert.equal(buffer.space(), undefined);
  buffer.complete();
  const room = buffer.space();
  assert.ok(room instanceof Promise);
  buffer.acknowledge(1);
  await room;
  assert.equal(buffer.space(), undefined);
});
