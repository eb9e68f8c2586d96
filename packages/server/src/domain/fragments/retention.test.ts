import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../../../../../tests/support/matroska-body.ts";
import type { Tell } from "../events/events.ts";
import type { Stream } from "../streams/stream.ts";
import { RetentionSweep } from "./retention.ts";

const HOUR = 3_600_000;

function fixture() {
  const clock = { time: 1_795_000_000_000 };
  const now = (): number => clock.time;
  const server = new InProcessServer({ now });
  const { streams, index, journal, live } = server;
  const report = (error: unknown): void => void server.errors.push(error);
  const tell: Tell = (name, fields) => void server.told.push([name, fields]);
  const sweep = new RetentionSweep({ streams, index, journal, live, intervalMs: 1, report, tell, now });
  /** Puts one fragment at each of the given hours. */
  const record = async (stream: Stream, ...hours: number[]): Promise<void> => {
    const session = await TestSession.open(server, stream);
    await session.send(bodyHeader());
    const start = clock.time;
    for (const hour of hours) {
      clock.time = start + hour * HOUR;
      const timecode = 1000 * (hour + 1);
      await session.send(Buffer.concat([fragment(timecode, 5, 1000, 900), END_OF_FRAGMENT]));
      await session.ack(stream.archives ? "PERSISTED" : "RECEIVED", timecode);
    }
    clock.time = start;
    session.session.end();
    await session.ended;
  };
  const count = async (stream: Stream): Promise<number> => (await index.totals(stream.id)).fragments;
  return { server, clock, sweep, record, count };
}

test("a sweep removes what has outlived its stream's retention, and gives the space back", async () => {
  const { server, clock, sweep, record, count } = fixture();
  const [short, long] = [await server.create("short", 1), await server.create("long", 10)];
  await record(short, 0, 1, 2);
  await record(long, 0, 1, 2);
  const before = server.journal.stats().storedBytes;
  clock.time += 2 * HOUR + 1;
  const summary = await sweep.sweep();
  assert.equal(summary.expired, 2);
  assert.deepEqual([await count(short), await count(long)], [1, 3]);
  assert.equal(server.journal.stats().storedBytes, before - summary.freedBytes);
  assert.ok(summary.freedBytes > 10_000);
  await server.close();
});

test("a shorter retention counts at the next sweep, and at once for readers", async () => {
  const { server, clock, sweep, record, count } = fixture();
  const stream = await server.create("s", 10);
  await record(stream, 0, 1, 2);
  clock.time += 2 * HOUR + 1;
  await stream.changeRetention(stream.record.version, -9);
  assert.equal(await count(stream), 3);
  const answer = await server.read(stream);
  assert.equal(answer.toString("latin1").split("CONTINUATION_TOKEN").length - 1, 1);
  assert.equal((await sweep.sweep()).expired, 2);
  assert.equal(await count(stream), 1);
  await server.close();
});

test("a deleted stream's fragments are purged", async () => {
  const { server, sweep, record } = fixture();
  const [kept, deleted] = [await server.create("kept"), await server.create("deleted")];
  await record(kept, 0);
  await record(deleted, 0, 1);
  await server.streams.delete(deleted.arn);
  assert.equal((await sweep.sweep()).purged, 2);
  assert.equal((await server.index.totals(deleted.id)).fragments, 0);
  assert.equal((await server.index.totals(kept.id)).fragments, 1);
  await server.close();
});

test("space that is given back is told with all that has expired since the last time", async () => {
  const { server, clock, sweep, record } = fixture();
  const [short, long] = [await server.create("short", 1), await server.create("long", 2)];
  const deleted = await server.create("deleted", 2);
  await record(short, 0, 1);
  await record(long, 0);
  await record(deleted, 0, 1, 2);
  await server.streams.delete(deleted.arn);
  const nothing = { dropped: 0, compacted: 0, freedBytes: 0, copiedBytes: 0, more: false };
  const collected = [nothing, { ...nothing, freedBytes: 400, more: true }, { ...nothing, freedBytes: 1 }, nothing];
  server.journal.collect = async () => collected.shift()!;
  const told = () => server.toldAs("retention sweep");
  clock.time += 1.5 * HOUR;
  await sweep.sweep();
  assert.deepEqual(told(), []);
  clock.time += HOUR;
  await sweep.sweep();
  assert.deepEqual(told(), [{ streams: 2, fragments: 3, deleted: 3, bytes: 401 }]);
  await sweep.sweep();
  assert.equal(told().length, 1);
  await server.close();
});

test("a stream without retention forgets after its buffer's time, also when nothing more comes", async () => {
  const { server, clock, sweep, record } = fixture();
  const stream = await server.create("s", 0);
  await record(stream, 0);
  assert.ok(server.live.memory.used > 5000);
  clock.time += 301_000;
  await sweep.sweep();
  assert.equal(server.live.memory.used, 0);
  assert.equal((await server.read(stream)).length, 0);
  await server.close();
});

test("sweeps go on after one that failed, until they are stopped", async () => {
  const { server, sweep } = fixture();
  const { collect } = server.journal;
  let calls = 0;
  const twice = Promise.withResolvers<void>();
  server.journal.collect = () => {
    calls++;
    if (calls === 1) return Promise.reject(new Error("the device failed"));
    if (calls === 3) twice.resolve();
    return collect.call(server.journal);
  };
  sweep.start();
  await twice.promise;
  await sweep.stop();
  const seen = calls;
  assert.equal(server.errors.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(calls, seen);
  await server.close();
});
