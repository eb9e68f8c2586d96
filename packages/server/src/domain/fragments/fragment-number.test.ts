import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatFragmentNumber, parseFragmentNumber } from "./fragment-number.ts";

const parts = fc.record(
  {
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    serverTimestamp: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    random: fc.integer({ min: 0, max: 2 ** 28 - 1 }),
  },
  { noNullPrototype: true },
);

test("a number is read back as the parts it was made of, and has 47 digits", () => {
  fc.assert(
    fc.property(parts, (number) => {
      const text = formatFragmentNumber(number);
      assert.match(text, /^[0-9]{47}$/);
      assert.deepEqual(parseFragmentNumber(text), number);
    }),
  );
});

test("a number has the digits of (2^64 + sequence) * 2^92 + serverTimestamp * 2^28 + random", () => {
  fc.assert(
    fc.property(parts, (number) => {
      const high = (2n ** 64n + BigInt(number.sequence)) << 92n;
      const expected = high + (BigInt(number.serverTimestamp) << 28n) + BigInt(number.random);
      assert.equal(formatFragmentNumber(number), expected.toString());
    }),
    { numRuns: 1000 },
  );
});

test("text order is the order of sequence, then server timestamp", () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const order = a.sequence - b.sequence || a.serverTimestamp - b.serverTimestamp || a.random - b.random;
      const [textA, textB] = [formatFragmentNumber(a), formatFragmentNumber(b)];
      assert.equal(textA < textB, order < 0);
      assert.equal(textA === textB, order === 0);
    }),
  );
});

test("the smallest and the largest number", () => {
  assert.equal(
    formatFragmentNumber({ sequence: 1, serverTimestamp: 0, random: 0 }),
    ((2n ** 64n + 1n) * 2n ** 92n).toString(),
  );
  const largest = { sequence: Number.MAX_SAFE_INTEGER, serverTimestamp: Number.MAX_SAFE_INTEGER, random: 2 ** 28 - 1 };
  assert.deepEqual(parseFragmentNumber(formatFragmentNumber(largest)), largest);
});

test("digits that are no fragment number are refused", () => {
  const valid = formatFragmentNumber({ sequence: 7, serverTimestamp: 1_551_924_009_774, random: 5 });
  const zeroSequence = (2n ** 156n).toString();
  const hugeSequence = ((2n ** 64n + 2n ** 53n) * 2n ** 92n).toString();
  const hugeTimestamp = ((2n ** 64n + 1n) * 2n ** 92n + 2n ** 53n * 2n ** 28n).toString();
  for (const text of [
    "",
    "1",
    `0${valid}`,
    valid.slice(1),
    valid.replace("9", "-"),
    valid.replace("9", "x"),
    "0".repeat(47),
    "9".repeat(47),
    "9".repeat(128),
    zeroSequence,
    hugeSequence,
    hugeTimestamp,
  ]) {
    assert.equal(parseFragmentNumber(text), undefined, text);
  }
});

test("parts out of bounds are refused", () => {
  const valid = { sequence: 1, serverTimestamp: 0, random: 0 };
  for (const fault of [
    { sequence: 0 },
    { sequence: 1.5 },
    { sequence: 2 ** 53 },
    { serverTimestamp: -1 },
    { serverTimestamp: Number.NaN },
    { random: 2 ** 28 },
    { random: -1 },
  ]) {
    assert.throws(() => formatFragmentNumber({ ...valid, ...fault }), RangeError);
  }
});
