import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  blocksOf,
  contentsOf,
  type InProcessOptions,
  InProcessServer,
  TestSession,
} from "../../../../../tests/support/in-process.ts";
import {
  bodyHeader,
  cluster,
  clusterStart,
  END_OF_FRAGMENT,
  fragment,
  simpleBlock,
  tags,
} from "../../../../../tests/support/matroska-body.ts";
import type { Stream } from "../streams/stream.ts";
import { formatFragmentNumber } from "./fragment-number.ts";
import type { StartSelector } from "./start-selector.ts";

const second = (timecode: number): Buffer => fragment(timecode, 5, 40, 1000);
/** Five fragments of a second each, from the moment 1000. */
const FIVE = [1000, 2000, 3000, 4000, 5000];

async function fixture(options: InProcessOptions = {}, retention = 24) {
  const server = new InProcessServer(options);
  const stream = await server.create("s", retention);
  return { server, stream, session: await TestSession.open(server, stream) };
}

async function recorded(retention = 24) {
  const { server, stream, session } = await fixture({}, retention);
  const body = Buffer.concat([bodyHeader(), ...FIVE.map(second)]);
  const acks = await session.put(body);
  const numbers = acks
    .filter(({ EventType }) => EventType === "BUFFERING")
    .map(({ FragmentNumber }) => FragmentNumber!);
  return { server, stream, body, numbers };
}

const tagIn = (pairs: readonly string[], name: string): string | undefined =>
  pairs.find((pair) => pair.startsWith(`AWS_KINESISVIDEO_${name}=`))?.split("=")[1];

/** Producer timecodes of the clusters of an answer. */
const timecodes = (answer: Buffer): number[] =>
  contentsOf(answer).map(({ blocks }) => Number(blocks[0]!.split(":")[1]));

for (const retention of [24, 0]) {
  const where = retention === 0 ? "of a stream without retention" : "of an archive";
  test(`each chunk ${where} is a file of its own: the producer's blocks, KVS's tags in their places`, async () => {
    const { server, stream, body, numbers } = await recorded(retention);
    const files = contentsOf(await server.read(stream));
    assert.deepEqual(
      files.flatMap(({ blocks }) => blocks),
      blocksOf(body),
    );
    for (const [place, file] of files.entries()) {
      assert.equal(file.clusters, 1);
      assert.equal(tagIn(file.tagsBefore, "FRAGMENT_NUMBER"), numbers[place]);
      assert.equal(tagIn(file.tagsBefore, "PRODUCER_TIMESTAMP"), `${place + 1}.000`);
      assert.match(tagIn(file.tagsBefore, "SERVER_TIMESTAMP")!, /^\d{10}\.\d{3}$/);
      assert.match(tagIn(file.tagsAfter, "MILLIS_BEHIND_NOW")!, /^\d+$/);
      assert.equal(tagIn(file.tagsAfter, "CONTINUATION_TOKEN"), numbers[place]);
    }
    assert.equal(tagIn(files.at(-1)!.tagsAfter, "MILLIS_BEHIND_NOW"), "0");
    await server.close();
  });

  const SELECTORS: [string, (numbers: string[]) => StartSelector, number[]][] = [
    ["the oldest fragment", () => ({ type: "earliest" }), FIVE],
    ["behind a fragment", (numbers) => ({ type: "after", number: numbers[2]! }), [4000, 5000]],
    ["behind the last fragment", (numbers) => ({ type: "after", number: numbers[4]! }), []],
    ["within a fragment", () => ({ type: "producerTimestamp", time: 2500 }), [2000, 3000, 4000, 5000]],
    ["where a fragment begins", () => ({ type: "producerTimestamp", time: 3000 }), [3000, 4000, 5000]],
    ["before all fragments", () => ({ type: "producerTimestamp", time: 0 }), FIVE],
    ["behind all fragments", () => ({ type: "producerTimestamp", time: 6001 }), []],
    ["a moment of the server's clock long ago", () => ({ type: "serverTimestamp", time: 1 }), FIVE],
    ["now, with nothing in progress", () => ({ type: "now" }), []],
  ];
  for (const [what, selector, expected] of SELECTORS) {
    test(`a read ${where} begins with ${what}`, async () => {
      const { server, stream, numbers } = await recorded(retention);
      assert.deepEqual(timecodes(await server.read(stream, selector(numbers))), expected);
      await server.close();
    });
  }

  test(`a read ${where} behind an unknown fragment answers with error 4000`, async () => {
    const { server, stream, numbers } = await recorded(retention);
    const altered = (BigInt(numbers[2]!) ^ 1n).toString();
    for (const number of [altered, "7", "9".repeat(47)]) {
      const [file, ...more] = contentsOf(await server.read(stream, { type: "after", number }));
      assert.equal(more.length, 0);
      assert.equal(tagIn(file!.tagsBefore, "FRAGMENT_NUMBER"), number);
      assert.equal(tagIn(file!.tagsBefore, "ERROR_ID"), "4000");
      assert.equal(tagIn(file!.tagsBefore, "SERVER_TIMESTAMP"), undefined);
    }
    await server.close();
  });
}

test("a read from a moment on the server's clock begins with the fragment received then", async () => {
  const clock = { time: 1_795_000_000_000 };
  const { server, stream, session } = await fixture({ now: () => clock.time });
  await session.send(bodyHeader());
  for (const timecode of FIVE) {
    await session.send(Buffer.concat([second(timecode), END_OF_FRAGMENT]));
    await session.ack("PERSISTED", timecode);
    clock.time += 1000;
  }
  session.session.end();
  const start = (time: number): StartSelector => ({ type: "serverTimestamp", time });
  assert.deepEqual(timecodes(await server.read(stream, start(1_795_000_002_000))), [3000, 4000, 5000]);
  assert.deepEqual(timecodes(await server.read(stream, start(1_795_000_002_700))), [3000, 4000, 5000]);
  await server.close();
});

test("tags stay with their fragment, signals and names that belong to KVS do not come back", async () => {
  const { server, stream, session } = await fixture();
  const spoof = tags({ AWS_KINESISVIDEO_FRAGMENT_NUMBER: "1", camera: "front" });
  await session.put(
    Buffer.concat([
      bodyHeader(),
      tags({ header: "yes" }),
      second(1000),
      tags({ behind: "first" }),
      spoof,
      tags({ AWS_KINESISVIDEO_IMAGE_GENERATION: "" }),
      END_OF_FRAGMENT,
      tags({ before: "second" }),
      second(2000),
      tags({ AWS_KINESISVIDEO_CONTINUATION_TOKEN: "1" }),
    ]),
  );
  const [first, other] = contentsOf(await server.read(stream)).map(({ tagsBefore, tagsAfter }) =>
    [tagsBefore, tagsAfter].map((pairs) => pairs.map((pair) => pair.replace(/^AWS_KINESISVIDEO_(\w+)=\d.*/, "$1"))),
  );
  const numbered = ["FRAGMENT_NUMBER", "SERVER_TIMESTAMP", "PRODUCER_TIMESTAMP"];
  const tail = ["MILLIS_BEHIND_NOW", "CONTINUATION_TOKEN"];
  assert.deepEqual(first, [
    ["header=yes", ...numbered],
    ["behind=first", "camera=front", "AWS_KINESISVIDEO_IMAGE_GENERATION=", ...tail],
  ]);
  assert.deepEqual(other, [["before=second", ...numbered], tail]);
  await server.close();
});

/** A GetMedia in progress, read by hand. */
class Reading {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #gone = new AbortController();
  bytes = Buffer.alloc(0);

  private constructor(chunks: AsyncIterable<Uint8Array>, gone: AbortController) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#gone = gone;
  }

  static async begin(server: InProcessServer, stream: Stream, selector: StartSelector): Promise<Reading> {
    const gone = new AbortController();
    return new Reading(await server.reader.read(stream, selector, gone.signal), gone);
  }

  /** Reads on until the bytes so far hold `count` whole blocks, or the answer ends. */
  async until(predicate: (bytes: Buffer) => boolean): Promise<Buffer> {
    while (!predicate(this.bytes)) {
      const { value, done } = await this.#chunks.next();
      if (done === true) break;
      this.bytes = Buffer.concat([this.bytes, value]);
    }
    return this.bytes;
  }

  toEnd(): Promise<Buffer> {
    return this.until(() => false);
  }

  async leave(): Promise<void> {
    this.#gone.abort();
    await this.#chunks.return?.();
  }
}

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

test("damaged bytes are never served: error 5000, then the end", async () => {
  const { server, stream } = await recorded();
  const read = server.journal.read.bind(server.journal);
  server.journal.read = async function* (row) {
    for await (const part of read(row)) {
      if (row.sequence === 3) part.ciphertext[500]! ^= 1;
      yield part;
    }
  };
  const files = contentsOf(await server.read(stream));
  assert.deepEqual(
    files.map(({ blocks }) => blocks.length),
    [5, 5, 0],
  );
  assert.equal(tagIn(files[2]!.tagsBefore, "ERROR_ID"), "5000");
  assert.equal(server.errors.length, 1);
  await server.close();
});

test("a reader ends when its stream is deleted", async () => {
  const { server, stream, session } = await fixture({ readers: { firstIdleMs: 60_000, idleMs: 60_000 } });
  await session.send(Buffer.concat([bodyHeader(), second(1000)]));
  const reading = await Reading.begin(server, stream, { type: "now" });
  await reading.until((bytes) => bytes.length > 100);
  await server.streams.delete(stream.arn);
  const [file] = contentsOf(await reading.toEnd());
  assert.equal(file!.blocks.length, 5);
  assert.equal(server.live.memory.used, 0);
  await server.close();
});

test("readers above the limit are refused, and make room when they end or leave", async () => {
  const { server, stream, session } = await fixture({ readers: { maxReaders: 1, firstIdleMs: 60_000 } });
  const neverRead = await Reading.begin(server, stream, { type: "now" });
  await assert.rejects(Reading.begin(server, stream, { type: "now" }), { code: "connection-limit" });
  await neverRead.leave();
  const next = await Reading.begin(server, stream, { type: "now" });
  await next.leave();
  session.session.end();
  await server.close();
});

test("fragments are listed in the order asked, with error tags for those that cannot be given", async () => {
  const { server, stream, numbers } = await recorded();
  const unknown = (BigInt(numbers[0]!) ^ 1n).toString();
  const asked = [numbers[3]!, unknown, numbers[0]!, numbers[3]!];
  const bytes: Uint8Array[] = [];
  for await (const chunk of await server.reader.readList(stream, asked, new AbortController().signal))
    bytes.push(chunk);
  const files = contentsOf(Buffer.concat(bytes));
  assert.deepEqual(
    files.map(({ tagsBefore }) => tagIn(tagsBefore, "FRAGMENT_NUMBER")),
    asked,
  );
  assert.deepEqual(
    files.map(({ blocks }) => blocks.length),
    [5, 0, 5, 5],
  );
  assert.equal(tagIn(files[0]!.tagsBefore, "PRODUCER_SIDE_TIMESTAMP"), "4.000");
  assert.deepEqual(files[0]!.tagsAfter, []);
  assert.equal(tagIn(files[1]!.tagsBefore, "EXCEPTION_ERROR_CODE"), "4000");
  await server.close();
});
