import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { samples } from "../../packages/media/test/samples.ts";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { type WalkedFile, walkMatroska } from "../support/matroska-walk.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";
import { checkAcks, endsWithinElement, undamagedTimecodes } from "./expectations.ts";
import { type CorpusBody, mkvCorpus } from "./mkv-corpus.ts";
import { type PutOutcome, putBody } from "./put-body.ts";
import { Random } from "./random.ts";

const MIN_BODIES = 5000;
const STREAMS = 16;
const CONCURRENT = 48;
const HONEST_EVERY_MS = 50;
/** GetMediaForFragmentList takes a thousand (AWS docs); fewer keep answers small. */
const FRAGMENTS_A_LIST = 500;
/** Above what the process takes idle: 48 sessions at once, of which each may hold 8 MiB that are not durable yet. */
const MAX_RESIDENT_BYTES = 600 * 2 ** 20;

interface Exchange extends PutOutcome {
  readonly body: CorpusBody;
  readonly stream: string;
}

let server: TestServer;
const exchanges: Exchange[] = [];

const streamOf = (index: number): string => `fuzz-${index % STREAMS}`;

before(async () => {
  server = await TestServer.start({ flags: ["--log-level", "warn"] });
  const client = new KinesisVideoClient(server.client);
  const names = ["honest", ...Array.from({ length: STREAMS }, (_, index) => streamOf(index))];
  for (const name of names) await client.send(new CreateStreamCommand({ StreamName: name, DataRetentionInHours: 24 }));
  client.destroy();
});

after(() => server.stop());

/** A third of the bodies whole, a third in a few pieces, a third in many small ones. */
function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
  const most = random.pick([bytes.length, bytes.length / 3, Math.max(200, bytes.length / 100)]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(Math.ceil(most));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Sends all bodies, many at a time; every other one over a connection that others have used. */
async function sendCorpus(): Promise<void> {
  const random = new Random(4711);
  const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })];
  const bodies = mkvCorpus();
  let next = 0;
  const sendNext = async (): Promise<void> => {
    for (let body = bodies.next(); body.done !== true; body = bodies.next()) {
      const index = next++;
      const stream = streamOf(index);
      const pieces = cut(body.value.bytes, random);
      const outcome = await putBody({ url: server.url, stream, agent: agents[index % 2]!, pieces });
      exchanges.push({ ...outcome, body: body.value, stream });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, sendNext));
  for (const agent of agents) agent.destroy();
}

/** Streams until told to stop; resolves with what it sent, when the last fragment is durable. */
async function honestProducer(stop: AbortSignal): Promise<{ put: PutMediaSocket; sent: number[] }> {
  const put = new PutMediaSocket({ url: server.url, ...CREDENTIALS, stream: "honest" });
  const sent: number[] = [];
  put.write(bodyHeader());
  for (const start = Date.now(); !stop.aborted; await delay(HONEST_EVERY_MS)) {
    sent.push(start + sent.length * HONEST_EVERY_MS);
    put.write(Buffer.concat([fragment(sent.at(-1)!, 5, 2000, HONEST_EVERY_MS - 5), END_OF_FRAGMENT]));
  }
  await put.ack(({ EventType, FragmentTimecode }) => EventType === "PERSISTED" && FragmentTimecode === sent.at(-1));
  put.destroy();
  return { put, sent };
}

const timecodes = ({ acks }: PutOutcome, type: string): number[] =>
  acks.filter(({ EventType }) => EventType === type).map(({ FragmentTimecode }) => FragmentTimecode!);

test(`at least ${MIN_BODIES} damaged bodies are each answered, while an honest producer streams undisturbed`, async () => {
  const stop = new AbortController();
  const honest = honestProducer(stop.signal);
  await sendCorpus().finally(() => stop.abort());
  const { put, sent } = await honest;
  assert.ok(sent.length > 10);
  assert.deepEqual(timecodes({ status: put.status!, acks: put.acks }, "PERSISTED"), sent);
  assert.ok(exchanges.length >= MIN_BODIES, `${exchanges.length} bodies`);
});

test("every body gets 200 and acknowledgements that keep their grammar, with at most one modelled error, the last", () => {
  for (const { status, acks, body } of exchanges) {
    assert.equal(status, 200, body.name);
    checkAcks(acks, body);
  }
  const errors = new Set(exchanges.map(({ acks }) => acks.at(-1)?.ErrorId));
  // A corpus that only ever fails in one way would test little.
  assert.ok(errors.size >= 6, [...errors].join());
});

test("fragments that came whole before the damage are persisted, and a body that ends within an element is an error", () => {
  let certain = 0;
  for (const exchange of exchanges) {
    const { body } = exchange;
    const expected = undamagedTimecodes(body);
    certain += expected.length;
    assert.deepEqual(timecodes(exchange, "PERSISTED").slice(0, expected.length), expected, body.name);
    if (endsWithinElement(body)) assert.equal(exchange.acks.at(-1)?.ErrorId, 4006, body.name);
  }
  assert.ok(certain > 1000, `${certain} fragments were certain`);
});

/** The blocks of a chunk are in the body that it came from, in their order. */
function checkContent(chunk: Buffer, { blocks }: WalkedFile, body: Buffer, what: string): void {
  let at = 0;
  for (const block of blocks) {
    const data = chunk.subarray(block.at, block.end);
    at = body.indexOf(data, at);
    assert.ok(at >= 0, `${what}: a block that was never sent`);
    at += data.length;
  }
}

test("every persisted fragment is read back as a faultless Matroska file with the frames of its body", async () => {
  const client = new KinesisVideoArchivedMediaClient(server.client);
  for (let stream = 0; stream < STREAMS; stream++) {
    const fragments = exchanges
      .filter((exchange) => exchange.stream === streamOf(stream))
      .flatMap(({ acks, body }) => acks.filter((ack) => ack.EventType === "PERSISTED").map((ack) => ({ ack, body })));
    for (let from = 0; from < fragments.length; from += FRAGMENTS_A_LIST) {
      const asked = fragments.slice(from, from + FRAGMENTS_A_LIST);
      const Fragments = asked.map(({ ack }) => ack.FragmentNumber!);
      const list = new GetMediaForFragmentListCommand({ StreamName: streamOf(stream), Fragments });
      const { Payload } = await client.send(list);
      const bytes = Buffer.from(await Payload!.transformToByteArray());
      const files = walkMatroska(bytes);
      assert.equal(files.length, asked.length);
      for (const [index, file] of files.entries()) {
        const { ack, body } = asked[index]!;
        assert.equal(file.tags.get("AWS_KINESISVIDEO_FRAGMENT_NUMBER"), ack.FragmentNumber, body.name);
        assert.deepEqual(file.clusters, [ack.FragmentTimecode], body.name);
        assert.ok(file.blocks.length > 0, body.name);
        checkContent(bytes, file, Buffer.from(body.bytes), body.name);
      }
    }
  }
  client.destroy();
});

test("undamaged samples get exactly the acknowledgements that they should", async () => {
  const agent = new Agent();
  const counts: Record<string, string> = {};
  for (const { name, bytes } of samples()) {
    const { acks } = await putBody({ url: server.url, stream: streamOf(0), agent, pieces: [bytes] });
    const words = acks.map(({ EventType, ErrorId = "" }) => `${EventType[0]}${ErrorId}`);
    counts[name] = words.sort().join(" ");
  }
  assert.deepEqual(counts, {
    "producer SDK": "B B P P R R",
    file: "B B B P P P R R R",
    laced: "B P R",
    GetMedia: "B E4006 P R",
  });
});

test("the server is as healthy as before: it answers, has logged nothing, and its memory is bounded", async () => {
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  const unexpected = server.log.split("\n").filter((line) => line !== "" && !line.includes("a track is silent"));
  assert.deepEqual(unexpected, []);
  const status = readFileSync(`/proc/${server.process.pid}/status`, "utf8");
  const peak = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024;
  assert.ok(peak < MAX_RESIDENT_BYTES, `${Math.round(peak / 2 ** 20)} MiB at the most`);
});
