import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ControlPlane } from "./support/control-plane.ts";
import { runPython } from "./support/python.ts";

const plane = await ControlPlane.start();

interface CliInfo {
  readonly StreamInfo: Readonly<Record<string, string | number>>;
}

test("boto3 walks the stream operations and reads their errors", async () => {
  const script = join(import.meta.dirname, "boto3_streams.py");
  const { created, info, ...rest } = (await runPython(plane.server, "python3", [script, plane.server.url])) as {
    created: { StreamARN: string };
    info: { CreationTime: number; Version: string };
  };
  const { CreationTime, Version, ...members } = info;
  assert.match(Version, /^[a-zA-Z0-9]{20}$/);
  assert.deepEqual(members, {
    StreamName: "boto",
    StreamARN: created.StreamARN,
    MediaType: "video/h264",
    KmsKeyId: "arn:aws:kms:us-east-1:000000000000:alias/aws/kinesisvideo",
    Status: "ACTIVE",
    DataRetentionInHours: 24,
  });
  assert.ok(created.StreamARN.endsWith(`:stream/boto/${CreationTime}`));
  assert.deepEqual(rest, {
    updated: {},
    stale: ["VersionMismatchException", 400],
    retention: 25,
    tagged: {},
    tags: { a: "1", b: "2" },
    pages: [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]],
    endpoint: plane.server.url,
    exists: ["ResourceInUseException", 400],
    invalid: ["InvalidArgumentException", 400],
    missing: ["ResourceNotFoundException", 404],
    unimplemented: ["NotImplementedException", 501],
    deleted: {},
    gone: ["ResourceNotFoundException", 404],
  });
});

test("the AWS CLI creates, describes, tags and deletes a stream", async () => {
  const aws = (...args: string[]): Promise<unknown> =>
    runPython(plane.server, "aws", ["kinesisvideo", "--endpoint-url", plane.server.url, "--output", "json", ...args]);
  const { StreamARN } = (await aws("create-stream", "--stream-name", "cli", "--data-retention-in-hours", "2")) as {
    StreamARN: string;
  };
  const { StreamInfo } = (await aws("describe-stream", "--stream-name", "cli")) as CliInfo;
  assert.equal(StreamInfo.StreamARN, StreamARN);
  assert.equal(StreamInfo.DataRetentionInHours, 2);
  await aws("tag-stream", "--stream-arn", StreamARN, "--tags", "site=north");
  assert.deepEqual(await aws("list-tags-for-stream", "--stream-name", "cli"), { Tags: { site: "north" } });
  await aws("delete-stream", "--stream-arn", StreamARN);
  await assert.rejects(aws("describe-stream", "--stream-name", "cli"), /ResourceNotFoundException/);
});
