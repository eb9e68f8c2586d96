/** What becomes of the server's decoders, and what it answers without any. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { GetImagesCommand, KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import { TestServer } from "../support/server.ts";
import { frameShown, SHADED_RATE, sendBody, shadedVideo } from "../support/shaded-video.ts";
import { refused } from "./support/control-plane.ts";

const START = Date.now() - 600_000;
const body = await shadedVideo({ seconds: 4 });

async function serverWithMedia(flags: readonly string[] = []): Promise<TestServer> {
  const server = await TestServer.start({ flags });
  const client = new KinesisVideoClient(server.client);
  await client.send(new CreateStreamCommand({ StreamName: "porch", DataRetentionInHours: 1 }));
  client.destroy();
  await sendBody(server.url, "porch", body, START);
  return server;
}

/** The number of the frame that an image of a moment shows; `seconds` count from the start of the recording. */
async function imageAt(server: TestServer, seconds: number): Promise<number> {
  const client = new KinesisVideoArchivedMediaClient({ ...server.client, maxAttempts: 1 });
  const moment = new Date(START + seconds * 1000);
  const range = { StartTimestamp: moment, EndTimestamp: moment };
  const command = { StreamName: "porch", ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "PNG", ...range } as const;
  try {
    const { Images } = await client.send(new GetImagesCommand(command));
    return await frameShown(Buffer.from(Images![0]!.ImageContent!, "base64"));
  } finally {
    client.destroy();
  }
}

/** Processes that the server has started. */
function decodersOf({ process }: TestServer): number[] {
  const tasks = `/proc/${process.pid}/task`;
  return readdirSync(tasks).flatMap(
    (task) => readFileSync(`${tasks}/${task}/children`, "utf8").match(/\d+/g)?.map(Number) ?? [],
  );
}

async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8")))
    await delay(20);
}

test("decoders start with the first image, live on, and are replaced when one is killed", async () => {
  const server = await serverWithMedia();
  assert.deepEqual(decodersOf(server), []);
  assert.equal(await imageAt(server, 1), SHADED_RATE);
  const [decoder, ...others] = decodersOf(server);
  assert.deepEqual(others, []);
  assert.equal(await imageAt(server, 2), 2 * SHADED_RATE);
  assert.deepEqual(decodersOf(server), [decoder]);
  process.kill(decoder!, "SIGSTOP");
  const image = imageAt(server, 3);
  process.kill(decoder!, "SIGKILL");
  assert.equal(await image, 3 * SHADED_RATE);
  await server.stop();
});

for (const [how, end] of [
  ["is stopped", (server: TestServer) => server.stop()],
  ["is killed", (server: TestServer) => server.kill()],
] as const) {
  test(`no decoder outlives a server that ${how}`, async () => {
    const server = await serverWithMedia();
    await imageAt(server, 1);
    const decoders = decodersOf(server);
    assert.equal(decoders.length, 1);
    await end(server);
    await Promise.all(decoders.map(gone));
  });
}

test("without ffmpeg the answer says what to install, and everything else works", async () => {
  const server = await serverWithMedia(["--ffmpeg", "/nonexistent/ffmpeg"]);
  for (let attempt = 0; attempt < 2; attempt++) {
    await refused(imageAt(server, 1), "InvalidArgumentException", 400, /need ffmpeg.*Install it.*--ffmpeg PATH/);
  }
  const client = new KinesisVideoArchivedMediaClient(server.client);
  const range = { StartTimestamp: new Date(0), EndTimestamp: new Date(0) };
  const command = { StreamName: "porch", ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "PNG", ...range } as const;
  const { Images } = await client.send(new GetImagesCommand(command));
  assert.equal(Images![0]!.Error, "NO_MEDIA");
  client.destroy();
  assert.equal(await server.stop(), 0);
});
