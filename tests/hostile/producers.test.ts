import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { bodyHeader, clusterStart, END_OF_FRAGMENT, fragment, simpleBlock } from "../support/matroska-body.ts";
import { walkMatroska } from "../support/matroska-walk.ts";
import { TestServer } from "../support/server.ts";
import { createStreams } from "../support/streams.ts";
import { answerOf, openGet, openPut, peakMemory, persisted, sendFragments, timecodesOf } from "./peers.ts";

const ALL = {
  FragmentSelectorType: "SERVER_TIMESTAMP" as const,
  TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 3_600_000) },
};
const VANISHING_PRODUCERS = 15;
const CROWD = 300;
const MILLION = 1_000_000;
const LIVE_BUFFER_BYTES = 20_000_000;
/** Several times the buffer, and more than the process may hold. */
const FLOOD = { count: 600, frameBytes: 200_000 };
/** What the process takes idle, the buffer, and the queues of the sockets. */
const MAX_RESIDENT_BYTES = 500 * 2 ** 20;

let server: TestServer;
let client: KinesisVideoArchivedMediaClient;

before(async () => {
  const flags = [
    "--log-level",
    "warn",
    "--live-buffer-bytes",
    String(LIVE_BUFFER_BYTES),
    "--reader-idle-seconds",
    "0.5",
    "--producer-idle-seconds",
    "3",
  ];
  server = await TestServer.start({ flags });
  client = new KinesisVideoArchivedMediaClient(server.client);
  await createStreams(server, ["vanished", "crowded", "unread", "honest", "million"]);
  await createStreams(server, ["unkept"], 0);
});

after(async () => {
  client.destroy();
  await server.stop();
});

async function read(stream: string, numbers: string[]): Promise<Buffer> {
  const { Payload } = await client.send(new GetMediaForFragmentListCommand({ StreamName: stream, Fragments: numbers }));
  return Buffer.from(await Payload!.transformToByteArray());
}

test("of producers that vanish in mid-fragment, whole fragments stay and nothing half is seen", async () => {
  const start = Date.now();
  const vanish = async (index: number): Promise<string> => {
    const put = openPut(server, "vanished");
    const timecode = start + index * 1000;
    const half = fragment(timecode + 500, 5, 300_000, 90);
    put.write(Buffer.concat([bodyHeader(), fragment(timecode, 5, 10_000, 90), END_OF_FRAGMENT]));
    // Some leave within the Cluster's header, some within a block, some behind a part that has been archived already.
    put.write(half.subarray(0, Math.ceil((half.length * (index + 1)) / VANISHING_PRODUCERS) - 1));
    const { FragmentNumber } = await persisted(put, timecode);
    put.destroy();
    await put.closed;
    return FragmentNumber!;
  };
  const numbers = await Promise.all(Array.from({ length: VANISHING_PRODUCERS }, (_, index) => vanish(index)));
  const { Fragments } = await client.send(new ListFragmentsCommand({ StreamName: "vanished", FragmentSelector: ALL }));
  assert.deepEqual(Fragments!.map(({ FragmentNumber }) => FragmentNumber!).sort(), numbers.toSorted());
  for (const file of walkMatroska(await read("vanished", numbers))) assert.equal(file.blocks.length, 5);
});

/** A number of the server's own. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)![1]);
}

/** Sessions in progress, as the server counts them. */
const sessions = (): Promise<number> => metric("kvass_put_media_connections");

test(`${CROWD} producers that vanish in mid-fragment one after another leave nothing in memory`, async () => {
  let next = Date.now();
  const vanish = async (): Promise<void> => {
    const put = openPut(server, "crowded");
    next += 1000;
    const half = fragment(next, 5, 300_000, 90);
    put.write(Buffer.concat([bodyHeader(), half.subarray(0, half.length / 2)]));
    await put.ack(({ EventType }) => EventType === "BUFFERING");
    put.socket.resetAndDestroy();
    await put.closed;
  };
  for (let left = CROWD; left > 0; left -= 10) await Promise.all(Array.from({ length: 10 }, vanish));
  while ((await sessions()) > 0) await delay(20);
  assert.equal(await metric("kvass_live_bytes"), 0);
});

test("a producer that reads no acknowledgements is held back, disturbs nobody, and is ended as idle", async () => {
  const mute = openPut(server, "unread");
  mute.socket.pause();
  mute.write(bodyHeader());
  let sent = 0;
  const tiny = (): Buffer =>
    Buffer.concat([clusterStart(++sent * 10), simpleBlock(1, 0, true, Buffer.alloc(1)), END_OF_FRAGMENT]);
  void (async () => {
    for (; !mute.socket.destroyed; await mute.drained()) mute.write(Buffer.concat(Array.from({ length: 100 }, tiny)));
  })();
  const honest = openPut(server, "honest");
  const timecodes = await sendFragments(honest, { count: 20, frameBytes: 1000, everyMs: 50 });
  await persisted(honest, timecodes.at(-1)!);
  assert.deepEqual(timecodesOf(honest, "PERSISTED"), timecodes);
  honest.destroy();
  while ((await sessions()) > 0) await delay(100);
  // It could not send on, so that it was the server that stopped: the acknowledgements fill no more than the sockets' buffers.
  assert.ok(mute.socket.writableNeedDrain);
  mute.destroy();
});

test("a stream without retention that is flooded holds no more memory than its buffer", async () => {
  const put = openPut(server, "unkept");
  const sent = await sendFragments(put, FLOOD);
  await put.ack(({ EventType, FragmentTimecode }) => EventType === "RECEIVED" && FragmentTimecode === sent.at(-1));
  assert.deepEqual(timecodesOf(put, "RECEIVED"), sent);
  assert.deepEqual(timecodesOf(put, "PERSISTED"), []);
  const peak = peakMemory(server);
  assert.ok(peak < MAX_RESIDENT_BYTES, `${peak} bytes`);
  put.end();
  const reader = openGet(server, "unkept", "EARLIEST");
  reader.resume();
  const answer = await answerOf(reader);
  reader.destroy();
  assert.ok(answer.length > LIVE_BUFFER_BYTES / 2 && answer.length < LIVE_BUFFER_BYTES * 1.1, `${answer.length} bytes`);
});

test("a million tiny blocks in one fragment are one fragment with a million blocks", async () => {
  const put = openPut(server, "million");
  put.write(Buffer.concat([bodyHeader(), clusterStart(1000)]));
  const thousand = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.from("a38481000080", "hex")));
  for (let count = 0; count < MILLION; count += 1000) {
    put.write(thousand);
    await put.drained();
  }
  put.write(END_OF_FRAGMENT);
  const { FragmentNumber } = await persisted(put, 1000);
  put.destroy();
  const [file, ...others] = walkMatroska(await read("million", [FragmentNumber!]));
  assert.equal(file!.blocks.length, MILLION);
  assert.deepEqual(others, []);
});

test("after all that the server has logged nothing, and its memory has stayed bounded", () => {
  assert.equal(server.log, "");
  assert.ok(peakMemory(server) < MAX_RESIDENT_BYTES, `${peakMemory(server)} bytes`);
});
