import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byteRange, slicePieces } from "./byte-range.ts";

const CASES: [header: string | undefined, expected: ReturnType<typeof byteRange>][] = [
  [undefined, undefined],
  ["bytes=0-0", { start: 0, end: 1 }],
  ["bytes=5-", { start: 5, end: 10 }],
  ["bytes=5-99", { start: 5, end: 10 }],
  ["bytes=-3", { start: 7, end: 10 }],
  ["bytes=-99", { start: 0, end: 10 }],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=10-11", "unsatisfiable"],
  ["bytes=6-5", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,3-4", undefined],
  ["bytes=a-b", undefined],
  ["items=0-1", undefined],
  [`bytes=0-${"9".repeat(30)}`, undefined],
];
for (const [header, expected] of CASES) {
  test(`Range: ${header} of ten bytes`, () => assert.deepEqual(byteRange(header, 10), expected));
}

test("a range of pieces is the range of what they are together", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 });
  fc.assert(
    fc.property(pieces, fc.nat({ max: 100 }), fc.nat({ max: 100 }), (all, start, length) => {
      const whole = Buffer.concat(all);
      const end = Math.min(whole.length, start + length);
      assert.deepEqual(Buffer.concat(slicePieces(all, { start, end })), whole.subarray(start, end));
    }),
  );
});
