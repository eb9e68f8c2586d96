import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { annexB, hex, lengthPrefixed } from "../../test/tracks.ts";
import { BitReader, BitstreamError } from "./bit-reader.ts";
import {
  isLengthPrefixed,
  LEADING_BYTES,
  leadingNalUnits,
  rbspOf,
  splitAnnexB,
  splitFrame,
  toAnnexB,
  toLengthPrefixed,
} from "./nal-units.ts";

/** A NAL unit as encoders write it: no start code within, no zero byte at its end. */
const nalUnit = fc
  .uint8Array({ minLength: 1, maxLength: 600 })
  .map((bytes) => bytes.map((byte, i) => (byte === 0 && (i % 2 === 1 || i === bytes.length - 1) ? 0x80 : byte)));
const nalUnits = fc.array(nalUnit, { minLength: 1, maxLength: 6 });

test("frames go from lengths to start codes and back", () => {
  fc.assert(
    fc.property(nalUnits, fc.constantFrom(2, 3, 4), (nals, lengthBytes) => {
      const prefixed = lengthPrefixed(lengthBytes, ...nals);
      const stream = toAnnexB(prefixed, lengthBytes);
      assert.deepEqual(splitAnnexB(stream), nals);
      assert.deepEqual(toLengthPrefixed(stream, lengthBytes), prefixed);
      assert.deepEqual(toLengthPrefixed(annexB(...nals), lengthBytes), prefixed);
      assert.ok(isLengthPrefixed(prefixed, lengthBytes));
    }),
    { numRuns: 200 },
  );
});

test("lengths that look like a start code are taken for lengths", () => {
  for (let length = 256; length < 512; length += 51) {
    const nal = new Uint8Array(length).fill(0x65);
    assert.deepEqual(splitFrame(lengthPrefixed(4, nal), 4), [nal]);
  }
});

test("the units that a frame begins with are the same whether the rest of it is at hand or not", () => {
  fc.assert(
    fc.property(nalUnits, fc.boolean(), (nals, prefixes) => {
      const frame = prefixes ? lengthPrefixed(4, ...nals) : annexB(...nals);
      const leading = leadingNalUnits(frame, frame.length, 4);
      assert.deepEqual(leadingNalUnits(frame.subarray(0, LEADING_BYTES), frame.length, 4), leading);
      assert.deepEqual(leading, nals.slice(0, leading.length));
      const bytes = nals.slice(0, leading.length + 1).reduce((sum, { length }) => sum + 4 + length, 0);
      if (leading.length < nals.length) assert.ok(bytes >= LEADING_BYTES);
    }),
    { numRuns: 200 },
  );
});

test("zero bytes between NAL units belong to none", () => {
  assert.deepEqual(splitAnnexB(hex("00000001 6742 000000 000001 68ce 0000")), [hex("6742"), hex("68ce")]);
  assert.deepEqual(splitAnnexB(hex("000001")), []);
});

test("what is neither lengths nor start codes is no frame", () => {
  assert.equal(isLengthPrefixed(hex("00000005 6588"), 4), false);
  assert.equal(isLengthPrefixed(hex("00000002 6588 00"), 4), false);
  assert.equal(isLengthPrefixed(new Uint8Array(0), 4), false);
  assert.equal(toLengthPrefixed(hex("6588840010"), 4), undefined);
  assert.equal(toLengthPrefixed(annexB(new Uint8Array(300).fill(1)), 1), undefined, "300 bytes do not fit a byte");
});

test("a cut NAL unit stays cut", () => {
  assert.deepEqual(toAnnexB(hex("00000002 6588 00000009 4142"), 4), hex("00000001 6588 00000001 4142"));
});

test("bytes against start codes are taken out of a payload", () => {
  assert.deepEqual(rbspOf(hex("67 000003 01 0000 0300 000003"), 1), hex("000001 0000 00 0000"));
});

test("bits and Exp-Golomb codes are read as written", () => {
  // 1 010 011 00100 00101: ITU-T H.264, table 9-2.
  const reader = new BitReader(hex("a6 42 80"));
  const codes = Array.from({ length: 5 }, () => reader.unsigned());
  assert.deepEqual(codes, [0, 1, 2, 3, 4]);
  const signed = new BitReader(hex("a6 42 80"));
  assert.deepEqual(
    Array.from({ length: 5 }, () => signed.signed()),
    [0, 1, -1, 2, -2],
  );
  const whole = new BitReader(hex("ffffffff 80"));
  assert.equal(whole.bits(32), 0xffff_ffff);
  assert.equal(whole.flag(), true);
  assert.equal(whole.bitsLeft, 7);
});

test("reading beyond the end fails, and so does a code without end", () => {
  assert.throws(() => new BitReader(hex("ff")).bits(9), BitstreamError);
  assert.throws(() => new BitReader(hex("ff")).skip(9), BitstreamError);
  assert.throws(() => new BitReader(new Uint8Array(64)).unsigned(), /more than 32 bits/);
});
