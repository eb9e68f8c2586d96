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
      assert.deepEqual(log.copy(from, to), all.subarray(from, to));
      const loan = log.lend(from, to);
      assert.deepEqual(Buffer.concat(loan.views), all.subarray(from, to));
      loan.end();
    }),
  );
});

test("a copy is not changed by later appends", () => {
  const log = new ByteLog();
  log.append(Buffer.from("first"));
  const copy = log.copy(0, 5);
  log.clear();
  for (let index = 0; index < 5000; index++) log.append(Buffer.from("other"));
  assert.equal(copy.toString(), "first");
});

test("small appends share a slab, and slabs grow with the log", () => {
  const log = new ByteLog();
  for (const text of ["ab", "cd", "ef"]) log.append(Buffer.from(text));
  assert.equal(log.lend(0, log.length).views.length, 1);
  log.append(Buffer.alloc(2 ** 20));
  const sizes = log.lend(0, log.length).views.map(({ length }) => length / 1024);
  assert.deepEqual(sizes.slice(0, 9), [2, 2, 4, 8, 16, 32, 64, 128, 256]);
});

test("a slab is used again once its bytes are forgotten and no loan runs", () => {
  const first = new ByteLog();
  first.append(Buffer.from("lent.."));
  const loan = first.lend(0, 6);
  first.clear();
  const other = new ByteLog();
  other.append(Buffer.from("other!"));
  assert.equal(Buffer.from(loan.views[0]!).toString(), "lent..");
  loan.end();
  const second = new ByteLog();
  second.append(Buffer.from("second"));
  assert.equal(Buffer.from(loan.views[0]!).toString(), "second");
});

test("bytes that were forgotten are refused", () => {
  const log = new ByteLog();
  log.append(Buffer.alloc(20_000));
  log.discard(19_999);
  assert.equal(log.start, 16_384);
  assert.throws(() => log.copy(16_383, 17_000), RangeError);
  log.clear();
  assert.equal(log.held, 0);
  log.append(Buffer.from("x"));
  assert.equal(log.copy(20_000, 20_001).toString(), "x");
});
