import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ackWords, blocksOf, InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import {
  audioVideoHeader,
  bodyHeader,
  cluster,
  clusterStart,
  END_OF_FRAGMENT,
  element,
  fragment,
  simpleBlock,
  tags,
  uint,
} from "../../../../../tests/support/matroska-body.ts";
import { AWS_LIMITS, GENEROUS_LIMITS } from "./limits.ts";

const frame = Buffer.from("frame");
const video = (offset: number, key = false): Buffer => simpleBlock(1, offset, key, frame);
const audio = (offset: number): Buffer => simpleBlock(2, offset, true, frame);
const second = (timecode: number): Buffer => fragment(timecode, 5, 40, 1000);
/** BlockGroup with one Block, as ffmpeg writes a Cluster's last frame. */
const group = (offset: number): Buffer =>
  element(0xa0, element(0xa1, simpleBlock(1, offset, false, frame).subarray(9)), element(0x9b, uint(40)));

test("acknowledgements have the exact wire form: flat, one line each, the number as text, the timecode as it was sent", async () => {
  const server = new InProcessServer();
  const stream = await server.create("s");
  const { session } = await TestSession.open(server, stream);
  const lines: string[] = [];
  const other = await server.ingest.open(stream, { type: "ABSOLUTE", start: 0 });
  other.feed(Buffer.concat([bodyHeader(), second(1000), bodyHeader()]));
  for await (const ack of other.acks) lines.push(Buffer.from(ack).toString());
  session.end();
  const number = /"FragmentNumber":"(\d{47})"/.exec(lines[0]!)![1];
  assert.deepEqual(lines.slice(0, 3), [
    `{"EventType":"BUFFERING","FragmentTimecode":1000,"FragmentNumber":"${number}"}\n`,
    `{"EventType":"RECEIVED","FragmentTimecode":1000,"FragmentNumber":"${number}"}\n`,
    `{"EventType":"PERSISTED","FragmentTimecode":1000,"FragmentNumber":"${number}"}\n`,
  ]);
  assert.match(
    lines[3]!,
    /^\{"EventType":"ERROR","ErrorCode":"INVALID_MKV_DATA","ErrorId":4006,"Message":"[^"\\{}]+"\}\n$/,
  );
  assert.ok(lines.every((line) => line.length < 1024));
  await server.close();
});

/** Now in ticks of 100 ns: odd, and beyond 2^53, where numbers are even. */
const TICKS = 17_952_546_951_860_001n;

test("timecodes beyond 2^53 are acknowledged to the digit and compared to the tick, and tell the moment", async () => {
  for (const limits of [GENEROUS_LIMITS, AWS_LIMITS]) {
    const server = new InProcessServer({ limits: { ...limits, fragmentsPerSecond: Number.POSITIVE_INFINITY } });
    const stream = await server.create("s");
    const session = await server.ingest.open(stream, { type: "ABSOLUTE", start: 0 });
    const sent = [TICKS, TICKS + 1n, TICKS + 2n, TICKS + 9997n, TICKS + 9999n, TICKS + 9999n];
    session.feed(Buffer.concat([bodyHeader(1, 100), ...sent.map((timecode) => cluster(timecode, video(0, true)))]));
    const lines: string[] = [];
    for await (const ack of session.acks) lines.push(Buffer.from(ack).toString());
    const told = (type: string): string[] =>
      lines.filter((line) => line.includes(`"${type}"`)).map((line) => /"FragmentTimecode":(\d+),/.exec(line)![1]!);
    assert.deepEqual(told("BUFFERING"), sent.map(String));
    assert.deepEqual(told("PERSISTED"), sent.slice(0, -1).map(String));
    assert.deepEqual(told("ERROR"), [`${TICKS + 9999n}`]);
    assert.match(lines.at(-1)!, /"ErrorId":4004,.*timecode 17952546951870000 is not .* reaches 17952546951870000/);
    const rows = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 10);
    assert.deepEqual(
      rows.map(({ producerTimestamp }) => producerTimestamp),
      [1_795_254_695_186, 1_795_254_695_186, 1_795_254_695_186, 1_795_254_695_186, 1_795_254_695_187],
    );
    await server.close();
  }
});

test("a timecode that stands for no moment is told to the digit, without a number", async () => {
  const server = new InProcessServer();
  const session = await server.ingest.open(await server.create("s"), { type: "ABSOLUTE", start: 0 });
  session.feed(Buffer.concat([bodyHeader(), cluster(TICKS, video(0, true))]));
  const lines: string[] = [];
  for await (const ack of session.acks) lines.push(Buffer.from(ack).toString());
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /^\{"EventType":"ERROR","FragmentTimecode":17952546951860001,"ErrorCode":"INVALID_PRODUCER_TIMESTAMP","ErrorId":4007,/,
  );
  await server.close();
});

test("any chunking of a body gives the same acknowledgements and the same stored bytes", async () => {
  const body = Buffer.concat([
    audioVideoHeader(),
    tags({ before: "first" }),
    cluster(1000, video(0, true), audio(10), group(40)),
    tags({ behind: "first" }),
    clusterStart(2000),
    simpleBlock(1, 0, true, Buffer.alloc(5000, 7)),
    audio(20),
    END_OF_FRAGMENT,
    tags({ before: "third" }),
    clusterStart(3000),
    video(0, true),
    audio(0),
  ]);
  const outcome = async (cuts: readonly number[]) => {
    const server = new InProcessServer();
    const stream = await server.create("s");
    const session = await TestSession.open(server, stream);
    const ends = [...new Set([...cuts.map((cut) => cut % body.length), body.length])].sort((a, b) => a - b);
    let at = 0;
    for (const end of ends) {
      await session.session.feed(Buffer.from(body.subarray(at, end)));
      at = end;
    }
    session.session.end();
    await session.ended;
    // PERSISTED comes when the disk says so: only its place among its like is fixed.
    const words = ackWords(session.acks).split(" ");
    const rows = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 10);
    const answer = await server.read(stream);
    await server.close();
    return {
      progress: words.filter((word) => !word.startsWith("P")),
      persisted: words.filter((word) => word.startsWith("P")),
      rows: rows.map(({ duration, size, producerTimestamp }) => ({ duration, size, producerTimestamp })),
      answer: withoutKvsTags(answer),
      blocks: blocksOf(answer),
    };
  };
  const whole = await outcome([]);
  assert.deepEqual(whole.persisted, ["P1000", "P2000", "P3000"]);
  assert.deepEqual(whole.blocks, blocksOf(body));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 60 }), async (cuts) => {
      assert.deepEqual(await outcome(cuts), whole);
    }),
    { numRuns: 60 },
  );
});

/** A chunk's last Tags up to its continuation token: the distance from now in it has one digit or more, and so have the sizes around it. */
const TRAILING_TAGS =
  /.\x54\xc3\x67.{4}\x73\x73.{4}\x67\xc8.{4}\x45\xa3.{4}AWS_KINESISVIDEO_MILLIS_BEHIND_NOW.*?CONTINUATION_TOKEN/gs;

/** Numbers and times of the server differ between two runs; those that are left have a fixed length. */
function withoutKvsTags(answer: Buffer): string {
  return answer
    .toString("latin1")
    .replaceAll(/9134\d{43}/g, "N".repeat(47))
    .replaceAll(/(SERVER_TIMESTAMP.{6})\d+\.\d{3}/gs, "$1T")
    .replaceAll(TRAILING_TAGS, "");
}
