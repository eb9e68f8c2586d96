import assert from "node:assert/strict";
import { test } from "node:test";
import { beginsMp4, hasIndexBehindMedia } from "./mp4-index.ts";

/** A box of `contents` zero bytes; where `isLarge`, with its size in 64 bits. */
function box(type: string, contents = 16, isLarge = false): Buffer {
  const header = Buffer.alloc(isLarge ? 16 : 8);
  header.writeUInt32BE(isLarge ? 1 : 8 + contents);
  header.write(type, 4, "latin1");
  if (isLarge) header.writeBigUInt64BE(BigInt(16 + contents), 8);
  return Buffer.concat([header, Buffer.alloc(contents)]);
}

test("an index behind the frames is seen as soon as the frames begin", () => {
  const behind = [
    [box("ftyp"), box("free", 0), box("mdat", 1000), box("moov")],
    [box("ftyp"), box("mdat", 100_000, true)],
    [box("ftyp"), box("free", 3, true), box("mdat", 1000).subarray(0, 8)],
    [box("wide", 0), box("mdat", 1000)],
    [box("mdat", 1000)],
  ];
  for (const boxes of behind) assert.equal(hasIndexBehindMedia(Buffer.concat(boxes)), true);
});

test("an index before the frames, fragments and other formats are none of that", () => {
  const others = [
    Buffer.concat([box("ftyp"), box("moov"), box("mdat", 1000)]),
    Buffer.concat([box("ftyp"), box("moov"), box("moof"), box("mdat", 1000)]),
    Buffer.concat([box("ftyp"), box("free", 1000)]),
    Buffer.concat([box("ftyp"), Buffer.from([0, 0, 0, 0, 0x66, 0x72, 0x65, 0x65])]),
    Buffer.concat([box("ftyp"), Buffer.from([0, 0, 0, 1, 0x66, 0x72, 0x65, 0x65])]),
    Buffer.concat([box("RIFF"), box("mdat", 1000)]),
    Buffer.alloc(188, 0x47),
    box("ftyp").subarray(0, 7),
    Buffer.alloc(0),
  ];
  for (const head of others) assert.equal(hasIndexBehindMedia(head), false);
});

test("what begins MP4 is told from what is only called so", () => {
  for (const type of ["ftyp", "mdat", "wide"]) assert.equal(beginsMp4(box(type)), true);
  for (const text of ["", "hi", "hello wo", "hello world, no media", "ftyp"]) {
    assert.equal(beginsMp4(Buffer.from(text)), false);
  }
});
