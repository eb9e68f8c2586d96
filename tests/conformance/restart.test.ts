import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  KinesisVideoClient,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  UpdateStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import { TestServer } from "../support/server.ts";

const data = mkdtempSync(join(tmpdir(), "kvass-restart-"));
after(() => rmSync(data, { recursive: true, force: true }));

/** Runs `body` against a server over the one data folder, and ends that server by a signal. */
async function serving<T>(end: "stop" | "kill", body: (client: KinesisVideoClient) => Promise<T>): Promise<T> {
  const server = await TestServer.start({ data });
  const client = new KinesisVideoClient({ ...server.client, maxAttempts: 1 });
  try {
    return await body(client);
  } finally {
    client.destroy();
    await server[end]();
  }
}

test("what was answered is there after the process is killed, and what was deleted is not", async () => {
  const before = await serving("kill", async (client) => {
    for (const StreamName of ["kept", "deleted", "changed"]) {
      await client.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 1, Tags: { name: StreamName } }));
    }
    const { StreamInfo: changed } = await client.send(new DescribeStreamCommand({ StreamName: "changed" }));
    const { StreamInfo: deleted } = await client.send(new DescribeStreamCommand({ StreamName: "deleted" }));
    await client.send(
      new UpdateStreamCommand({ StreamName: "changed", CurrentVersion: changed!.Version, MediaType: "video/h265" }),
    );
    await client.send(new DeleteStreamCommand({ StreamARN: deleted!.StreamARN }));
    return (await client.send(new ListStreamsCommand({}))).StreamInfoList;
  });
  const after = await serving("stop", async (client) => {
    const tags = await client.send(new ListTagsForStreamCommand({ StreamName: "kept" }));
    assert.deepEqual(tags.Tags, { name: "kept" });
    return (await client.send(new ListStreamsCommand({}))).StreamInfoList;
  });
  assert.deepEqual(after, before);
  assert.deepEqual(
    after!.map(({ StreamName, MediaType }) => [StreamName, MediaType]),
    [
      ["changed", "video/h265"],
      ["kept", undefined],
    ],
  );
});

test("a page token holds across a restart", async () => {
  const NextToken = await serving("stop", async (client) => {
    for (const StreamName of ["p1", "p2", "p3"]) await client.send(new CreateStreamCommand({ StreamName }));
    const StreamNameCondition = { ComparisonOperator: "BEGINS_WITH", ComparisonValue: "p" } as const;
    return (await client.send(new ListStreamsCommand({ StreamNameCondition, MaxResults: 2 }))).NextToken;
  });
  await serving("stop", async (client) => {
    const StreamNameCondition = { ComparisonOperator: "BEGINS_WITH", ComparisonValue: "p" } as const;
    const page = await client.send(new ListStreamsCommand({ StreamNameCondition, NextToken }));
    assert.deepEqual(
      page.StreamInfoList!.map(({ StreamName }) => StreamName),
      ["p3"],
    );
  });
});
