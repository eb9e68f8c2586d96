import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFooter, decodeHead, encodeFooter, encodeHead, FOOTER_BYTES, LayoutError } from "./layout.ts";

const head = {
  ebmlHeader: Buffer.from("header"),
  segmentElements: Buffer.from("info and tracks"),
  tags: [Buffer.from("tags"), Buffer.from("more")],
};

test("a head is read back once all of it is there", () => {
  const bytes = Buffer.concat([...encodeHead(head), Buffer.from("cluster")]);
  const bodyStart = bytes.indexOf("cluster");
  for (let length = 0; length < bodyStart; length++) assert.equal(decodeHead(bytes.subarray(0, length)), undefined);
  for (const part of [bytes.subarray(0, bodyStart), bytes]) {
    assert.deepEqual(decodeHead(part), { head: { ...head, tags: [Buffer.from("tagsmore")] }, bodyStart });
  }
});

test("a fragment without tags before its cluster has none", () => {
  const bytes = Buffer.concat(encodeHead({ ...head, tags: [] }));
  assert.deepEqual(decodeHead(bytes)?.head.tags, []);
});

test("an unknown version is refused", () => {
  const bytes = Buffer.concat(encodeHead(head));
  bytes[0] = 2;
  assert.throws(() => decodeHead(bytes), LayoutError);
});

test("a footer is read back", () => {
  const footer = { frames: 4_000_000_000, tagsBytes: 77 };
  const bytes = Buffer.from(encodeFooter(footer));
  assert.equal(bytes.length, FOOTER_BYTES);
  assert.deepEqual(decodeFooter(bytes), footer);
});
