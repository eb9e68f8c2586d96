/** GetMedia and GetMediaForFragmentList through the official clients against the real process. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { GetMediaCommand, KinesisVideoMediaClient, type StartSelector } from "@aws-sdk/client-kinesis-video-media";
import { blocksOf, contentsOf, type MatroskaContent } from "../support/in-process.ts";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS } from "../support/server.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start({ flags: ["--reader-idle-seconds", "0.1"] });
const media = new KinesisVideoMediaClient({ ...plane.server.client, maxAttempts: 1 });
const archive = new KinesisVideoArchivedMediaClient({ ...plane.server.client, maxAttempts: 1 });
after(() => {
  media.destroy();
  archive.destroy();
});

const START = 1_795_254_695_000;
const starts = Array.from({ length: 5 }, (_, index) => START + index * 1000);
const body = Buffer.concat([bodyHeader(), ...starts.map((start) => fragment(start, 5, 500, 1000))]);

const { StreamARN } = await plane.create("recorded", { DataRetentionInHours: 1 });
const numbers = await put("recorded", body, starts.at(-1)!);

/** Sends a whole body; resolves with the fragments' numbers once the last one is durable. */
async function put(stream: string, bytes: Buffer, last: number): Promise<string[]> {
  const producer = new PutMediaSocket({ url: plane.server.url, ...CREDENTIALS, stream });
  producer.write(bytes);
  producer.end();
  await producer.ack(({ EventType, FragmentTimecode }) => EventType === "PERSISTED" && FragmentTimecode === last);
  producer.destroy();
  return producer.acks.flatMap(({ EventType, FragmentNumber }) => (EventType === "PERSISTED" ? [FragmentNumber!] : []));
}

async function get(StreamName: string, selector: StartSelector): Promise<MatroskaContent[]> {
  const { ContentType, Payload } = await media.send(new GetMediaCommand({ StreamName, StartSelector: selector }));
  assert.equal(ContentType, "video/webm");
  return contentsOf(await Payload!.transformToByteArray());
}

const tag = ({ tagsBefore, tagsAfter }: MatroskaContent, name: string): string | undefined =>
  [...tagsBefore, ...tagsAfter].find((pair) => pair.startsWith(`AWS_KINESISVIDEO_${name}=`))?.split("=")[1];

const SELECTORS: [string, StartSelector, number][] = [
  ["EARLIEST", { StartSelectorType: "EARLIEST" }, 0],
  ["FRAGMENT_NUMBER", { StartSelectorType: "FRAGMENT_NUMBER", AfterFragmentNumber: numbers[1]! }, 2],
  ["CONTINUATION_TOKEN", { StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: numbers[3]! }, 4],
  ["PRODUCER_TIMESTAMP", { StartSelectorType: "PRODUCER_TIMESTAMP", StartTimestamp: new Date(START + 2500) }, 2],
  ["SERVER_TIMESTAMP long ago", { StartSelectorType: "SERVER_TIMESTAMP", StartTimestamp: new Date(1000) }, 0],
];

for (const [what, selector, first] of SELECTORS) {
  test(`${what} begins where it says`, async () => {
    const files = await get("recorded", selector);
    assert.deepEqual(
      files.map((file) => tag(file, "FRAGMENT_NUMBER")),
      numbers.slice(first),
    );
    assert.deepEqual(
      files.map((file) => tag(file, "PRODUCER_TIMESTAMP")),
      starts.slice(first).map((start) => (start / 1000).toFixed(3)),
    );
    assert.deepEqual(
      files.flatMap(({ blocks }) => blocks),
      blocksOf(body).slice(first * 5),
    );
    assert.deepEqual(
      files.map((file) => tag(file, "CONTINUATION_TOKEN")),
      numbers.slice(first),
    );
  });
}

test("an unknown fragment number is told in tags, not as an error of the request", async () => {
  const AfterFragmentNumber = (BigInt(numbers[0]!) + 1n).toString();
  const [file, ...more] = await get("recorded", { StartSelectorType: "FRAGMENT_NUMBER", AfterFragmentNumber });
  assert.equal(more.length, 0);
  assert.equal(tag(file!, "ERROR_ID"), "4000");
});

test("a reader that resumes after each chunk gets every fragment once", async () => {
  const seen: (string | undefined)[] = [];
  let selector: StartSelector = { StartSelectorType: "EARLIEST" };
  for (;;) {
    const [file] = await get("recorded", selector);
    if (file === undefined) break;
    const token = tag(file, "CONTINUATION_TOKEN")!;
    seen.push(token);
    if (seen.length === numbers.length) break;
    selector = { StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: token };
  }
  assert.deepEqual(seen, numbers);
});

test("NOW begins with the fragment in progress, and its frames come before it ends", async () => {
  await plane.create("live", { DataRetentionInHours: 1 });
  const producer = new PutMediaSocket({ url: plane.server.url, ...CREDENTIALS, stream: "live" });
  producer.write(Buffer.concat([bodyHeader(), fragment(START, 5, 100, 1000)]));
  await producer.ack(({ EventType }) => EventType === "BUFFERING");
  const { Payload } = await media.send(
    new GetMediaCommand({ StreamName: "live", StartSelector: { StartSelectorType: "NOW" } }),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of Payload as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if (chunks.reduce((sum, { length }) => sum + length, 0) > 1000 && producer.acks.length === 1) {
      producer.write(Buffer.concat([END_OF_FRAGMENT, fragment(START + 1000, 5, 100, 1000)]));
      producer.end();
    }
  }
  const files = contentsOf(Buffer.concat(chunks));
  assert.deepEqual(
    files.map(({ blocks }) => blocks.length),
    [5, 5],
  );
  assert.ok(files.every((file) => tag(file, "MILLIS_BEHIND_NOW") !== undefined));
  producer.destroy();
});

test("a stream without retention is read from memory", async () => {
  await plane.create("fleeting");
  const producer = new PutMediaSocket({ url: plane.server.url, ...CREDENTIALS, stream: "fleeting" });
  producer.write(body);
  producer.end();
  await producer.ack(
    ({ EventType, FragmentTimecode }) => EventType === "RECEIVED" && FragmentTimecode === starts.at(-1),
  );
  producer.destroy();
  assert.ok(producer.acks.every(({ EventType }) => EventType !== "PERSISTED"));
  const files = await get("fleeting", { StartSelectorType: "EARLIEST" });
  assert.deepEqual(
    files.flatMap(({ blocks }) => blocks),
    blocksOf(body),
  );
});

test("a selector without the member that it needs is refused", async () => {
  for (const StartSelectorType of [
    "FRAGMENT_NUMBER",
    "SERVER_TIMESTAMP",
    "PRODUCER_TIMESTAMP",
    "CONTINUATION_TOKEN",
  ] as const) {
    const call = media.send(new GetMediaCommand({ StreamName: "recorded", StartSelector: { StartSelectorType } }));
    await refused(call, "InvalidArgumentException", 400, /is required with StartSelectorType/);
  }
});

test("an unknown stream is refused, by name and by ARN", async () => {
  const StartSelector = { StartSelectorType: "NOW" } as const;
  const byName = media.send(new GetMediaCommand({ StreamName: "nobody", StartSelector }));
  await refused(byName, "ResourceNotFoundException", 404);
  const arn = StreamARN.replace(/\d+$/, "1");
  await refused(media.send(new GetMediaCommand({ StreamARN: arn, StartSelector })), "ResourceNotFoundException", 404);
});

test("chosen fragments come in the order asked, with error tags for those that do not exist", async () => {
  const unknown = (BigInt(numbers[0]!) + 1n).toString();
  const Fragments = [numbers[4]!, unknown, numbers[0]!];
  const { ContentType, Payload } = await archive.send(
    new GetMediaForFragmentListCommand({ StreamName: "recorded", Fragments }),
  );
  assert.equal(ContentType, "video/webm");
  const files = contentsOf(await Payload!.transformToByteArray());
  assert.deepEqual(
    files.map((file) => tag(file, "FRAGMENT_NUMBER")),
    Fragments,
  );
  assert.deepEqual(
    files.map(({ blocks }) => blocks.length),
    [5, 0, 5],
  );
  assert.equal(tag(files[1]!, "EXCEPTION_ERROR_CODE"), "4000");
  assert.match(tag(files[0]!, "SERVER_TIMESTAMP")!, /^\d+\.\d{3}$/);
  assert.equal(tag(files[0]!, "PRODUCER_SIDE_TIMESTAMP"), (starts[4]! / 1000).toFixed(3));
});
