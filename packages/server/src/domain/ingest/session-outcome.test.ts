import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestSession } from "../../../../../tests/support/in-process.ts";
import { fixture, nextTurn, second } from "../../../../../tests/support/ingest.ts";
import { bodyHeader, END_OF_FRAGMENT } from "../../../../../tests/support/matroska-body.ts";
import { JournalUnavailable } from "../../storage/ports/journal.ts";

const CALLER = { requestId: "id", accessKeyId: "AKIAKEY", remoteAddress: "192.0.2.7" };
const HEAD = bodyHeader();
const WHOLE = Buffer.concat([HEAD, second(1000), END_OF_FRAGMENT]);

type Fixture = Awaited<ReturnType<typeof fixture>>;

/** What is told of one session's end, of its first moment on a clock that stands still unless it is set. */
async function ending(end: (session: TestSession, it: Fixture, clock: { time: number }) => Promise<void> | void) {
  const clock = { time: 1_795_000_000_000 };
  const it = await fixture({ now: () => clock.time });
  await end(it.session, it, clock);
  await it.session.ended;
  await nextTurn();
  const told = it.server.toldAs("producer ended");
  assert.equal(told.length, 1);
  await it.server.close();
  return told[0];
}

test("who connects is told, and with how many others", async () => {
  const { server, stream, session } = await fixture();
  const other = await server.ingest.open(stream, { type: "ABSOLUTE", start: 0 }, CALLER);
  assert.deepEqual(server.toldAs("producer connected"), [
    { stream: "s", connections: 1 },
    { stream: "s", connections: 2, ...CALLER },
  ]);
  other.end();
  session.session.end();
  await session.ended;
  const nothing = { stream: "s", reason: "end of body", fragments: 0, persisted: 0, bytes: 0, seconds: 0 };
  assert.deepEqual(server.toldAs("producer ended"), [{ ...nothing, ...CALLER }, nothing]);
  await server.close();
});

test("a session that ends as the producer wishes tells what it brought", async () => {
  const outcome = await ending(async (session, _it, clock) => {
    await session.send(WHOLE);
    clock.time += 2345;
    await session.send(second(2000));
    session.session.end();
  });
  const bytes = WHOLE.length + second(2000).length;
  assert.deepEqual(outcome, { stream: "s", reason: "end of body", fragments: 2, persisted: 2, bytes, seconds: 2.3 });
});

test("a connection that is lost says how, and how much came whole", async () => {
  const outcome = await ending(async (session) => {
    await session.send(WHOLE);
    await session.ack("PERSISTED");
    await session.send(second(2000));
    session.session.abort("read ECONNRESET");
    session.session.abort("again");
  });
  const bytes = WHOLE.length + second(2000).length;
  const brought = { fragments: 1, persisted: 1, bytes, seconds: 0 };
  assert.deepEqual(outcome, { stream: "s", reason: "connection lost", message: "read ECONNRESET", ...brought });
});

test("an ERROR acknowledgement is told with its id and what is wrong", async () => {
  const outcome = await ending((session) => session.send(Buffer.concat([WHOLE, Buffer.alloc(16)])));
  const { reason, errorId, errorCode, message, fragments } = outcome!;
  assert.deepEqual([reason, errorId, errorCode, fragments], ["error", 4006, "INVALID_MKV_DATA", 1]);
  assert.notEqual(message, "");
});

test("an archive that refuses a fragment behind the body's end is told with that end", async () => {
  const outcome = await ending(async (session, { server }) => {
    const begin = server.journal.begin.bind(server.journal);
    const commit = () => Promise.reject(new JournalUnavailable("quota", "the archive is full"));
    server.journal.begin = (identity, retentionClass) => ({ ...begin(identity, retentionClass), commit, abort() {} });
    await session.send(WHOLE);
    session.session.end();
  });
  const { reason, errorId, message, fragments, persisted } = outcome!;
  const full = "the fragment was not archived: the archive is full";
  assert.deepEqual([reason, errorId, message, fragments, persisted], ["end of body", 5001, full, 1, 0]);
});

test("a session that the server ends tells why", async () => {
  const reasons = [
    await ending(async (session, { server, stream }) => {
      await session.send(WHOLE);
      await session.ack("PERSISTED");
      await server.streams.delete(stream.arn);
    }),
    await ending((_session, { server }) => server.ingest.drain(1000)),
    await ending(async (session, { server }) => {
      await session.send(Buffer.concat([HEAD, second(1000)]));
      await server.ingest.drain(0);
    }),
    await ending((session, _it, clock) => {
      clock.time += 600_000;
      session.session.tick(clock.time);
    }),
  ].map((outcome) => [outcome!.reason, outcome!.errorId, outcome!.seconds]);
  assert.deepEqual(reasons, [
    ["stream deleted", 4008, 0],
    ["drained", undefined, 0],
    ["drained", 5000, 0],
    ["idle", undefined, 600],
  ]);
});
