import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

test("encodes as the platform does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) =>
      assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text)),
    ),
  );
  assert.deepEqual(encodeUtf8("a\ud800b"), new TextEncoder().encode("a\ud800b"));
});

test("decodes what is well-formed as the platform does", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.equal(decodeUtf8(encodeUtf8(text)), text)));
  const long = "日本語 🎥 ".repeat(3000);
  assert.equal(decodeUtf8(encodeUtf8(long)), long);
});

test("each byte of no well-formed sequence becomes U+FFFD", () => {
  assert.equal(decodeUtf8(Uint8Array.of(0x61, 0xff, 0x62)), "a\ufffdb");
  assert.equal(decodeUtf8(Uint8Array.of(0xc0, 0x80)), "\ufffd\ufffd");
  assert.equal(decodeUtf8(Uint8Array.of(0xe0, 0x80, 0x80)), "\ufffd\ufffd\ufffd");
  assert.equal(decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), "\ufffd\ufffd\ufffd");
  assert.equal(decodeUtf8(Uint8Array.of(0xf4, 0x90, 0x80, 0x80)), "\ufffd".repeat(4));
  assert.equal(decodeUtf8(Uint8Array.of(0xe2, 0x82)), "\ufffd\ufffd");
});

test("random bytes never fail, and are well-formed exactly where the platform says so", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const text = decodeUtf8(bytes);
      let expected: string | undefined;
      try {
        expected = strict.decode(bytes);
      } catch {
        assert.ok(text.includes("\ufffd"));
      }
      if (expected !== undefined) assert.equal(text, expected);
    }),
  );
});

test("decodes a part", () => {
  assert.equal(decodeUtf8(encodeUtf8("abcdef"), 2, 4), "cd");
});
