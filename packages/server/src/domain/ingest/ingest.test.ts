import assert from "node:assert/strict";
import { test } from "node:test";
import { ackWords, TestSession } from "../../../../../tests/support/in-process.ts";
import { fixture, nextTurn, second, whole } from "../../../../../tests/support/ingest.ts";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../../../../../tests/support/matroska-body.ts";
import { JournalUnavailable, retentionClassOf } from "../../storage/ports/journal.ts";

/** The server's clock in a test's hand. */
function handClock() {
  const clock = { time: 1_795_000_000_000, now: () => clock.time };
  return clock;
}

test("a silent producer gets IDLE now and then, and is closed without an error", async () => {
  const clock = handClock();
  const { server, session } = await fixture({ now: clock.now });
  await session.send(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT]));
  await session.ack("PERSISTED");
  for (let elapsed = 0; elapsed < 30; elapsed++) {
    clock.time += 1000;
    session.session.tick(clock.time);
  }
  await session.ended;
  assert.equal(ackWords(session.acks), "B1000 R1000 P1000 IDLE IDLE IDLE IDLE IDLE");
  await server.close();
});

test("no fragment of a stream came before an earlier one where the clock is set back, whoever sends", async () => {
  const clock = handClock();
  const { server, open, rows, session } = await fixture({ now: clock.now });
  const put = (sender: TestSession, ...timecodes: number[]) =>
    sender.put(Buffer.concat([bodyHeader(), ...timecodes.map(second), END_OF_FRAGMENT]));
  await put(session, 1000, 2000, 3000);
  await put(await open(), 4000, 5000);
  clock.time -= 500;
  await put(await open(), 6000);
  clock.time += 1000;
  await put(await open(), 7000);
  const received = (await rows()).map(({ serverTimestamp }) => serverTimestamp - 1_795_000_000_000);
  assert.deepEqual(received, [0, 0, 0, 0, 0, 0, 500]);
  await server.close();
});

test("data keeps a producer from being idle", async () => {
  const clock = handClock();
  const { server, session } = await fixture({ now: clock.now });
  await session.send(bodyHeader());
  for (let elapsed = 0; elapsed < 60; elapsed++) {
    clock.time += 4000;
    await session.send(second(elapsed * 1000));
    session.session.tick(clock.time);
  }
  assert.equal(session.session.state, "running");
  assert.ok(session.acks.every(({ EventType }) => EventType !== "IDLE"));
  session.session.end();
  await session.ended;
  await server.close();
});

test("a whole cluster is a fragment once nothing follows it; one of unknown size is not", async () => {
  for (const [body, acks] of [
    [whole(1000), "B1000 R1000 P1000"],
    [second(1000), "B1000"],
  ] as const) {
    const clock = handClock();
    const { server, session, rows } = await fixture({ now: clock.now });
    await session.send(Buffer.concat([bodyHeader(), body]));
    clock.time += 1500;
    session.session.tick(clock.time);
    await session.ack(acks === "B1000" ? "BUFFERING" : "PERSISTED");
    await nextTurn();
    assert.equal(ackWords(session.acks), acks);
    session.session.abort();
    await session.ended;
    assert.equal((await rows()).length, acks === "B1000" ? 0 : 1);
    await server.close();
  }
});

test("when the connection is lost, what arrived whole is kept and what did not is given up", async () => {
  const { server, stream, session, rows } = await fixture();
  await session.send(Buffer.concat([bodyHeader(), second(1000), whole(2000)]));
  session.session.abort();
  await nextTurn();
  assert.deepEqual(
    (await rows()).map(({ producerTimestamp }) => producerTimestamp),
    [1000, 2000],
  );
  const cut = await TestSession.open(server, stream);
  await cut.send(Buffer.concat([bodyHeader(), second(3000)]));
  cut.session.abort();
  await nextTurn();
  assert.equal((await rows()).length, 2);
  assert.equal(server.metrics.of("s").putMedia.connectionErrors, 2);
  assert.equal(server.ingest.sessions, 0);
  assert.equal(server.live.memory.used, 0);
  await server.close();
});

test("a connection that is too old ends with 4003", async () => {
  const clock = handClock();
  const { server, session } = await fixture({ now: clock.now, limits: { maxSessionMs: 45 * 60_000 } });
  await session.send(Buffer.concat([bodyHeader(), second(1000), second(2000)]));
  await session.ack("PERSISTED");
  clock.time += 45 * 60_000;
  session.session.tick(clock.time);
  await session.ended;
  assert.equal(ackWords(session.acks), "B1000 R1000 B2000 P1000 E4003@2000");
  await server.close();
});

test("a drain waits for fragments in progress, and ends what does not end by itself", async () => {
  const { server, session: finishing, open } = await fixture();
  const idle = await open();
  const stuck = await open();
  await finishing.send(Buffer.concat([bodyHeader(), second(1000)]));
  await idle.send(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT]));
  await idle.ack("PERSISTED");
  await stuck.send(Buffer.concat([bodyHeader(), second(1000)]));
  const drained = server.ingest.drain(100);
  await idle.ended;
  await finishing.send(Buffer.concat([second(2000), second(3000)]));
  await finishing.ended;
  assert.equal(ackWords(finishing.acks), "B1000 R1000 P1000");
  await drained;
  assert.equal(ackWords(stuck.acks), "B1000 E5000@1000");
  const late = await open();
  await late.ended;
  assert.equal(ackWords(late.acks), "E5000");
  await server.close();
});

test("when the stream is deleted its sessions end at once with 4008", async () => {
  const { server, stream, session } = await fixture();
  await session.send(Buffer.concat([bodyHeader(), second(1000)]));
  await server.streams.delete(stream.arn);
  await session.ended;
  assert.equal(ackWords(session.acks), "B1000 E4008@1000");
  await assert.rejects(TestSession.open(server, stream), { code: "stream-not-found" });
  assert.equal(server.live.memory.used, 0);
  await server.close();
});

test("a fragment that is whole when its stream is deleted, and not on its way to the disk yet, leaves the journal", async () => {
  const { server, stream, session, rows } = await fixture();
  const begin = server.journal.begin.bind(server.journal);
  const ends: string[] = [];
  server.journal.begin = (identity, retentionClass) => {
    const writer = begin(identity, retentionClass);
    return {
      append: (part) => writer.append(part),
      abort: () => {
        ends.push("given up");
        writer.abort();
      },
      commit: (part, summary, table) => {
        ends.push("committed");
        return writer.commit(part, summary, table);
      },
    };
  };
  void session.session.feed(Buffer.concat([bodyHeader(), fragment(1000, 4, 400_000, 1000), END_OF_FRAGMENT]));
  await server.streams.delete(stream.arn);
  await session.ended;
  await nextTurn();
  assert.equal(ackWords(session.acks), "B1000 R1000 E4008");
  assert.deepEqual(ends, ["given up"]);
  assert.deepEqual([await rows(), server.errors, server.live.memory.used], [[], [], 0]);
  await server.close();
});

test("PERSISTED comes in the order of the fragments, and nothing after one that was refused is acknowledged", async () => {
  const { server, session } = await fixture();
  const begin = server.journal.begin.bind(server.journal);
  const gates = new Map<number, PromiseWithResolvers<void>>();
  server.journal.begin = (identity, retentionClass) => {
    const writer = begin(identity, retentionClass);
    const gate = Promise.withResolvers<void>();
    gates.set(identity.producerTimestamp, gate);
    const commit: typeof writer.commit = async (part, summary) => {
      await gate.promise;
      return writer.commit(part, summary);
    };
    return { append: (part) => writer.append(part), abort: () => writer.abort(), commit };
  };
  await session.send(
    Buffer.concat([bodyHeader(), ...[1000, 2000, 3000, 4000].flatMap((at) => [second(at), END_OF_FRAGMENT])]),
  );
  await nextTurn();
  gates.get(2000)!.resolve();
  await nextTurn();
  assert.ok(!ackWords(session.acks).includes("P2000"));
  gates.get(4000)!.resolve();
  gates.get(3000)!.reject(new JournalUnavailable("io-error", "the device failed"));
  gates.get(1000)!.resolve();
  await session.ended;
  const tail = ackWords(session.acks).split(" ").slice(8).join(" ");
  assert.equal(tail, "P1000 P2000 E5001@3000");
  await server.close();
});

test("retention that changes while a producer is connected counts from the next fragment on", async () => {
  const { server, stream, session, rows } = await fixture({}, 0);
  const classes: number[] = [];
  const begin = server.journal.begin.bind(server.journal);
  server.journal.begin = (identity, retentionClass) => {
    classes.push(retentionClass);
    return begin(identity, retentionClass);
  };
  await session.send(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT]));
  await stream.changeRetention(stream.record.version, 48);
  await session.send(Buffer.concat([second(2000), END_OF_FRAGMENT]));
  await session.ack("PERSISTED", 2000);
  await stream.changeRetention(stream.record.version, -48);
  await session.send(Buffer.concat([second(3000), END_OF_FRAGMENT]));
  session.session.end();
  await session.ended;
  assert.equal(ackWords(session.acks), "B1000 R1000 B2000 R2000 P2000 B3000 R3000");
  assert.deepEqual(classes, [retentionClassOf(48)]);
  assert.equal((await rows()).length, 1);
  await server.close();
});

test("fragment numbers ascend over connections, a thousand from one to the next", async () => {
  const { server, session, open, rows } = await fixture();
  await session.put(Buffer.concat([bodyHeader(), second(1000), second(2000)]));
  const next = await open();
  await next.put(Buffer.concat([bodyHeader(), second(1000)]));
  assert.deepEqual(
    (await rows()).map(({ sequence }) => sequence),
    [1, 2, 1001],
  );
  await server.close();
});
