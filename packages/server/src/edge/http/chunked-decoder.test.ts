import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChunkedDecoder, MalformedChunk } from "./chunked-decoder.ts";

/** What comes out of a body that is fed in pieces cut at `cuts`, and whether it was over behind each piece. */
function decode(text: Buffer, cuts: readonly number[]): { data: Buffer; over: boolean[] } {
  const decoder = new ChunkedDecoder();
  const data: Buffer[] = [];
  const bounds = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  const pieces = bounds.slice(1).map((end, index) => text.subarray(bounds[index], end));
  const over = pieces.map((piece) => decoder.feed(piece, (view) => void data.push(Buffer.from(view))));
  return { data: Buffer.concat(data), over };
}

const whole = (text: string): string => decode(Buffer.from(text, "latin1"), []).data.toString("latin1");

const chunks = fc.array(
  fc.record({
    data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    upper: fc.boolean(),
    zeros: fc.nat({ max: 4 }),
    extension: fc.constantFrom("", ";a", ";a=b", ' ;x="y"', "\t"),
  }),
  { maxLength: 12 },
);
const trailers = fc.constantFrom("", "A: b\r\n", "A: b\r\nCd: e\r\n");

test("the data of every body comes out whole, wherever its pieces are cut, and what follows it does not", () => {
  fc.assert(
    fc.property(
      chunks,
      trailers,
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.uint8Array(),
      (list, trailer, cuts, rest) => {
        const parts = list.flatMap(({ data, upper, zeros, extension }) => {
          const size = data.length.toString(16);
          const line = `${"0".repeat(zeros)}${upper ? size.toUpperCase() : size}${extension}\r\n`;
          return [Buffer.from(line), Buffer.from(data), Buffer.from("\r\n")];
        });
        const body = Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
        const expected = Buffer.concat(list.map(({ data }) => data));
        assert.deepEqual(decode(Buffer.concat([body, rest]), [...cuts, body.length]).data, expected);
        assert.deepEqual(decode(body, cuts).over.at(-1), true);
        assert.equal(decode(body.subarray(0, -1), cuts).over.at(-1), false);
      },
    ),
  );
});

test("data that comes alone is given as it is, not as a view", () => {
  const decoder = new ChunkedDecoder();
  const seen: Buffer[] = [];
  const bytes = Buffer.from("abc");
  for (const piece of [Buffer.from("6\r\n"), bytes]) decoder.feed(piece, (data) => void seen.push(data));
  assert.equal(seen[0], bytes);
});

const MALFORMED: readonly [what: string, body: string][] = [
  ["no size", "\r\nabc\r\n"],
  ["a size that is no number", "3g\r\nabc\r\n"],
  ["a sign", "-3\r\nabc\r\n"],
  ["a prefix", "0x3\r\nabc\r\n"],
  ["a size of too many digits", `${"0".repeat(13)}3\r\nabc\r\n`],
  ["a line that ends with LF alone", "3\nabc\r\n"],
  ["a line that ends with CR alone", "3\rabc\r\n"],
  ["an extension with LF alone", "3;a\nabc\r\n"],
  ["data longer than the chunk", "3\r\nabcd\r\n"],
  ["data without its end", "3\r\nabc3\r\nabc\r\n"],
  ["data that ends with LF alone", "3\r\nabc\n0\r\n\r\n"],
  ["a long extension", `3;${"a".repeat(1025)}\r\nabc\r\n`],
  ["a trailer with LF alone", "0\r\nA: b\n\r\n"],
  ["long trailers", `0\r\n${"A: b\r\n".repeat(2100)}\r\n`],
  ["an end without LF", "0\r\n\rx"],
];

for (const [what, body] of MALFORMED) {
  test(`refuses ${what}, wherever it is cut`, () => {
    const text = Buffer.from(body, "latin1");
    assert.throws(() => decode(text, []), MalformedChunk);
    assert.throws(
      () =>
        decode(
          text,
          Array.from(text, (_, index) => index),
        ),
      MalformedChunk,
    );
  });
}

test("takes what only just keeps the bounds", () => {
  assert.equal(whole(`${"0".repeat(12)}3\r\nabc\r\n0\r\n\r\n`), "abc");
  assert.equal(whole(`3;${"a".repeat(1024)}\r\nabc\r\n0\r\n\r\n`), "abc");
});
