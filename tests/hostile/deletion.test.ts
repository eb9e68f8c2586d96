import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  KinesisVideoClient,
} from "@aws-sdk/client-kinesis-video";
import { bodyHeader, fragment } from "../support/matroska-body.ts";
import { TestServer } from "../support/server.ts";
import { createStreams } from "../support/streams.ts";
import { answerOf, failure, openGet, openPut, persisted, sendFragments } from "./peers.ts";

let server: TestServer;
let client: KinesisVideoClient;

before(async () => {
  server = await TestServer.start({ flags: ["--log-level", "error", "--reader-idle-seconds", "0.5"] });
  client = new KinesisVideoClient(server.client);
  await createStreams(server, ["deleted"]);
});

after(async () => {
  client.destroy();
  await server.stop();
});

test("a stream that is deleted while it is written and read ends its producer with 4008 at once, and its readers", async () => {
  const put = openPut(server, "deleted");
  const sent = await sendFragments(put, { count: 5, frameBytes: 10_000 });
  await persisted(put, sent.at(-1)!);
  const readers = (["EARLIEST", "NOW"] as const).map((selector) => openGet(server, "deleted", selector));
  await once(readers[0]!, "readable");
  // In the midst of a fragment.
  put.write(fragment(sent.at(-1)! + 1000, 5, 10_000, 90).subarray(0, 20_000));
  await put.ack(
    ({ EventType, FragmentTimecode }) => EventType === "BUFFERING" && FragmentTimecode === sent.at(-1)! + 1000,
  );
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: "deleted" }));
  await client.send(new DeleteStreamCommand({ StreamARN: StreamInfo!.StreamARN! }));
  const { ErrorId, ErrorCode } = await failure(put);
  assert.deepEqual({ ErrorId, ErrorCode }, { ErrorId: 4008, ErrorCode: "STREAM_NOT_ACTIVE" });
  put.end();
  await put.closed;
  for (const reader of readers) {
    const answer = answerOf(reader);
    reader.resume();
    await answer;
    reader.destroy();
  }
});

test("nothing of a deleted stream is found again, not even under a new one of its name", async () => {
  const refused = openPut(server, "deleted");
  refused.write(bodyHeader());
  await assert.rejects(persisted(refused, 0), /status 404/);
  await client.send(new CreateStreamCommand({ StreamName: "deleted", DataRetentionInHours: 24 }));
  const put = openPut(server, "deleted");
  const [timecode] = await sendFragments(put, { count: 1, frameBytes: 100 });
  await persisted(put, timecode!);
  put.end();
  const reader = openGet(server, "deleted", "EARLIEST");
  reader.resume();
  assert.equal((await answerOf(reader)).match(/AWS_KINESISVIDEO_FRAGMENT_NUMBER/g)?.length, 1);
  reader.destroy();
  put.destroy();
  assert.equal(server.log, "");
});
