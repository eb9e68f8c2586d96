/** What holds a producer back, and what is refused of it: space, pace, and AWS's limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ackWords, blocksOf, InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { fixture, nextTurn, second, whole } from "../../../../../tests/support/ingest.ts";
import {
  bodyHeader,
  clusterStart,
  END_OF_FRAGMENT,
  fragment,
  simpleBlock,
  tags,
} from "../../../../../tests/support/matroska-body.ts";
import { JournalUnavailable } from "../../storage/ports/journal.ts";
import { AWS_LIMITS } from "./limits.ts";

test("a producer that reads no acknowledgements is held back by them, also behind fragments that wait for the disk", async () => {
  const { server, stream, session: other } = await fixture();
  other.session.end();
  const session = await server.ingest.open(stream, { type: "ABSOLUTE", start: 0 });
  const fragments = Array.from({ length: 1000 }, (_, i) => whole(i * 10));
  let isHeld = true;
  const fed = Promise.resolve(session.feed(Buffer.concat([bodyHeader(), ...fragments, END_OF_FRAGMENT]))).then(() => {
    isHeld = false;
  });
  while (session.acks.queued < 3 * fragments.length) await nextTurn();
  for (let turns = 0; turns < 10; turns++) await nextTurn();
  assert.ok(isHeld);
  for (let left = session.acks.queued; left > 0; left--) await session.acks.next();
  await fed;
  session.abort();
  await server.close();
});

test("a full disk is told to the first fragment that it concerns, and ingest goes on when there is room", async () => {
  const { server, session, open, rows } = await fixture();
  await session.send(Buffer.concat([bodyHeader(), second(1000)]));
  server.journal.setUnavailable(new JournalUnavailable("disk-full", "no space left on the device"));
  await session.send(second(2000));
  await session.ended;
  assert.equal(ackWords(session.acks), "B1000 R1000 E5001@1000");
  const next = await open();
  await next.send(bodyHeader());
  assert.equal(next.session.state, "running");
  await next.send(second(3000));
  await next.ended;
  assert.equal(ackWords(next.acks), "E5001@3000");
  assert.match(next.acks[0]!.Message!, /no space left/);
  server.journal.setUnavailable(undefined);
  const last = await open();
  assert.equal(ackWords(await last.put(Buffer.concat([bodyHeader(), second(3000)]))), "B3000 R3000 P3000");
  assert.equal((await rows()).length, 1);
  await server.close();
});

test("a producer that is faster than the disk is made to wait, one that is not never is", async () => {
  const { server, session } = await fixture();
  assert.equal(session.session.feed(Buffer.concat([bodyHeader(), second(1000), second(2000)])), undefined);
  const commit = Promise.withResolvers<void>();
  const begin = server.journal.begin.bind(server.journal);
  server.journal.begin = (identity, retentionClass) => {
    const writer = begin(identity, retentionClass);
    return {
      append: () => commit.promise,
      abort: () => writer.abort(),
      commit: (part, summary) => commit.promise.then(() => writer.commit(part, summary)),
    };
  };
  const waiting = session.session.feed(Buffer.concat([second(3000), fragment(4000, 4, 400_000, 1000)]));
  assert.ok(waiting instanceof Promise);
  let resumed = false;
  void waiting.then(() => {
    resumed = true;
  });
  await nextTurn();
  assert.equal(resumed, false);
  session.session.tick(Date.now() + 3_600_000);
  assert.equal(session.session.state, "running");
  commit.resolve();
  await waiting;
  session.session.abort();
  await server.close();
});

test("a producer that does not read its acknowledgements is made to wait, and closed in the end", async () => {
  const { server, stream, session: other } = await fixture();
  other.session.end();
  const session = await server.ingest.open(stream, { type: "ABSOLUTE", start: 0 });
  session.feed(bodyHeader());
  let waiting: Promise<void> | undefined;
  for (let timecode = 0; waiting === undefined && timecode < 10_000; timecode++) {
    waiting = session.feed(Buffer.concat([clusterStart(timecode), simpleBlock(1, 0, true, Buffer.alloc(1))]));
  }
  assert.ok(waiting !== undefined && session.acks.queued <= 1100);
  session.tick(Date.now() + 31_000);
  await nextTurn();
  assert.equal(session.state, "closed");
  await waiting;
  await server.close();
});

test("AWS's limits: a second connection waits a moment for the first to end, then it is refused", async () => {
  const { server, session, open } = await fixture({ limits: AWS_LIMITS });
  const second = open();
  setTimeout(() => session.session.end(), 50);
  const admitted = await second;
  await assert.rejects(open(), { code: "connection-limit" });
  admitted.session.end();
  await server.close();
});

test("AWS's limits: more than five calls a second are refused", async ({ mock }) => {
  mock.timers.enable({ apis: ["Date"] });
  const { server, session, open } = await fixture({ limits: { ...AWS_LIMITS, maxSessions: 100 } });
  const calls = await Promise.allSettled(Array.from({ length: 8 }, open));
  const refused = calls.filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 4);
  assert.ok(refused.every((call) => (call as PromiseRejectedResult).reason.code === "client-limit"));
  for (const call of calls) if (call.status === "fulfilled") call.value.session.end();
  session.session.end();
  await server.close();
});

test("AWS's limits: a producer that sends fragments or bytes too fast is slowed down", async ({ mock }) => {
  mock.timers.enable({ apis: ["Date"] });
  const { server, session } = await fixture({ limits: AWS_LIMITS });
  const five = Buffer.concat([0, 1, 2, 3, 4].map((index) => second(index * 1000)));
  assert.equal(session.session.feed(Buffer.concat([bodyHeader(), five])), undefined);
  const slowed = session.session.feed(second(5000));
  assert.ok(slowed instanceof Promise);
  session.session.abort();
  await slowed;
  const other = new InProcessServer({ limits: { bytesPerSecond: 1000 } });
  const small = await TestSession.open(other, await other.create("s"));
  const late = small.session.feed(Buffer.concat([bodyHeader(), fragment(0, 1, 1000, 1000)]));
  assert.ok(late instanceof Promise);
  small.session.abort();
  await late;
  await Promise.all([server.close(), other.close()]);
});

test("a fragment of many parts goes to the journal while it arrives, and little of it stays in memory", async () => {
  const { server, stream, session, rows } = await fixture({ live: { windowBytes: 2 ** 20 } });
  const frames = Array.from({ length: 100 }, (_, index) =>
    simpleBlock(1, index, index === 0, Buffer.alloc(100_000, index)),
  );
  const body = Buffer.concat([bodyHeader(), clusterStart(1000), ...frames]);
  await session.send(body);
  assert.ok(server.journal.stats().bytesWritten > 9_000_000);
  assert.ok(server.live.memory.used < 2_500_000, `${server.live.memory.used}`);
  session.session.end();
  await session.ended;
  const [row] = await rows();
  assert.equal(row!.extents.length / 2, 10);
  assert.deepEqual(blocksOf(await server.read(stream)), blocksOf(body));
  await server.close();
});

test("tags without a cluster behind them are bounded", async () => {
  const { server, session } = await fixture();
  await session.send(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT]));
  const endless = tags({ name: "x".repeat(100_000) });
  for (let count = 0; count < 12; count++) await session.send(endless);
  await session.ended;
  assert.equal(ackWords(session.acks), "B1000 R1000 P1000 E4009");
  await server.close();
});
