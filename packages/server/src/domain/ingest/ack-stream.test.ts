import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AckStream } from "./ack-stream.ts";

const ack = (text: string): Uint8Array => Buffer.from(text);

/** What a consumer has been given, in order; "end" behind the last. */
async function consume(acks: AckStream, given: string[]): Promise<void> {
  for await (const bytes of acks) given.push(Buffer.from(bytes).toString());
  given.push("end");
}

test("the consumer gets one acknowledgement in each turn of the event loop, and the end in one of its own", async () => {
  const acks = new AckStream();
  const given: string[] = [];
  const consumed = consume(acks, given);
  for (const text of ["a", "b", "c"]) acks.push(ack(text));
  acks.close();
  for (const expected of [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "end"]]) {
    // A microtask's worth of callbacks, all of them within the turn.
    for (let i = 0; i < 10; i++) await Promise.resolve();
    assert.deepEqual(given, expected);
    await nextTurn();
  }
  await consumed;
});

test("one that comes while the consumer waits is given at once, one that comes in the same turn in the next", async () => {
  const acks = new AckStream();
  const first = acks.next();
  acks.push(ack("a"));
  assert.equal((await first).done, false);
  const second = acks.next();
  acks.push(ack("b"));
  assert.equal(acks.queued, 1);
  await nextTurn();
  assert.equal(acks.queued, 0);
  assert.deepEqual(await second, { done: false, value: ack("b") });
});

test("drained waits for the last that is queued, or for the end", async () => {
  const acks = new AckStream();
  await acks.drained();
  acks.push(ack("a"));
  acks.push(ack("b"));
  let drained = false;
  const waiting = acks.drained().then(() => {
    drained = true;
  });
  await acks.next();
  assert.equal(drained, false);
  await acks.next();
  await waiting;
  acks.push(ack("c"));
  const closing = acks.drained();
  acks.close();
  await closing;
  assert.equal(acks.queued, 1);
});

test("a consumer that goes away gets no more, and what it left is forgotten", async () => {
  const acks = new AckStream();
  acks.push(ack("a"));
  acks.push(ack("b"));
  for await (const bytes of acks) {
    assert.deepEqual(bytes, ack("a"));
    break;
  }
  assert.equal(acks.queued, 0);
  acks.push(ack("c"));
  assert.equal(acks.queued, 0);
  assert.deepEqual(await acks.next(), { done: true, value: undefined });
});
