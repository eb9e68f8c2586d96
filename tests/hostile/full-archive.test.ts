import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DeleteStreamCommand, DescribeStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { walkMatroska } from "../support/matroska-walk.ts";
import type { PutMediaSocket } from "../support/put-media-socket.ts";
import { TestServer } from "../support/server.ts";
import { createStreams } from "../support/streams.ts";
import { failure, openPut, persisted, sendFragments } from "./peers.ts";

const QUOTA = 8 * 2 ** 20;
const SEGMENT = 2 ** 20;
/** Together three times the quota. */
const TOO_MUCH = { count: 50, frameBytes: 100_000 };
const RETRY_MS = 200;

let server: TestServer;

before(async () => {
  const flags = ["--max-bytes", String(QUOTA), "--segment-bytes", String(SEGMENT), "--sweep-seconds", "0.5"];
  server = await TestServer.start({ flags: ["--log-level", "silent", ...flags] });
  await createStreams(server, ["greedy", "modest"]);
});

after(() => server.stop());

const numbersOf = (put: PutMediaSocket): string[] =>
  put.acks.filter(({ EventType }) => EventType === "PERSISTED").map(({ FragmentNumber }) => FragmentNumber!);

async function archivalError(put: PutMediaSocket): Promise<void> {
  const { ErrorId, ErrorCode } = await failure(put);
  assert.deepEqual({ ErrorId, ErrorCode }, { ErrorId: 5001, ErrorCode: "ARCHIVAL_ERROR" });
  put.destroy();
}

test("an archive that is full refuses with 5001, is read all the same, and takes more once there is space", async () => {
  const greedy = openPut(server, "greedy");
  void sendFragments(greedy, TOO_MUCH);
  await archivalError(greedy);
  const numbers = numbersOf(greedy);
  assert.ok(numbers.length > 5 && numbers.length < TOO_MUCH.count, `${numbers.length} fragments`);

  const refused = openPut(server, "modest");
  void sendFragments(refused, { count: 1, frameBytes: 100 });
  await archivalError(refused);
  assert.deepEqual(numbersOf(refused), []);

  const archive = new KinesisVideoArchivedMediaClient(server.client);
  const list = new GetMediaForFragmentListCommand({ StreamName: "greedy", Fragments: numbers });
  const { Payload } = await archive.send(list);
  const files = walkMatroska(Buffer.from(await Payload!.transformToByteArray()));
  assert.deepEqual(
    files.map(({ tags, blocks }) => [tags.get("AWS_KINESISVIDEO_FRAGMENT_NUMBER"), blocks.length]),
    numbers.map((number) => [number, 5]),
  );
  archive.destroy();

  const client = new KinesisVideoClient(server.client);
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: "greedy" }));
  await client.send(new DeleteStreamCommand({ StreamARN: StreamInfo!.StreamARN! }));
  client.destroy();
  // As a producer does: again until it is taken. The sweep gives the space back, and nobody restarts anything.
  for (let taken = false; !taken; await delay(RETRY_MS)) {
    const put = openPut(server, "modest");
    const [timecode] = await sendFragments(put, { count: 1, frameBytes: 100 });
    taken = await persisted(put, timecode!).then(
      () => true,
      () => false,
    );
    put.destroy();
  }
});
