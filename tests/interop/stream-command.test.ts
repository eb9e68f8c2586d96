/** `kvass retain` and `kvass rm`. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CreateStreamCommand, KinesisVideoClient, paginateListStreams } from "@aws-sdk/client-kinesis-video";
import { kvass, makeRecording } from "../support/command-line.ts";
import { TestServer } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-stream-command-"));
const clip = join(folder, "clip.mkv");

let server: TestServer;
let client: KinesisVideoClient;
/** Without its output on stdout, of which it has none. */
async function run(...args: string[]): Promise<[status: number | null, stderr: string]> {
  const { status, stdout, stderr } = await kvass([...args, "--data", server.data]);
  assert.equal(stdout.length, 0);
  return [status, stderr];
}

before(async () => {
  server = await TestServer.start();
  client = new KinesisVideoClient(server.client);
  await makeRecording(clip);
});
after(async () => {
  client.destroy();
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function retentionOf(stream: string): Promise<number | undefined> {
  for await (const { StreamInfoList = [] } of paginateListStreams({ client }, {})) {
    const found = StreamInfoList.find(({ StreamName }) => StreamName === stream);
    if (found !== undefined) return found.DataRetentionInHours;
  }
  return undefined;
}

test("retain sets the retention, and wants a yes where media is lost", async () => {
  await client.send(new CreateStreamCommand({ StreamName: "kept", DataRetentionInHours: 24 }));
  assert.deepEqual(await run("retain", "kept", "168"), [0, "kept: retention 168 h, was 24 h\n"]);
  assert.equal(await retentionOf("kept"), 168);
  assert.deepEqual(await run("retain", "kept", "168"), [0, "kept: retention 168 h, as before\n"]);
  const [status, stderr] = await run("retain", "kept", "2");
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^kvass: kept: what arrived more than 2 h ago, .* goes for good; --yes does it without asking\n$/,
  );
  assert.equal(await retentionOf("kept"), 168);
  assert.deepEqual(await run("retain", "kept", "2", "--yes"), [0, "kept: retention 2 h, was 168 h\n"]);
  assert.equal(await retentionOf("kept"), 2);
  assert.match((await run("retain", "kept", "0"))[1], /^kvass: kept: with a retention of 0 h it keeps nothing, /);
});

test("rm deletes a stream with its media where that is agreed to", async () => {
  assert.equal((await run("put", "gone", clip, "--create"))[0], 0);
  const [status, stderr] = await run("rm", "gone");
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^kvass: gone, created \S+Z, retention 24 h: the stream and all its media go for good; --yes does it without asking\n$/,
  );
  assert.equal(await retentionOf("gone"), 24);
  assert.deepEqual(await run("rm", "gone", "--yes"), [0, "deleted gone\n"]);
  assert.equal(await retentionOf("gone"), undefined);
});

test("a stream that is not there is neither changed nor deleted", async () => {
  const missing = [1, "kvass: ResourceNotFoundException: there is no stream none\n"];
  assert.deepEqual(await run("rm", "none", "--yes"), missing);
  assert.deepEqual(await run("retain", "none", "1"), missing);
});
