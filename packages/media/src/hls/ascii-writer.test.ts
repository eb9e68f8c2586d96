import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AsciiWriter, asciiText, Piece, type PlaylistOutput } from "./ascii-writer.ts";
import { TextWriter } from "./text-writer.ts";

const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });

test("what is appended comes out, as bytes however small the writer began, and as text", () => {
  fc.assert(
    fc.property(fc.array(printable), fc.integer({ min: 0, max: 40 }), (texts, capacity) => {
      const append = (out: PlaylistOutput<unknown>): void => {
        for (const [i, text] of texts.entries()) {
          if (i % 2 === 0) out.text(text);
          else out.bytes(Buffer.from(text));
        }
      };
      const [bytes, text] = [new AsciiWriter(capacity), new TextWriter()];
      append(bytes);
      append(text);
      assert.equal(asciiText(bytes.finish()), texts.join(""));
      assert.equal(text.finish(), texts.join(""));
    }),
  );
});

test("digits are padded and cut to their count", () => {
  const [bytes, text] = [new AsciiWriter(0), new TextWriter()];
  for (const [value, count] of [
    [7, 3],
    [1234, 2],
    [0, 1],
    [999, 3],
  ] as const) {
    bytes.digits(value, count);
    text.digits(value, count);
  }
  assert.equal(asciiText(bytes.finish()), "007340999");
  assert.equal(text.finish(), "007340999");
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
    const short = new TextWriter();
    if (inUri) short.uri(text);
    else assert.throws(() => short.uri(text), RangeError);
    short.text(text);
    if (inText) assert.ok(short.finish().endsWith(text));
    else assert.throws(() => short.finish(), RangeError);
  }
  assert.equal(out.finish().length, 3 * (96 + 93));
});

test("a URI can be prepared with what stands around it", () => {
  const piece = new Piece(",\n", "a?b=", "\n");
  const [bytes, text] = [new AsciiWriter(), new TextWriter()];
  for (const out of [bytes, text]) {
    out.piece(piece);
    out.piece(piece);
  }
  assert.equal(asciiText(bytes.finish()), ",\na?b=\n,\na?b=\n");
  assert.equal(text.finish(), ",\na?b=\n,\na?b=\n");
  assert.throws(() => new Piece("", "a b", ""), RangeError);
  assert.throws(() => new Piece("\t", "a", ""), RangeError);
});
