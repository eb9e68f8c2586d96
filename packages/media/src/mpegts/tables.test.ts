import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crcOf } from "../../test/transport-stream.ts";
import { associationSection, crc32Mpeg, mapSection } from "./tables.ts";

test("tables are those that FFmpeg's muxer writes for the same program", () => {
  assert.equal(Buffer.from(associationSection()).toString("hex"), "00b00d0001c100000001f0002ab104b2");
  const streams = [
    { pid: 0x100, streamType: 0x1b },
    { pid: 0x101, streamType: 0x0f },
  ];
  assert.equal(
    Buffer.from(mapSection(0x100, streams)).toString("hex"),
    "02b0170001c10000e100f0001be100f0000fe101f0002f44b99b",
  );
});

test("the CRC is that of its definition", () => {
  assert.equal(crc32Mpeg(Buffer.from("123456789")), 0x0376e6e7);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.equal(crc32Mpeg(bytes), crcOf(bytes))));
});
