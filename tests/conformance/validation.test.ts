import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlPlane } from "./support/control-plane.ts";
import { post } from "./support/raw.ts";

const plane = await ControlPlane.start();
await plane.create("gate", { DataRetentionInHours: 1 });

const text = (length: number): string => "a".repeat(length);
const list = (length: number): string[] => Array.from({ length }, (_, i) => `k${i}`);
const map = (length: number): Record<string, string> => Object.fromEntries(list(length).map((key) => [key, "v"]));

const IMAGES = "UpdateImageGenerationConfiguration";
const arn = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/gate/1";
const stream = { StreamName: "gate" };
const versioned = { ...stream, CurrentVersion: "v" };
const retention = { ...versioned, Operation: "INCREASE_DATA_RETENTION", DataRetentionChangeInHours: 1 };
const destination = { Uri: "s3://bucket", DestinationRegion: "us-east-1" };
const image = {
  Status: "ENABLED",
  ImageSelectorType: "SERVER_TIMESTAMP",
  DestinationConfig: destination,
  SamplingInterval: 200,
  Format: "JPEG",
};
const images = (change: object) => ({ ...stream, ImageGenerationConfiguration: { ...image, ...change } });
const notify = (change: object) => ({
  ...stream,
  NotificationConfiguration: { Status: "ENABLED", DestinationConfig: { Uri: "https://x" }, ...change },
});

const NULL = "Member must not be null";
const longest = (length: number): string => `Member must have length less than or equal to ${length}`;
const shortest = (length: number): string => `Member must have length greater than or equal to ${length}`;
const most = (value: number): string => `Member must have value less than or equal to ${value}`;
const least = (value: number): string => `Member must have value greater than or equal to ${value}`;
const PATTERN = "Member must satisfy regular expression pattern: ";
const oneOf = (...words: string[]): string => `Member must satisfy enum value set: [${words.join(", ")}]`;

/** Operation, the member at fault, the constraint that it breaks, and inputs that break it. */
const broken: [operation: string, member: string, constraint: string, ...inputs: object[]][] = [
  ["CreateStream", "streamName", NULL, {}],
  ["CreateStream", "streamName", longest(256), { StreamName: text(257) }],
  ["CreateStream", "streamName", shortest(1), { StreamName: "" }],
  ["CreateStream", "streamName", PATTERN, { StreamName: "a/b" }, { StreamName: "a b" }, { StreamName: "ä" }],
  ["CreateStream", "deviceName", longest(128), { StreamName: "x", DeviceName: text(129) }],
  ["CreateStream", "deviceName", PATTERN, { StreamName: "x", DeviceName: "a b" }],
  [
    "CreateStream",
    "mediaType",
    PATTERN,
    { StreamName: "x", MediaType: "video" },
    { StreamName: "x", MediaType: "a/b," },
  ],
  ["CreateStream", "mediaType", longest(128), { StreamName: "x", MediaType: `a/${text(127)}` }],
  ["CreateStream", "kmsKeyId", longest(2048), { StreamName: "x", KmsKeyId: text(2049) }],
  ["CreateStream", "dataRetentionInHours", least(0), { StreamName: "x", DataRetentionInHours: -1 }],
  ["CreateStream", "tags", longest(50), { StreamName: "x", Tags: map(51) }],
  [
    "CreateStream",
    "tags",
    `Map keys must satisfy constraint: [${longest(128)}`,
    { StreamName: "x", Tags: { [text(129)]: "v" } },
  ],
  [
    "CreateStream",
    "tags",
    `Map values must satisfy constraint: [${longest(256)}`,
    { StreamName: "x", Tags: { k: text(257) } },
  ],
  ["CreateStream", "tags", `Map keys must satisfy constraint: [${PATTERN}`, { StreamName: "x", Tags: { "k!": "v" } }],
  [
    "CreateStream",
    "streamStorageConfiguration.defaultStorageTier",
    NULL,
    { StreamName: "x", StreamStorageConfiguration: {} },
  ],
  [
    "CreateStream",
    "streamStorageConfiguration.defaultStorageTier",
    oneOf("HOT", "WARM"),
    { StreamName: "x", StreamStorageConfiguration: { DefaultStorageTier: "COLD" } },
  ],
  ["DescribeStream", "streamARN", PATTERN, { StreamARN: "gate" }, { StreamARN: "arn:aws:s3:::x" }],
  ["DescribeStream", "streamARN", longest(1024), { StreamARN: text(1025) }],
  ["ListStreams", "maxResults", least(1), { MaxResults: 0 }],
  ["ListStreams", "maxResults", most(10_000), { MaxResults: 10_001 }],
  ["ListStreams", "nextToken", PATTERN, { NextToken: "a b" }],
  ["ListStreams", "nextToken", longest(1024), { NextToken: text(1025) }],
  ["UpdateStream", "currentVersion", NULL, stream],
  ["UpdateStream", "currentVersion", longest(64), { ...stream, CurrentVersion: text(65) }],
  ["UpdateStream", "currentVersion", PATTERN, { ...stream, CurrentVersion: "a-b" }],
  [
    "UpdateDataRetention",
    "operation",
    oneOf("DECREASE_DATA_RETENTION", "INCREASE_DATA_RETENTION"),
    { ...retention, Operation: "DOUBLE" },
  ],
  ["UpdateDataRetention", "dataRetentionChangeInHours", least(1), { ...retention, DataRetentionChangeInHours: 0 }],
  ["UpdateDataRetention", "dataRetentionChangeInHours", NULL, { ...versioned, Operation: "INCREASE_DATA_RETENTION" }],
  ["DeleteStream", "streamARN", NULL, {}, stream],
  ["GetDataEndpoint", "aPIName", "Member must satisfy enum value set: [", { ...stream, APIName: "PUT_IMAGES" }],
  ["GetDataEndpoint", "aPIName", NULL, stream],
  ["UpdateStreamStorageConfiguration", "streamStorageConfiguration", NULL, versioned],
  ["TagStream", "tags", NULL, stream],
  ["TagStream", "tags", shortest(1), { ...stream, Tags: {} }],
  ["TagStream", "tags", longest(50), { ...stream, Tags: map(51) }],
  ["UntagStream", "tagKeyList", shortest(1), { ...stream, TagKeyList: [] }],
  ["UntagStream", "tagKeyList", longest(50), { ...stream, TagKeyList: list(51) }],
  ["UntagStream", "tagKeyList.2.member", shortest(1), { ...stream, TagKeyList: ["a", ""] }],
  ["TagResource", "tags.1.member.key", NULL, { ResourceARN: arn, Tags: [{ Value: "v" }] }],
  ["TagResource", "tags.1.member.value", NULL, { ResourceARN: arn, Tags: [{ Key: "k" }] }],
  ["TagResource", "resourceARN", NULL, { Tags: [{ Key: "k", Value: "v" }] }],
  [IMAGES, "imageGenerationConfiguration.samplingInterval", least(200), images({ SamplingInterval: 199 })],
  [IMAGES, "imageGenerationConfiguration.status", oneOf("DISABLED", "ENABLED"), images({ Status: "ON" })],
  [IMAGES, "imageGenerationConfiguration.format", oneOf("JPEG", "PNG"), images({ Format: "GIF" })],
  [IMAGES, "imageGenerationConfiguration.widthPixels", most(3840), images({ WidthPixels: 3841 })],
  [IMAGES, "imageGenerationConfiguration.heightPixels", most(2160), images({ HeightPixels: 2161 })],
  [IMAGES, "imageGenerationConfiguration.imageSelectorType", NULL, images({ ImageSelectorType: undefined })],
  [
    IMAGES,
    "imageGenerationConfiguration.destinationConfig.uri",
    PATTERN,
    images({ DestinationConfig: { ...destination, Uri: "bucket" } }),
  ],
  [
    IMAGES,
    "imageGenerationConfiguration.destinationConfig.destinationRegion",
    shortest(9),
    images({ DestinationConfig: { ...destination, DestinationRegion: "moon" } }),
  ],
  [
    "UpdateNotificationConfiguration",
    "notificationConfiguration.destinationConfig.uri",
    longest(255),
    notify({ DestinationConfig: { Uri: `s3://${text(251)}` } }),
  ],
  [
    "UpdateNotificationConfiguration",
    "notificationConfiguration.destinationConfig",
    NULL,
    notify({ DestinationConfig: undefined }),
  ],
  ["DescribeMappedResourceConfiguration", "maxResults", most(1), { ...stream, MaxResults: 2 }],
];

const pathOf = (operation: string): string =>
  `/${operation.endsWith("Resource") ? operation : operation[0]!.toLowerCase() + operation.slice(1)}`;

for (const [operation, member, constraint, ...inputs] of broken) {
  test(`${operation}, ${member}: ${constraint}`, async () => {
    for (const input of inputs) {
      const { status, headers, text: body } = await post(plane.server, pathOf(operation), JSON.stringify(input));
      assert.equal(status, 400, body);
      assert.equal(headers.get("x-amzn-errortype"), "InvalidArgumentException", body);
      const message: string = JSON.parse(body).Message;
      assert.ok(message.includes(`1 validation error detected: Value `), message);
      assert.ok(message.includes(` at '${member}' failed to satisfy constraint: ${constraint}`), message);
    }
  });
}

test("every broken constraint is named in one answer", async () => {
  const { text: body } = await post(plane.server, "/updateStream", '{"StreamName":"a b","DeviceName":""}');
  const message: string = JSON.parse(body).Message;
  assert.match(message, /^3 validation errors detected: /);
  for (const member of ["streamName", "currentVersion", "deviceName"]) assert.ok(message.includes(`'${member}'`));
});

test("values at the edge of every constraint are taken", async () => {
  const accepted: [string, object][] = [
    ["createStream", { StreamName: `${text(252)}.-_Z`, DeviceName: text(128), KmsKeyId: text(2048) }],
    ["createStream", { StreamName: "m", MediaType: `${text(60)}/${text(67)}`, Tags: map(50), DataRetentionInHours: 0 }],
    ["listStreams", { MaxResults: 10_000, NextToken: undefined }],
    ["tagStream", { ...stream, Tags: { [text(128)]: text(256), [text(1)]: "" } }],
    ["untagStream", { ...stream, TagKeyList: list(50) }],
    ["updateImageGenerationConfiguration", images({ WidthPixels: 3840, HeightPixels: 2160 })],
    ["updateNotificationConfiguration", notify({ DestinationConfig: { Uri: `s3://${text(250)}` } })],
    ["describeMappedResourceConfiguration", { ...stream, MaxResults: 1 }],
  ];
  for (const [path, input] of accepted) {
    const { status, text: body } = await post(plane.server, `/${path}`, JSON.stringify(input));
    assert.equal(status, 200, `${path}: ${body}`);
  }
});
