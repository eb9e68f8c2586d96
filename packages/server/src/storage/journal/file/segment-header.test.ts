import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  HEADER_BLOCK_BYTES,
  isPristine,
  recordSeed,
  SALT_BYTES,
} from "./segment-header.ts";

const header = {
  segment: 2 ** 40 + 1,
  retentionClass: 17,
  created: 1_795_254_695_186,
  salt: new Uint8Array(SALT_BYTES).fill(7),
};

test("a segment header comes back as it was written, from either copy", () => {
  const block = encodeSegmentHeader(header);
  assert.equal(block.length, HEADER_BLOCK_BYTES);
  assert.deepEqual(decodeSegmentHeader(block), header);
  for (const half of [0, HEADER_BLOCK_BYTES / 2]) {
    const damaged = Buffer.from(block).fill(0xff, half, half + HEADER_BLOCK_BYTES / 2);
    assert.deepEqual(decodeSegmentHeader(damaged), header);
    assert.ok(!isPristine(damaged, header));
  }
  assert.ok(isPristine(block, header));
});

test("a block cut short, of zeros or of another format is no header", () => {
  const block = encodeSegmentHeader(header);
  assert.equal(decodeSegmentHeader(block.subarray(0, HEADER_BLOCK_BYTES - 1)), undefined);
  assert.equal(decodeSegmentHeader(Buffer.alloc(HEADER_BLOCK_BYTES)), undefined);
  assert.equal(
    decodeSegmentHeader(
      Buffer.from(block)
        .fill(2, 8, 9)
        .fill(2, HEADER_BLOCK_BYTES - 56, HEADER_BLOCK_BYTES - 55),
    ),
    undefined,
  );
});

test("every bit of the block counts", () => {
  const block = encodeSegmentHeader(header);
  for (let bit = 0; bit < block.length * 8; bit += 7) {
    const flipped = Buffer.from(block);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assert.ok(!isPristine(flipped, header));
  }
});

test("the salt decides the seed", () => {
  const other = { ...header, salt: new Uint8Array(SALT_BYTES).fill(8) };
  assert.notEqual(recordSeed(header), recordSeed(other));
});
