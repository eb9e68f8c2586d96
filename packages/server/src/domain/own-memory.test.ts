import assert from "node:assert/strict";
import { test } from "node:test";
import { concatOwned, owned } from "./own-memory.ts";

test("what is owned holds its bytes and nothing else", () => {
  const text = Buffer.from("a playlist");
  assert.ok(text.buffer.byteLength > text.length, "Node cuts it out of a larger piece");
  const alone = owned(text);
  assert.deepEqual(Buffer.from(alone), text);
  assert.equal(alone.buffer.byteLength, text.length);
  assert.equal(owned(alone), alone);
});

test("pieces are put together in memory that is as long as they are", () => {
  const whole = concatOwned([Buffer.from("init"), new Uint8Array(0), Buffer.from("media")]);
  assert.equal(whole.toString(), "initmedia");
  assert.equal(whole.buffer.byteLength, 9);
  assert.equal(concatOwned([]).length, 0);
});
