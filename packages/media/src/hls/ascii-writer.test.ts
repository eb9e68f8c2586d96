import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AsciiWriter, asciiText, uriBytes } from "./ascii-writer.ts";

const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });

test("what is appended comes out, however small the writer began", () => {
  fc.assert(
    fc.property(fc.array(printable), fc.integer({ min: 0, max: 40 }), (texts, capacity) => {
      const out = new AsciiWriter(capacity);
      for (const [i, text] of texts.entries()) {
        if (i % 2 === 0) out.text(text);
        else out.bytes(Buffer.from(text));
      }
      assert.equal(asciiText(out.finish()), texts.join(""));
    }),
  );
});

test("digits are padded and cut to their count", () => {
  const out = new AsciiWriter(0);
  for (const [value, count] of [
    [7, 3],
    [1234, 2],
    [0, 1],
    [999, 3],
  ] as const)
    out.digits(value, count);
  assert.equal(asciiText(out.finish()), "007340999");
});

test("texts have no control characters but line feeds, and URIs no blanks and quotes either", () => {
  const out = new AsciiWriter();
  for (let code = 0; code < 0x300; code++) {
    const text = `a${String.fromCharCode(code)}b`;
    const inText = code === 0x0a || (code >= 0x20 && code < 0x7f);
    const inUri = code > 0x20 && code < 0x7f && text[1] !== '"';
    if (inText) out.text(text);
    else assert.throws(() => out.text(text), RangeError);
    if (inUri) out.uri(text);
    else assert.throws(() => out.uri(text), RangeError);
  }
  assert.equal(out.finish().length, 3 * (96 + 93));
});

test("a URI can be prepared with what stands around it", () => {
  assert.equal(asciiText(uriBytes(",\n", "a?b=", "\n")), ",\na?b=\n");
  assert.throws(() => uriBytes("", "a b", ""), RangeError);
});
