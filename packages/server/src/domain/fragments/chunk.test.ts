import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chunkHead, chunkTail, clusterFiller, errorChunk } from "./chunk.ts";

const identity = {
  streamId: 1,
  sequence: 7,
  serverTimestamp: 1_795_254_695_007,
  producerTimestamp: 0,
  random: 5,
};

/** Every size in Kinesis Video Streams' own tags takes four bytes. */
const TAG_NAME = (name: string): Buffer =>
  Buffer.concat([Buffer.from([0x45, 0xa3, 0x10, 0, 0, name.length]), Buffer.from(name)]);
const TAG_STRING = (value: string): Buffer =>
  Buffer.concat([Buffer.from([0x44, 0x87, 0x10, 0, 0, value.length]), Buffer.from(value)]);

test("a chunk begins with the producer's header bytes in a Segment of unknown size, then its own tags in four-byte sizes", () => {
  const head = {
    ebmlHeader: Buffer.from("EBML"),
    segmentElements: Buffer.from("INFO+TRACKS"),
    tags: [Buffer.from("TAGS")],
  };
  const bytes = Buffer.from(chunkHead(head, identity));
  const segment = Buffer.from("1853806701ffffffffffffff", "hex");
  const start = Buffer.concat([Buffer.from("EBML"), segment, Buffer.from("INFO+TRACKSTAGS")]);
  assert.deepEqual(bytes.subarray(0, start.length), start);
  const times = Buffer.concat([TAG_NAME("AWS_KINESISVIDEO_SERVER_TIMESTAMP"), TAG_STRING("1795254695.007")]);
  assert.ok(bytes.includes(times));
  const producer = Buffer.concat([TAG_NAME("AWS_KINESISVIDEO_PRODUCER_TIMESTAMP"), TAG_STRING("0.000")]);
  assert.ok(bytes.subarray(bytes.indexOf(times)).includes(producer));
});

test("a complete chunk ends with its distance from the tip and its number as continuation token", () => {
  const bytes = Buffer.from(chunkTail(identity, 1234));
  const behind = bytes.indexOf(Buffer.concat([TAG_NAME("AWS_KINESISVIDEO_MILLIS_BEHIND_NOW"), TAG_STRING("1234")]));
  const token = bytes.indexOf(TAG_NAME("AWS_KINESISVIDEO_CONTINUATION_TOKEN"));
  assert.ok(behind > 0 && token > behind);
});

test("an error chunk is a file that says nothing of when the fragment was received", () => {
  const bytes = Buffer.from(errorChunk("123", { code: "FRAGMENT_NOT_FOUND", id: 4000 }));
  assert.ok(bytes.includes(TAG_STRING("4000")) && bytes.includes(TAG_STRING("FRAGMENT_NOT_FOUND")));
  assert.ok(!bytes.includes("SERVER_TIMESTAMP"));
});

test("any gap that an element can fill is filled by Void elements, to the byte", () => {
  const gap = fc.oneof(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 65_000, max: 200_000 }));
  fc.assert(
    fc.property(gap, (bytes) => {
      const filler = Buffer.concat([...clusterFiller(bytes)]);
      assert.equal(filler.length, bytes);
      let at = 0;
      while (at < filler.length) {
        assert.equal(filler[at], 0xec);
        at += filler[at + 1]! > 0x80 || filler[at + 1] === 0x80 ? 2 + (filler[at + 1]! & 0x7f) : longVoid(filler, at);
      }
      assert.equal(at, bytes);
    }),
  );
  assert.deepEqual([...clusterFiller(0)], []);
});

/** Length of a Void whose size takes eight bytes. */
function longVoid(bytes: Buffer, at: number): number {
  assert.equal(bytes[at + 1], 0x01);
  return 9 + Number(bytes.readBigUInt64BE(at + 1) & 0x00ffffffffffffffn);
}
