import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RequestBody } from "./request-body.ts";

test("chunks come one by one, and none while the consumer waits", async () => {
  const stream = new PassThrough();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const done = new RequestBody(stream).consume((chunk) => {
    seen.push(Buffer.from(chunk).toString());
    return seen.length === 1 ? gate.promise : undefined;
  });
  for (const text of ["a", "b", "c"]) stream.write(text);
  stream.end();
  await nextTurn();
  await nextTurn();
  assert.deepEqual(seen, ["a"]);
  gate.resolve();
  await done;
  assert.equal(seen.join(""), "abc");
});

test("a consumer that has enough leaves the stream paused and whole", async () => {
  const stream = new PassThrough();
  stream.write("a");
  await new RequestBody(stream).consume(() => "enough");
  assert.equal(stream.destroyed, false);
  assert.equal(stream.isPaused(), true);
  assert.equal(stream.listenerCount("data"), 0);
  stream.write("b");
  stream.end();
  const rest: string[] = [];
  for await (const chunk of stream) rest.push(String(chunk));
  assert.deepEqual(rest, ["b"]);
});

test("a connection that breaks is told, before and while the body is read", async () => {
  const broken = new PassThrough();
  const reading = new RequestBody(broken).consume(() => undefined);
  broken.destroy(new Error("reset"));
  await assert.rejects(reading, /reset/);
  const silent = new PassThrough();
  const waiting = new RequestBody(silent).consume(() => undefined);
  silent.destroy();
  await assert.rejects(waiting, /closed before the end/);
  await assert.rejects(
    new RequestBody(silent).consume(() => undefined),
    /gone/,
  );
});

test("what the consumer throws is told, and no further chunk is given", async () => {
  const stream = new PassThrough();
  let taken = 0;
  const reading = new RequestBody(stream).consume(() => {
    taken++;
    throw new Error("cannot take it");
  });
  stream.write("a");
  stream.write("b");
  await assert.rejects(reading, /cannot take it/);
  await nextTurn();
  assert.equal(taken, 1);
  assert.equal(stream.destroyed, false);
});

test("a chunk's memory is given back when it was taken, except what is part of a larger buffer", async () => {
  const stream = new PassThrough();
  const own = Buffer.from(new ArrayBuffer(100));
  const shared = Buffer.from(new ArrayBuffer(100)).subarray(0, 50);
  const lengths: number[] = [];
  const reading = new RequestBody(stream).consume((chunk) => void lengths.push(chunk.length));
  for (const chunk of [own, shared]) stream.write(chunk);
  stream.end();
  await reading;
  assert.deepEqual([...lengths, own.length, shared.length], [100, 50, 0, 50]);
});
