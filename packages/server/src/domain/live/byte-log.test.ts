import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteLog } from "./byte-log.ts";

const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 2000, max: 6000 })), {
  maxLength: 60,
});

test("every slice of what is held equals the appended bytes, whatever their sizes", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.nat(), (lengths, a, b, cut) => {
      const log = new ByteLog();
      const pieces = lengths.map((length, index) => Buffer.alloc(length, index + 1));
      for (const piece of pieces) log.append(piece);
      const all = Buffer.concat(pieces);
      assert.equal(log.length, all.length);
      log.discard(cut % (all.length + 1));
      assert.ok(log.start <= cut % (all.length + 1));
      assert.equal(log.held, all.length - log.start);
      const [from, to] = [a, b].map((value) => log.start + (value % (log.held + 1))).sort((x, y) => x - y) as [
        number,
        number,
      ];
      assert.deepEqual(Buffer.concat(log.slice(from, to)), all.subarray(from, to));
    }),
  );
});

test("a view that was handed out is not changed by later appends", () => {
  const log = new ByteLog();
  log.append(Buffer.from("first"));
  const [view] = log.slice(0, 5);
  for (let index = 0; index < 5000; index++) log.append(Buffer.from("other"));
  assert.equal(Buffer.from(view!).toString(), "first");
});

test("small appends share a slab, and slabs grow with the log", () => {
  const log = new ByteLog();
  for (const text of ["ab", "cd", "ef"]) log.append(Buffer.from(text));
  assert.equal(log.slice(0, log.length).length, 1);
  log.append(Buffer.alloc(2 ** 20));
  const sizes = log.slice(0, log.length).map(({ length }) => length / 1024);
  assert.deepEqual(sizes.slice(0, 6), [16, 16, 32, 64, 128, 256]);
});

test("a slab is used again once its bytes are forgotten, unless a view of it was handed out", () => {
  const first = new ByteLog();
  first.append(Buffer.from("peeked"));
  const [peeked] = first.peek(0, 6);
  first.clear();
  const second = new ByteLog();
  second.append(Buffer.from("second"));
  assert.equal(Buffer.from(peeked!).toString(), "second");
  const [kept] = second.slice(0, 6);
  second.clear();
  const third = new ByteLog();
  third.append(Buffer.from("third!"));
  assert.equal(Buffer.from(kept!).toString(), "second");
});

test("bytes that were forgotten are refused", () => {
  const log = new ByteLog();
  log.append(Buffer.alloc(20_000));
  log.discard(19_999);
  assert.equal(log.start, 16_384);
  assert.throws(() => log.slice(16_383, 17_000), RangeError);
  log.clear();
  assert.equal(log.held, 0);
  log.append(Buffer.from("x"));
  assert.deepEqual(log.slice(20_000, 20_001), [Buffer.from("x")]);
});
