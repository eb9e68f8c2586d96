import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamStorageConfigurationCommand,
  UpdateDataRetentionCommand,
  UpdateStreamCommand,
  UpdateStreamStorageConfigurationCommand,
} from "@aws-sdk/client-kinesis-video";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const VERSION = /^[a-zA-Z0-9]{20}$/;

test("CreateStream answers with the ARN, and the stream is active at once", async () => {
  const before = Date.now();
  const { StreamARN, $metadata } = await plane.client.send(new CreateStreamCommand({ StreamName: "created" }));
  assert.equal($metadata.httpStatusCode, 200);
  const { $metadata: _, ...described } = await plane.client.send(new DescribeStreamCommand({ StreamARN }));
  const { CreationTime, Version, ...info } = described.StreamInfo!;
  assert.ok(CreationTime!.getTime() >= before && CreationTime!.getTime() <= Date.now());
  assert.match(Version!, VERSION);
  assert.deepEqual(info, {
    StreamName: "created",
    StreamARN: `arn:aws:kinesisvideo:us-east-1:000000000000:stream/created/${CreationTime!.getTime()}`,
    KmsKeyId: "arn:aws:kms:us-east-1:000000000000:alias/aws/kinesisvideo",
    Status: "ACTIVE",
    DataRetentionInHours: 0,
  });
  assert.equal(StreamARN, info.StreamARN);
});

test("CreateStream keeps every member that it is given", async () => {
  const info = await plane.create("full", {
    DeviceName: "gate-camera",
    MediaType: "video/h264,audio/aac",
    KmsKeyId: "alias/mine",
    DataRetentionInHours: 87_600,
    Tags: { site: "north", empty: "" },
    StreamStorageConfiguration: { DefaultStorageTier: "WARM" },
  });
  assert.equal(info.DeviceName, "gate-camera");
  assert.equal(info.MediaType, "video/h264,audio/aac");
  assert.equal(info.KmsKeyId, "alias/mine");
  assert.equal(info.DataRetentionInHours, 87_600);
  const storage = await plane.client.send(new DescribeStreamStorageConfigurationCommand({ StreamName: "full" }));
  assert.deepEqual(storage.StreamStorageConfiguration, { DefaultStorageTier: "WARM" });
});

test("of simultaneous CreateStream calls for one name exactly one succeeds", async () => {
  const calls = Array.from({ length: 10 }, () =>
    plane.client.send(new CreateStreamCommand({ StreamName: "contested" })),
  );
  const results = await Promise.allSettled(calls);
  const names = results.flatMap((result) => (result.status === "rejected" ? [result.reason.name] : []));
  assert.deepEqual(names, Array(9).fill("ResourceInUseException"));
});

test("UpdateStream changes what it names and the version", async () => {
  const created = await plane.create("updated", { DeviceName: "old", MediaType: "video/h264" });
  await plane.client.send(
    new UpdateStreamCommand({ StreamName: "updated", CurrentVersion: created.Version, DeviceName: "new" }),
  );
  const { Version, ...info } = await plane.describe("updated");
  assert.match(Version, VERSION);
  assert.notEqual(Version, created.Version);
  const { Version: _, ...before } = created;
  assert.deepEqual(info, { ...before, DeviceName: "new" });
});

test("UpdateDataRetention adds and subtracts, and changes the version", async () => {
  const { StreamARN, Version } = await plane.create("kept", { DataRetentionInHours: 2 });
  const change = async (Operation: "INCREASE_DATA_RETENTION" | "DECREASE_DATA_RETENTION", hours: number) => {
    const { Version: CurrentVersion } = await plane.describe("kept");
    const input = { StreamARN, CurrentVersion, Operation, DataRetentionChangeInHours: hours };
    await plane.client.send(new UpdateDataRetentionCommand(input));
    return (await plane.describe("kept")).DataRetentionInHours;
  };
  assert.equal(await change("INCREASE_DATA_RETENTION", 22), 24);
  assert.equal(await change("DECREASE_DATA_RETENTION", 24), 0);
  assert.equal(await change("INCREASE_DATA_RETENTION", 87_600), 87_600);
  await refused(change("INCREASE_DATA_RETENTION", 1), "InvalidArgumentException", 400, /87600/);
  await refused(change("DECREASE_DATA_RETENTION", 87_601), "InvalidArgumentException", 400, /between 0 and/);
  assert.notEqual((await plane.describe("kept")).Version, Version);
});

test("the storage tier is HOT by default, is changed, and changes the version", async () => {
  const { StreamARN, Version } = await plane.create("tiered");
  const describe = () => plane.client.send(new DescribeStreamStorageConfigurationCommand({ StreamARN }));
  const { $metadata: _, ...first } = await describe();
  assert.deepEqual(first, {
    StreamName: "tiered",
    StreamARN,
    StreamStorageConfiguration: { DefaultStorageTier: "HOT" },
  });
  const StreamStorageConfiguration = { DefaultStorageTier: "WARM" as const };
  const update = new UpdateStreamStorageConfigurationCommand({
    StreamName: "tiered",
    CurrentVersion: Version,
    StreamStorageConfiguration,
  });
  await plane.client.send(update);
  assert.deepEqual((await describe()).StreamStorageConfiguration, StreamStorageConfiguration);
  await refused(plane.client.send(update), "VersionMismatchException", 400);
});

test("of simultaneous updates with one version exactly one succeeds", async () => {
  const { Version } = await plane.create("raced", { DataRetentionInHours: 5 });
  const StreamName = "raced";
  const results = await Promise.allSettled([
    ...Array.from({ length: 8 }, (_, i) =>
      plane.client.send(new UpdateStreamCommand({ StreamName, CurrentVersion: Version, DeviceName: `d${i}` })),
    ),
    plane.client.send(
      new UpdateDataRetentionCommand({
        StreamName,
        CurrentVersion: Version,
        Operation: "INCREASE_DATA_RETENTION",
        DataRetentionChangeInHours: 1,
      }),
    ),
  ]);
  const names = results.flatMap((result) => (result.status === "rejected" ? [result.reason.name] : []));
  assert.deepEqual(names, Array(8).fill("VersionMismatchException"));
});

test("DeleteStream works with and without a version, and every call finds the stream gone", async () => {
  for (const withVersion of [true, false]) {
    const { StreamARN, Version } = await plane.create("deleted");
    const CurrentVersion = withVersion ? Version : undefined;
    const { $metadata } = await plane.client.send(new DeleteStreamCommand({ StreamARN, CurrentVersion }));
    assert.equal($metadata.httpStatusCode, 200);
    const missing = [
      new DescribeStreamCommand({ StreamName: "deleted" }),
      new DescribeStreamCommand({ StreamARN }),
      new DescribeStreamStorageConfigurationCommand({ StreamARN }),
    ];
    for (const command of missing) {
      await refused(plane.client.send(command as DescribeStreamCommand), "ResourceNotFoundException", 404, /not found/);
    }
    await refused(plane.client.send(new DeleteStreamCommand({ StreamARN })), "ResourceNotFoundException", 404);
  }
});

test("a stream that is created again under a deleted one's name has another ARN", async () => {
  const old = await plane.create("reborn", { DeviceName: "before", DataRetentionInHours: 1 });
  await plane.client.send(new DeleteStreamCommand({ StreamARN: old.StreamARN }));
  const stream = await plane.create("reborn");
  assert.notEqual(stream.StreamARN, old.StreamARN);
  assert.equal(stream.DeviceName, undefined);
  assert.equal(stream.DataRetentionInHours, 0);
  const stale = new DescribeStreamCommand({ StreamARN: old.StreamARN });
  await refused(plane.client.send(stale), "ResourceNotFoundException", 404);
  await refused(
    plane.client.send(new DeleteStreamCommand({ StreamARN: old.StreamARN })),
    "ResourceNotFoundException",
    404,
  );
});
