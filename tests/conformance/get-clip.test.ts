import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  GetClipCommand,
  type GetClipCommandOutput,
  type GetClipInput,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { bodyHeader, cluster, END_OF_FRAGMENT, simpleBlock } from "../support/matroska-body.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS } from "../support/server.ts";
import { until } from "../support/waiting.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const archive = new KinesisVideoArchivedMediaClient({ ...plane.server.client, maxAttempts: 1 });
after(() => archive.destroy());

const START = 1_700_000_000_000;
const DAY = 86_400_000;
const StreamName = "clips";
const { StreamARN } = await plane.create(StreamName, { DataRetentionInHours: 24 });

/** A frame of H.264 as far as a container looks into it: one NAL unit behind its length. */
function picture(size: number, key: boolean): Buffer {
  const frame = Buffer.alloc(size, 0x55);
  frame.writeUInt32BE(size - 4);
  frame[4] = key ? 0x65 : 0x41;
  return frame;
}

/** Sends fragments of a second and ten frames, one behind the other, and waits until they are durable. */
async function put(target: ControlPlane, stream: string, count: number, size: number): Promise<void> {
  const producer = new PutMediaSocket({ url: target.server.url, ...CREDENTIALS, stream });
  producer.write(bodyHeader());
  for (let i = 0; i < count; i++) {
    const frames = Array.from({ length: 10 }, (_, k) => simpleBlock(1, k * 100, k === 0, picture(size, k === 0)));
    producer.write(Buffer.concat([cluster(START + i * 1000, ...frames), END_OF_FRAGMENT]));
    await producer.drained();
  }
  producer.end();
  const last = START + (count - 1) * 1000;
  const { EventType } = await producer.ack(
    (ack) => ack.EventType === "ERROR" || (ack.EventType === "PERSISTED" && ack.FragmentTimecode === last),
  );
  assert.equal(EventType, "PERSISTED");
  producer.destroy();
}
await put(plane, StreamName, 5, 1000);

const input = (from: number, to: number, more: Partial<GetClipInput> = {}): GetClipInput => ({
  StreamName,
  ClipFragmentSelector: {
    FragmentSelectorType: "PRODUCER_TIMESTAMP",
    TimestampRange: { StartTimestamp: new Date(from), EndTimestamp: new Date(to) },
  },
  ...more,
});
const get = (request: GetClipInput): Promise<GetClipCommandOutput> => archive.send(new GetClipCommand(request));

async function bytesOf(request: GetClipInput): Promise<Buffer> {
  const { Payload } = await get(request);
  return Buffer.from(await Payload!.transformToByteArray());
}

/** Types and sizes of the boxes at the top of a file, which they fill. */
function boxesOf(file: Buffer): [string, number][] {
  const boxes: [string, number][] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    boxes.push([file.toString("latin1", at + 4, at + 8), file.readUInt32BE(at)]);
  }
  return boxes;
}

test("a clip is an MP4 file whose header comes first, by name and by ARN, by either clock", async () => {
  const { ContentType, Payload } = await get(input(START, START + 60_000));
  assert.equal(ContentType, "video/mp4");
  const file = Buffer.from(await Payload!.transformToByteArray());
  const boxes = boxesOf(file);
  assert.deepEqual(
    boxes.map(([type]) => type),
    ["ftyp", "moov", "mdat"],
  );
  assert.equal(boxes[2]![1], 8 + 50 * 1000);
  assert.equal(
    boxes.reduce((sum, [, size]) => sum + size, 0),
    file.length,
  );
  const byArn = { StreamARN, StreamName: undefined } as unknown as Partial<GetClipInput>;
  assert.deepEqual(await bytesOf(input(START, START + 60_000, byArn)), file);
  const byServer = input(Date.now() - 60_000, Date.now());
  byServer.ClipFragmentSelector!.FragmentSelectorType = "SERVER_TIMESTAMP";
  assert.deepEqual(await bytesOf(byServer), file);
});

test("both ends of the range are included", async () => {
  const media = async (from: number, to: number): Promise<number> => boxesOf(await bytesOf(input(from, to)))[2]![1] - 8;
  assert.equal(await media(START + 1000, START + 3000), 30_000);
  assert.equal(await media(START + 1001, START + 2999), 10_000);
});

test("each rule of the API has its error", async () => {
  await refused(get(input(START, START)), "InvalidArgumentException", 400, /EndTimestamp must be later/);
  await refused(get(input(START, START + DAY + 1)), "InvalidArgumentException", 400, /24 hours/);
  const future = input(Date.now() - 1000, Date.now() + 60_000);
  future.ClipFragmentSelector!.FragmentSelectorType = "SERVER_TIMESTAMP";
  await refused(get(future), "InvalidArgumentException", 400, /in the past/);
  await refused(get(input(START + 60_000, START + 61_000)), "ResourceNotFoundException", 404, /No fragments found/);
  const unknown = input(START, START + 1000, { StreamName: "unknown" });
  await refused(get(unknown), "ResourceNotFoundException", 404, /not found or not active/);
  await plane.create("keeps-nothing", { DataRetentionInHours: 0 });
  const nothing = input(START, START + 1000, { StreamName: "keeps-nothing" });
  await refused(get(nothing), "NoDataRetentionException", 400);
  await refused(get({ StreamName } as GetClipInput), "InvalidArgumentException", 400, /clipFragmentSelector/);
});

test("a larger range is refused with its bound named; under AWS's limits it gives the first 200 fragments", async () => {
  const data = mkdtempSync(join(tmpdir(), "kvass-clips-"));
  after(() => rmSync(data, { recursive: true, force: true }));
  const strict = await ControlPlane.start({ data, flags: ["--max-clip-bytes", "100k"] });
  await strict.create(StreamName, { DataRetentionInHours: 24 });
  await put(strict, StreamName, 205, 200);
  const command = new GetClipCommand(input(START, START + DAY));
  const client = new KinesisVideoArchivedMediaClient({ ...strict.server.client, maxAttempts: 1 });
  await refused(
    client.send(command),
    "InvalidArgumentException",
    400,
    /102400 bytes of one clip; ask for a shorter one/,
  );
  client.destroy();
  await strict.server.stop();

  const aws = await ControlPlane.start({ data, flags: ["--limits", "aws"] });
  const cutting = new KinesisVideoArchivedMediaClient({ ...aws.server.client, maxAttempts: 1 });
  const { Payload } = await cutting.send(command);
  const boxes = boxesOf(Buffer.from(await Payload!.transformToByteArray()));
  assert.deepEqual(boxes[2], ["mdat", 8 + 200 * 10 * 200]);
  cutting.destroy();
});

/** Flips a bit in the middle of the last fragment that was written. */
function damageLastFragment(data: string): void {
  const folder = join(data, "journal");
  const path = join(folder, readdirSync(folder).sort().at(-1)!);
  const bytes = readFileSync(path);
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  bytes[end - 100_000]! ^= 1;
  writeFileSync(path, bytes);
}

test("a clip that cannot be completed is cut off: no client takes it for whole", async () => {
  const damaged = await ControlPlane.start();
  await damaged.create(StreamName, { DataRetentionInHours: 24 });
  await put(damaged, StreamName, 24, 100_000);
  damageLastFragment(damaged.server.data);
  const client = new KinesisVideoArchivedMediaClient({ ...damaged.server.client, maxAttempts: 1 });
  const { Payload } = await client.send(new GetClipCommand(input(START, START + DAY)));
  await assert.rejects(Payload!.transformToByteArray(), /aborted|ECONNRESET|terminated/);
  // The log comes another way, and may come later.
  await until("its reason in the log", () => /checksum|seal/.test(damaged.server.log));
  // A clip up to it is whole.
  const { Payload: before } = await client.send(new GetClipCommand(input(START, START + 22_000)));
  const boxes = boxesOf(Buffer.from(await before!.transformToByteArray()));
  assert.deepEqual(boxes[2], ["mdat", 8 + 23 * 10 * 100_000]);
  client.destroy();
});
