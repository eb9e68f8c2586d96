import assert from "node:assert/strict";
import { test } from "node:test";
import {
  APIName,
  DescribeImageGenerationConfigurationCommand,
  DescribeMappedResourceConfigurationCommand,
  DescribeNotificationConfigurationCommand,
  GetDataEndpointCommand,
  type ImageGenerationConfiguration,
  type NotificationConfiguration,
  UpdateImageGenerationConfigurationCommand,
  UpdateNotificationConfigurationCommand,
} from "@aws-sdk/client-kinesis-video";
import { ControlPlane } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const StreamName = "gate";

const version = (await plane.create(StreamName, { DataRetentionInHours: 1 })).Version;

test("GetDataEndpoint answers for every API with the address of this server: no path, no trailing slash", async () => {
  for (const name of Object.values(APIName)) {
    const { DataEndpoint } = await plane.client.send(new GetDataEndpointCommand({ StreamName, APIName: name }));
    assert.equal(DataEndpoint, plane.server.url, name);
  }
});

test("an image generation configuration is stored, returned whole, replaced and removed", async () => {
  const describe = async () =>
    (await plane.client.send(new DescribeImageGenerationConfigurationCommand({ StreamName })))
      .ImageGenerationConfiguration;
  const update = (ImageGenerationConfiguration?: ImageGenerationConfiguration) =>
    plane.client.send(new UpdateImageGenerationConfigurationCommand({ StreamName, ImageGenerationConfiguration }));
  const full: ImageGenerationConfiguration = {
    Status: "ENABLED",
    ImageSelectorType: "PRODUCER_TIMESTAMP",
    DestinationConfig: { Uri: "s3://bucket/prefix", DestinationRegion: "us-east-1" },
    SamplingInterval: 3_000,
    Format: "JPEG",
    FormatConfig: { JPEGQuality: "80" },
    WidthPixels: 320,
    HeightPixels: 240,
  };
  const { FormatConfig: _, WidthPixels: __, HeightPixels: ___, ...small } = full;
  assert.equal(await describe(), undefined);
  await update(full);
  assert.deepEqual(await describe(), full);
  await update({ ...small, Status: "DISABLED", Format: "PNG" });
  assert.deepEqual(await describe(), { ...small, Status: "DISABLED", Format: "PNG" });
  await update();
  assert.equal(await describe(), undefined);
  assert.equal((await plane.describe(StreamName)).Version, version);
});

test("a notification configuration is stored, returned and removed", async () => {
  const describe = async () =>
    (await plane.client.send(new DescribeNotificationConfigurationCommand({ StreamName }))).NotificationConfiguration;
  const update = (NotificationConfiguration?: NotificationConfiguration) =>
    plane.client.send(new UpdateNotificationConfigurationCommand({ StreamName, NotificationConfiguration }));
  const configuration: NotificationConfiguration = {
    Status: "ENABLED",
    DestinationConfig: { Uri: "arn:aws:sns:us-east-1:123456789012:topic" },
  };
  assert.equal(await describe(), undefined);
  await update(configuration);
  assert.deepEqual(await describe(), configuration);
  await update();
  assert.equal(await describe(), undefined);
});

test("no signaling channel is mapped to a stream", async () => {
  const input = { StreamName, MaxResults: 1 };
  const answer = await plane.client.send(new DescribeMappedResourceConfigurationCommand(input));
  assert.deepEqual(answer.MappedResourceConfigurationList, []);
  assert.equal(answer.NextToken, undefined);
});
