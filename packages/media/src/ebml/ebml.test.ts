import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ElementHeader, INVALID_HEADER, NEED_MORE, readElementHeader } from "./element-header.ts";
import { readBigUint, readFloat, readString, readUint } from "./values.ts";
import { readVint, UNKNOWN_SIZE, vintLength, vintLengthFor, writeVint } from "./vint.ts";

test("a variable-size integer reads back as written, in every length that holds it", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      for (let length = vintLengthFor(value); length <= 8; length++) {
        const bytes = new Uint8Array(length + 1);
        writeVint(bytes, 1, value, length);
        assert.equal(vintLength(bytes[1]!), length);
        assert.equal(readVint(bytes, 1, length), value);
      }
    }),
  );
});

test("all one bits are an unknown size in each of the eight lengths", () => {
  for (let length = 1; length <= 8; length++) {
    const bytes = new Uint8Array(length).fill(0xff);
    bytes[0] = 0xff >> (length - 1);
    assert.equal(vintLength(bytes[0]!), length);
    assert.equal(readVint(bytes, 0, length), UNKNOWN_SIZE);
    bytes[length - 1] = bytes[length - 1]! - 1;
    assert.ok(readVint(bytes, 0, length) >= 126);
  }
  assert.equal(vintLength(0), 9);
});

test("sizes from 2^56-1 on are refused", () => {
  assert.equal(vintLengthFor(126), 1);
  assert.equal(vintLengthFor(127), 2);
  assert.throws(() => vintLengthFor(2 ** 56), RangeError);
});

function read(...bytes: number[]): [number, ElementHeader] {
  const header = { id: 0, size: 0 };
  return [readElementHeader(Uint8Array.from(bytes), 0, bytes.length, header), header];
}

test("an element header is an ID and a size", () => {
  assert.deepEqual(read(0xec, 0x85), [2, { id: 0xec, size: 5 }]);
  assert.deepEqual(read(0x1f, 0x43, 0xb6, 0x75, 0x40, 0x80), [6, { id: 0x1f43b675, size: 128 }]);
  assert.deepEqual(read(0x18, 0x53, 0x80, 0x67, 0xff)[1], { id: 0x18538067, size: UNKNOWN_SIZE });
  assert.equal(read(0xa3, 0x01, 0, 0, 0, 0, 0, 0, 9)[0], 9);
});

test("half an element header needs more", () => {
  assert.equal(read()[0], NEED_MORE);
  assert.equal(read(0xec)[0], NEED_MORE);
  assert.equal(read(0x1f, 0x43, 0xb6, 0x75)[0], NEED_MORE);
  assert.equal(read(0xec, 0x40)[0], NEED_MORE);
});

test("what is no ID or size is told as soon as it is seen", () => {
  assert.equal(read(0x08)[0], INVALID_HEADER);
  assert.equal(read(0xec, 0x00)[0], INVALID_HEADER);
  assert.equal(read(0x80, 0x80)[0], INVALID_HEADER);
  assert.equal(read(0x7f, 0xff, 0x80)[0], INVALID_HEADER);
  assert.equal(read(0x20, 0, 0, 0x80)[0], INVALID_HEADER);
});

test("values have their length in bytes", () => {
  const bytes = Uint8Array.of(0, 0xff, 0x3f, 0xc0, 0, 0, 0x61, 0x62, 0, 0x63);
  assert.equal(readUint(bytes, 1, 1), 0);
  assert.equal(readUint(bytes, 1, 3), 0xff3f);
  assert.equal(readBigUint(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 0, 8), 2n ** 64n - 1n);
  assert.equal(readFloat(bytes, 2, 6), 1.5);
  assert.equal(readFloat(Uint8Array.of(0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 0, 8), 1.5);
  assert.equal(readFloat(bytes, 2, 2), 0);
  assert.equal(readFloat(bytes, 2, 5), undefined);
  assert.equal(readString(bytes, 6, 10), "ab");
  assert.equal(readString(bytes, 6, 8), "ab");
});
