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

test("large appends are kept as views, small ones share a buffer", () => {
  const log = new ByteLog();
  const large = Buffer.alloc(5000, 1);
  log.append(Buffer.from("ab"));
  log.append(Buffer.from("cd"));
  log.append(large);
  log.append(Buffer.from("ef"));
  const views = log.slice(0, log.length);
  assert.equal(views.length, 3);
  assert.equal(views[1]!.buffer, large.buffer);
  assert.equal(views[0]!.buffer, views[2]!.buffer);
});

test("bytes that were forgotten are refused", () => {
  const log = new ByteLog();
  log.append(Buffer.alloc(4000));
  log.append(Buffer.alloc(4000));
  log.discard(4000);
  assert.throws(() => log.slice(3999, 5000), RangeError);
  log.clear();
  assert.equal(log.held, 0);
  log.append(Buffer.from("x"));
  assert.deepEqual(log.slice(8000, 8001), [Buffer.from("x")]);
});
