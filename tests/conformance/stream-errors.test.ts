import { test } from "node:test";
import * as kvs from "@aws-sdk/client-kinesis-video";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start();

const { StreamARN: arn, Version: version } = await plane.create("gate");
const { StreamARN: keeping } = await plane.create("keeping", { DataRetentionInHours: 1 });

const StreamStorageConfiguration = { DefaultStorageTier: "WARM" } as const;
const retention = { Operation: "INCREASE_DATA_RETENTION", DataRetentionChangeInHours: 1 } as const;
const image: kvs.ImageGenerationConfiguration = {
  Status: "ENABLED",
  ImageSelectorType: "SERVER_TIMESTAMP",
  DestinationConfig: { Uri: "s3://bucket/prefix", DestinationRegion: "us-east-1" },
  SamplingInterval: 200,
  Format: "JPEG",
};
const notification: kvs.NotificationConfiguration = {
  Status: "ENABLED",
  DestinationConfig: { Uri: "https://example.com/hook" },
};

type Reference = { StreamName?: string; StreamARN?: string };
/** Any command: the SDK types each call of `send` by its command, which a table of different ones cannot be. */
type Command = kvs.DescribeStreamCommand;
const anyOf = (command: unknown): Command => command as Command;

/** Every operation that names a stream by name or ARN, with an otherwise valid input. */
const named: Record<string, (reference: Reference) => unknown> = {
  DescribeStream: (r) => new kvs.DescribeStreamCommand(r),
  UpdateStream: (r) => new kvs.UpdateStreamCommand({ ...r, CurrentVersion: "v" }),
  UpdateDataRetention: (r) => new kvs.UpdateDataRetentionCommand({ ...r, CurrentVersion: "v", ...retention }),
  GetDataEndpoint: (r) => new kvs.GetDataEndpointCommand({ ...r, APIName: "PUT_MEDIA" }),
  DescribeStreamStorageConfiguration: (r) => new kvs.DescribeStreamStorageConfigurationCommand(r),
  UpdateStreamStorageConfiguration: (r) =>
    new kvs.UpdateStreamStorageConfigurationCommand({ ...r, CurrentVersion: "v", StreamStorageConfiguration }),
  DescribeImageGenerationConfiguration: (r) => new kvs.DescribeImageGenerationConfigurationCommand(r),
  UpdateImageGenerationConfiguration: (r) => new kvs.UpdateImageGenerationConfigurationCommand(r),
  DescribeNotificationConfiguration: (r) => new kvs.DescribeNotificationConfigurationCommand(r),
  UpdateNotificationConfiguration: (r) => new kvs.UpdateNotificationConfigurationCommand(r),
  DescribeMappedResourceConfiguration: (r) => new kvs.DescribeMappedResourceConfigurationCommand(r),
  TagStream: (r) => new kvs.TagStreamCommand({ ...r, Tags: { a: "b" } }),
  UntagStream: (r) => new kvs.UntagStreamCommand({ ...r, TagKeyList: ["a"] }),
  ListTagsForStream: (r) => new kvs.ListTagsForStreamCommand(r),
};

for (const [operation, command] of Object.entries(named)) {
  test(`${operation} refuses requests that name no stream, two, or one that is not there`, async () => {
    const send = (reference: Reference) => plane.client.send(anyOf(command(reference)));
    await refused(send({}), "InvalidArgumentException", 400, /StreamName or StreamARN/);
    await refused(send({ StreamName: "keeping", StreamARN: arn }), "InvalidArgumentException", 400, /different/);
    for (const reference of [
      { StreamName: "none" },
      { StreamARN: arn.replace("/gate/", "/none/") },
      { StreamARN: arn.replace(/\d+$/, "1551924009774") },
      { StreamARN: arn.replace("000000000000", "123456789012") },
      { StreamARN: arn.replace("us-east-1", "eu-west-1") },
    ]) {
      await refused(send(reference), "ResourceNotFoundException", 404, /not found/);
    }
    await refused(send({ StreamName: "no spaces" }), "InvalidArgumentException", 400, /StreamName|streamName/);
  });
}

/** What is wrong with the request, then the error's name and status. */
const misuse: [what: string, command: () => unknown, name: string, status: number, message?: RegExp][] = [
  [
    "CreateStream with a name that exists",
    () => new kvs.CreateStreamCommand({ StreamName: "gate" }),
    "ResourceInUseException",
    400,
    /already exists/,
  ],
  [
    "CreateStream with more than ten years of retention",
    () => new kvs.CreateStreamCommand({ StreamName: "x", DataRetentionInHours: 87_601 }),
    "InvalidArgumentException",
    400,
    /87600/,
  ],
  [
    "UpdateStream with a stale version",
    () => new kvs.UpdateStreamCommand({ StreamName: "gate", CurrentVersion: "stale", DeviceName: "d" }),
    "VersionMismatchException",
    400,
    /DescribeStream/,
  ],
  [
    "UpdateDataRetention with a stale version",
    () => new kvs.UpdateDataRetentionCommand({ StreamName: "gate", CurrentVersion: "stale", ...retention }),
    "VersionMismatchException",
    400,
  ],
  [
    "UpdateDataRetention below zero",
    () =>
      new kvs.UpdateDataRetentionCommand({
        StreamName: "gate",
        CurrentVersion: version,
        Operation: "DECREASE_DATA_RETENTION",
        DataRetentionChangeInHours: 1,
      }),
    "InvalidArgumentException",
    400,
  ],
  [
    "DeleteStream with a stale version",
    () => new kvs.DeleteStreamCommand({ StreamARN: arn, CurrentVersion: "stale" }),
    "VersionMismatchException",
    400,
  ],
  [
    "DeleteStream with another creation time",
    () => new kvs.DeleteStreamCommand({ StreamARN: arn.replace(/\d+$/, "1") }),
    "ResourceNotFoundException",
    404,
  ],
  [
    "image generation on a stream that keeps nothing",
    () =>
      new kvs.UpdateImageGenerationConfigurationCommand({ StreamName: "gate", ImageGenerationConfiguration: image }),
    "NoDataRetentionException",
    400,
  ],
  [
    "notifications on a stream that keeps nothing",
    () =>
      new kvs.UpdateNotificationConfigurationCommand({ StreamName: "gate", NotificationConfiguration: notification }),
    "NoDataRetentionException",
    400,
  ],
  [
    "images delivered to another region",
    () =>
      new kvs.UpdateImageGenerationConfigurationCommand({
        StreamARN: keeping,
        ImageGenerationConfiguration: {
          ...image,
          DestinationConfig: { Uri: "s3://bucket", DestinationRegion: "eu-west-1" },
        },
      }),
    "InvalidArgumentException",
    400,
    /DestinationRegion/,
  ],
  [
    "JPEG quality for PNG images",
    () =>
      new kvs.UpdateImageGenerationConfigurationCommand({
        StreamARN: keeping,
        ImageGenerationConfiguration: { ...image, Format: "PNG", FormatConfig: { JPEGQuality: "80" } },
      }),
    "InvalidArgumentException",
    400,
    /FormatConfig/,
  ],
  [
    "JPEG quality out of range",
    () =>
      new kvs.UpdateImageGenerationConfigurationCommand({
        StreamARN: keeping,
        ImageGenerationConfiguration: { ...image, FormatConfig: { JPEGQuality: "101" } },
      }),
    "InvalidArgumentException",
    400,
    /JPEGQuality/,
  ],
  [
    "TagStream with an ARN of another form",
    () => new kvs.TagStreamCommand({ StreamARN: "arn:aws:s3:::bucket", Tags: { a: "b" } }),
    "InvalidResourceFormatException",
    400,
    /StreamARN/,
  ],
  [
    "UntagStream with the ARN of a channel",
    () => new kvs.UntagStreamCommand({ StreamARN: arn.replace("stream/", "channel/"), TagKeyList: ["a"] }),
    "InvalidResourceFormatException",
    400,
  ],
  [
    "ListTagsForStream with no ARN at all",
    () => new kvs.ListTagsForStreamCommand({ StreamARN: "gate" }),
    "InvalidResourceFormatException",
    400,
  ],
  [
    "TagResource with an ARN of another form",
    () => new kvs.TagResourceCommand({ ResourceARN: "gate", Tags: [{ Key: "a", Value: "b" }] }),
    "InvalidArgumentException",
    400,
    /[rR]esourceARN/,
  ],
  [
    "TagResource of a channel that is not there",
    () =>
      new kvs.TagResourceCommand({
        ResourceARN: arn.replace("stream/", "channel/"),
        Tags: [{ Key: "a", Value: "b" }],
      }),
    "ResourceNotFoundException",
    404,
  ],
  [
    "a tag key that is reserved",
    () => new kvs.TagStreamCommand({ StreamName: "gate", Tags: { "aws:owner": "me" } }),
    "InvalidArgumentException",
    400,
    /aws:/,
  ],
  [
    "ListStreams with a foreign token",
    () => new kvs.ListStreamsCommand({ NextToken: "Zm9yZWlnbg==" }),
    "InvalidArgumentException",
    400,
    /NextToken/,
  ],
  [
    "ListTagsForStream with a token, which it never gives",
    () => new kvs.ListTagsForStreamCommand({ StreamName: "gate", NextToken: "Zm9yZWlnbg==" }),
    "InvalidArgumentException",
    400,
    /NextToken/,
  ],
  [
    "DescribeMappedResourceConfiguration with a token, which it never gives",
    () => new kvs.DescribeMappedResourceConfigurationCommand({ StreamName: "gate", NextToken: "Zm9yZWlnbg==" }),
    "InvalidArgumentException",
    400,
    /NextToken/,
  ],
];

for (const [what, command, name, status, message] of misuse) {
  test(`${what}: ${name}`, () => refused(plane.client.send(anyOf(command())), name, status, message));
}
