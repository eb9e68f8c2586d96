import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blocksOf, contentsOf, type InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import {
  bodyHeader,
  cluster,
  clusterStart,
  END_OF_FRAGMENT,
  simpleBlock,
} from "../../../../../tests/support/matroska-body.ts";
import { fixture, Reading, second, tagIn, timecodes } from "../../../../../tests/support/reads.ts";
import { formatFragmentNumber } from "./fragment-number.ts";

const frameAt = (offset: number, text: string): Buffer => simpleBlock(1, offset, offset === 0, Buffer.from(text));

test("a frame is read before its fragment ends, also when reading began in the middle of the fragment", async () => {
  const { server, stream, session } = await fixture({ readers: { firstIdleMs: 60_000, idleMs: 60_000 } });
  await session.send(Buffer.concat([bodyHeader(), clusterStart(1000), frameAt(0, "frame one")]));
  const reading = await Reading.begin(server, stream, { type: "now" });
  await reading.until((bytes) => bytes.includes("frame one"));
  assert.equal(ackKinds(session), "BUFFERING");
  await session.send(frameAt(40, "frame two"));
  await reading.until((bytes) => bytes.includes("frame two"));
  // Half a frame is not shown.
  await session.send(frameAt(80, "frame three").subarray(0, 15));
  await session.send(frameAt(80, "frame three").subarray(15));
  const bytes = await reading.until((seen) => seen.includes("frame three"));
  assert.equal(bytes.length, bytes.indexOf("frame three") + "frame three".length);
  await reading.leave();
  session.session.end();
  await session.ended;
  await server.close();
});

test("a fragment is the tip while the next one arrives, and one that a reader leaves is not lost", async () => {
  const { server, stream, session } = await fixture({ readers: { firstIdleMs: 60_000, idleMs: 60_000 } });
  await session.send(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT, clusterStart(2000)]));
  await session.send(frameAt(0, "frame one"));
  const reading = await Reading.begin(server, stream, { type: "earliest" });
  await reading.until((bytes) => bytes.includes("frame one"));
  const rest = reading.toEnd();
  server.reader.stop();
  const [first, other] = contentsOf(await rest);
  assert.equal(tagIn(first!.tagsAfter, "MILLIS_BEHIND_NOW"), "0");
  assert.equal(other!.blocks.length, 1);
  assert.equal(server.metrics.of("s").getMedia.skips, 0);
  session.session.end();
  await session.ended;
  await server.close();
});

const ackKinds = (session: TestSession): string => session.acks.map(({ EventType }) => EventType).join(" ");

test("from the archive on into what is live there is neither gap nor duplicate", async () => {
  for (let round = 0; round < 20; round++) {
    const { server, stream, session } = await fixture({ readers: { firstIdleMs: 60_000, idleMs: 60_000 } });
    await session.send(bodyHeader());
    const all = Array.from({ length: 30 }, (_, index) => 1000 * (index + 1));
    const feed = (async () => {
      for (const timecode of all) {
        await session.send(Buffer.concat([second(timecode), END_OF_FRAGMENT]), 37 + round * 11);
        // Lets the reader in at another point of each round.
        if (timecode % (1000 * ((round % 5) + 1)) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    if (round % 3 === 0) await session.ack("PERSISTED", 3000);
    const reading = await Reading.begin(server, stream, { type: "earliest" });
    const bytes = await reading.until((seen) => seen.toString("latin1").split("CONTINUATION_TOKEN").length > 30);
    await feed;
    assert.deepEqual(timecodes(bytes), all);
    await reading.leave();
    session.session.end();
    await session.ended;
    await server.close();
  }
});

test("whatever the disk's pace, each durable fragment of two producers is read once, in order", {
  timeout: 60_000,
}, async () => {
  const delays = fc.array(fc.nat(4), { minLength: 40, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(delays, delays, delays, async (producerDelays, commitDelays, readerDelays) => {
      const { server, stream, session } = await fixture({ readers: { firstIdleMs: 60_000, idleMs: 60_000 } });
      slowCommits(server, commitDelays);
      const sessions = [session, await TestSession.open(server, stream)];
      const producing = sessions.map(async (each, half) => {
        await each.send(bodyHeader());
        for (let count = 0; count < 20; count++) {
          const bytes = second(1000 * (count + 1));
          await each.send(bytes.subarray(0, 100));
          await turns(producerDelays[half * 20 + count]!);
          await each.send(Buffer.concat([bytes.subarray(100), END_OF_FRAGMENT]));
        }
        each.session.end();
      });
      await turns(10 * readerDelays[0]!);
      const reading = await Reading.begin(server, stream, { type: "earliest" });
      let bytes: Buffer = Buffer.alloc(0);
      for (let count = 1; count <= 40; count++) {
        await turns(readerDelays[count - 1]!);
        bytes = await reading.until((seen) => seen.toString("latin1").split("CONTINUATION_TOKEN").length > count);
      }
      await Promise.all(producing);
      await Promise.all(sessions.map(({ ended }) => ended));
      const rows = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 100);
      const numbers = contentsOf(bytes).map(({ tagsAfter }) => tagIn(tagsAfter, "CONTINUATION_TOKEN"));
      assert.equal(rows.length, 40);
      assert.deepEqual(numbers, rows.map(formatFragmentNumber));
      await reading.leave();
      await server.close();
    }),
    { numRuns: 30, endOnFailure: true },
  );
});

/** Lets the event loop turn so many times. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets each commit take a number of turns of the event loop. */
function slowCommits(server: InProcessServer, delays: readonly number[]): void {
  const begin = server.journal.begin.bind(server.journal);
  let commits = 0;
  server.journal.begin = (identity, retentionClass) => {
    const writer = begin(identity, retentionClass);
    const commit: typeof writer.commit = async (part, summary) => {
      await turns(delays[commits++ % delays.length]!);
      return writer.commit(part, summary);
    };
    return { append: (part) => writer.append(part), abort: () => writer.abort(), commit };
  };
}

test("two connections of one stream are read in the order in which their fragments began", async () => {
  const { server, stream, session } = await fixture();
  const other = await TestSession.open(server, stream);
  await session.send(Buffer.concat([bodyHeader(), clusterStart(1000), frameAt(0, "old")]));
  await other.send(Buffer.concat([bodyHeader(), second(2000), END_OF_FRAGMENT]));
  await other.ack("PERSISTED");
  const reading = await Reading.begin(server, stream, { type: "earliest" });
  await reading.until((bytes) => bytes.includes("old"));
  session.session.end();
  other.session.end();
  assert.deepEqual(timecodes(await reading.toEnd()), [1000, 2000]);
  await server.close();
});

test("a fragment that stalls while a later one exists does not hold a reader up", async () => {
  const { server, stream, session } = await fixture({ live: { staleMs: 0 } });
  const other = await TestSession.open(server, stream);
  await session.send(Buffer.concat([bodyHeader(), clusterStart(1000), frameAt(0, "old")]));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await other.put(Buffer.concat([bodyHeader(), second(2000)]));
  const answer = await server.read(stream);
  assert.deepEqual(timecodes(answer), [1000, 2000]);
  assert.equal(server.metrics.of("s").getMedia.skips, 1);
  session.session.abort();
  await server.close();
});

test("the chunk of a fragment that fails is still a faultless file, without the tags of a complete one", async () => {
  for (const large of [false, true]) {
    const { server, stream, session } = await fixture();
    const frame = Buffer.alloc(large ? 200_000 : 50, 1);
    const whole = cluster(1000, simpleBlock(1, 0, true, frame), simpleBlock(1, 40, false, frame));
    const reading = await Reading.begin(server, stream, { type: "now" });
    await session.send(Buffer.concat([bodyHeader(), whole.subarray(0, whole.length - frame.length - 3)]));
    await reading.until((bytes) => bytes.includes(frame));
    session.session.abort();
    const [file, ...more] = contentsOf(await reading.toEnd());
    assert.equal(more.length, 0);
    assert.deepEqual(file!.blocks, [`1:1000:${frame.toString("hex")}`]);
    assert.deepEqual(file!.tagsAfter, []);
    assert.deepEqual(await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 1), []);
    await server.close();
  }
});

test("a reader that memory has left behind goes on from the archive, at the same byte", async () => {
  const { server, stream, session } = await fixture({ live: { windowBytes: 1 } });
  const frames = Array.from({ length: 40 }, (_, index) =>
    simpleBlock(1, index, index === 0, Buffer.alloc(100_000, index)),
  );
  const body = Buffer.concat([bodyHeader(), clusterStart(1000), ...frames]);
  const reading = await Reading.begin(server, stream, { type: "now" });
  await session.send(body.subarray(0, 500_000));
  await reading.until((bytes) => bytes.length > 10_000);
  await session.send(body.subarray(500_000));
  session.session.end();
  await session.ended;
  assert.deepEqual(blocksOf(await reading.toEnd()), blocksOf(body));
  assert.equal(server.live.memory.used, 0);
  await server.close();
});

test("a reader that the buffer of a stream without retention has left behind skips, and that is counted", async () => {
  const { server, stream, session } = await fixture({ live: { bufferBytes: 5000 } }, 0);
  await session.send(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT]));
  const reading = await Reading.begin(server, stream, { type: "earliest" });
  await reading.until((bytes) => bytes.length > 100);
  const all = Array.from({ length: 50 }, (_, index) => 1000 * (index + 2));
  await session.send(Buffer.concat(all.flatMap((timecode) => [second(timecode), END_OF_FRAGMENT])));
  session.session.end();
  const seen = timecodes(await reading.toEnd());
  assert.equal(seen[0], 1000);
  assert.equal(seen.at(-1), 51_000);
  assert.ok(seen.length < 20 && seen.length > 2);
  assert.ok(server.metrics.of("s").getMedia.skips > 0);
  assert.ok(server.live.memory.used <= 5000);
  await server.close();
});
