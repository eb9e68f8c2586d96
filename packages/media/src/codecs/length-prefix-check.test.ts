import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex, trackOf } from "../../test/tracks.ts";
import { LengthPrefixCheck, nalLengthBytesOf } from "./length-prefix-check.ts";
import { isLengthPrefixed } from "./nal-units.ts";

/** Bytes that are often lengths which fit: small numbers behind zeros. */
const frame = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 6 }), fc.nat({ max: 255 })), { maxLength: 60 });

test("a frame in pieces is judged as a whole one is", () => {
  fc.assert(
    fc.property(frame, fc.constantFrom(1, 2, 3, 4), fc.array(fc.nat({ max: 60 })), (bytes, lengthBytes, cuts) => {
      const data = Uint8Array.from(bytes);
      const check = new LengthPrefixCheck();
      check.begin(4);
      check.add(data, 0, data.length);
      check.begin(lengthBytes);
      let at = 0;
      for (const cut of cuts.toSorted((a, b) => a - b)) {
        const end = Math.min(cut, data.length);
        check.add(data, at, end);
        at = end;
      }
      check.add(data, at, data.length);
      assert.equal(check.holds, isLengthPrefixed(data, lengthBytes));
    }),
    { numRuns: 2000 },
  );
});

test("a frame of very many units is left unknown", () => {
  const check = new LengthPrefixCheck();
  const zeros = new Uint8Array(4 * 1024);
  check.begin(4);
  check.add(zeros, 0, zeros.length);
  assert.ok(check.holds);
  check.add(zeros, 0, 4);
  assert.equal(check.holds, false);
  check.add(zeros, 0, zeros.length);
  assert.equal(check.holds, false);
});

test("the size of lengths is what CodecPrivate says, else the usual one, and none where frames have no NAL units", () => {
  const avc = (lengthByte: string) => trackOf("V_MPEG4/ISO/AVC", { codecPrivate: hex(`01640028${lengthByte}e1`) });
  assert.equal(nalLengthBytesOf(avc("ff")), 4);
  assert.equal(nalLengthBytesOf(avc("fd")), 2);
  const hevc = Uint8Array.from({ length: 23 }, (_, i) => (i === 21 ? 0xfc : 1));
  assert.equal(nalLengthBytesOf(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate: hevc })), 1);
  assert.equal(nalLengthBytesOf(trackOf("V_MPEG4/ISO/AVC", { codecPrivate: hex("00000001674d4028") })), 4);
  assert.equal(nalLengthBytesOf(trackOf("V_MPEGH/ISO/HEVC", { codecPrivate: hevc.subarray(0, 21) })), 4);
  assert.equal(nalLengthBytesOf(trackOf("V_MPEG4/ISO/AVC", {})), 4);
  assert.equal(nalLengthBytesOf(trackOf("A_AAC", { codecPrivate: hex("1210") })), 0);
});
