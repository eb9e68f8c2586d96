import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterHeader, simpleBlock, simpleBlockHeader } from "./cluster-writer.ts";
import { element, elementHeader, kvsTags, segmentHeader, tags, uintElement, voidElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("a Segment of unknown size has the 8-byte form", () => {
  assert.equal(hex(segmentHeader()), "1853806701ffffffffffffff");
});

test("sizes take the fewest bytes, and all ones are left for unknown", () => {
  assert.equal(hex(elementHeader(ID.Void, 0)), "ec80");
  assert.equal(hex(elementHeader(ID.Void, 126)), "ecfe");
  assert.equal(hex(elementHeader(ID.Void, 127)), "ec407f");
  assert.equal(hex(elementHeader(ID.Void, 16_383)), "ec203fff");
  assert.throws(() => elementHeader(ID.Void, 127, 1), RangeError);
});

test("integers take the fewest bytes or the length asked for", () => {
  assert.equal(hex(uintElement(ID.Timestamp, 0)), "e78100");
  assert.equal(hex(uintElement(ID.Timestamp, 256)), "e7820100");
  assert.equal(hex(uintElement(ID.Timestamp, 1, 8)), "e7880000000000000001");
  assert.equal(hex(uintElement(ID.TrackUID, 2n ** 64n - 1n)), "73c588ffffffffffffffff");
  assert.throws(() => uintElement(ID.Timestamp, -1), RangeError);
});

test("Tags of Kinesis Video Streams code every size in 4 bytes", () => {
  const bytes = hex(kvsTags([["a", "b"]]));
  assert.equal(
    bytes,
    "1254c3671000001a7373" + "10000014" + "67c8" + "1000000e" + "45a3" + "10000001" + "61" + "4487" + "10000001" + "62",
  );
  assert.equal(hex(tags([["a", "b"]])), "1254c3678e73738b67c88845a38161448781" + "62");
});

test("a Void takes every total from 2 bytes on", () => {
  for (const total of [2, 3, 127, 128, 129, 130, 137, 148, 16_384, 70_000]) {
    const filler = voidElement(total);
    assert.equal(filler.length, total);
    assert.equal(filler[0], ID.Void);
  }
  assert.throws(() => voidElement(1), RangeError);
});

test("a SimpleBlock is header and frame", () => {
  const frame = Uint8Array.of(1, 2, 3);
  assert.equal(hex(simpleBlock({ trackNumber: 1, relativeTimecode: -2, keyframe: true }, frame)), "a38781fffe80010203");
  assert.equal(
    hex(simpleBlockHeader({ trackNumber: 200, relativeTimecode: 258, keyframe: false, discardable: true }, 3)),
    "a38840c8010201",
  );
  assert.throws(() => simpleBlockHeader({ trackNumber: 0, relativeTimecode: 0, keyframe: true }, 1), RangeError);
  assert.throws(() => simpleBlockHeader({ trackNumber: 1, relativeTimecode: 32_768, keyframe: true }, 1), RangeError);
});

test("a Cluster has a known or an unknown size", () => {
  assert.equal(hex(clusterHeader(5)), "1f43b67501ffffffffffffff" + "e78105");
  assert.equal(hex(clusterHeader(5, 10)), "1f43b6758d" + "e78105");
  assert.throws(() => clusterHeader(-1), RangeError);
});

test("an element holds data or children", () => {
  assert.equal(hex(element(ID.CodecPrivate, Uint8Array.of(9))), "63a28109");
  assert.equal(hex(element(ID.Tag, [Uint8Array.of(1), Uint8Array.of(2)])), "7373820102");
});
