import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlPlane } from "./support/control-plane.ts";
import { post } from "./support/raw.ts";

const plane = await ControlPlane.start();
await plane.create("gate", { DataRetentionInHours: 1 });

const text = (length: number): string => "a".repeat(length);
const list = (length: number): string[] => Array.from({ length }, (_, i) => `k${i}`);
const map = (length: number): Record<string, string> => Object.fromEntries(list(length).map((key) => [key, "v"]));

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

/** Operation, the member at fault, the constraint that its message must name, and inputs that break it. */
const broken: [operation: string, member: RegExp, constraint: RegExp, inputs: object[]][] = [
  ["CreateStream", /streamName/i, /null|required/i, [{}]],
  ["CreateStream", /streamName/i, /256|length/i, [{ StreamName: text(257) }, { StreamName: "" }]],
  ["CreateStream", /streamName/i, /pattern/i, [{ StreamName: "a/b" }, { StreamName: "a b" }, { StreamName: "ä" }]],
  ["CreateStream", /deviceName/i, /128|length/i, [{ StreamName: "x", DeviceName: text(129) }]],
  ["CreateStream", /deviceName/i, /pattern/i, [{ StreamName: "x", DeviceName: "a b" }]],
  [
    "CreateStream",
    /mediaType/i,
    /pattern/i,
    [
      { StreamName: "x", MediaType: "video" },
      { StreamName: "x", MediaType: "a/b," },
    ],
  ],
  ["CreateStream", /mediaType/i, /128|length/i, [{ StreamName: "x", MediaType: `a/${text(127)}` }]],
  ["CreateStream", /kmsKeyId/i, /2048|length/i, [{ StreamName: "x", KmsKeyId: text(2049) }]],
  ["CreateStream", /dataRetentionInHours/i, /0/, [{ StreamName: "x", DataRetentionInHours: -1 }]],
  ["CreateStream", /tags/i, /50|length/i, [{ StreamName: "x", Tags: map(51) }]],
  ["CreateStream", /tags/i, /128|length/i, [{ StreamName: "x", Tags: { [text(129)]: "v" } }]],
  ["CreateStream", /tags/i, /256|length/i, [{ StreamName: "x", Tags: { k: text(257) } }]],
  ["CreateStream", /tags/i, /pattern/i, [{ StreamName: "x", Tags: { "k!": "v" } }]],
  ["CreateStream", /defaultStorageTier/i, /null|required/i, [{ StreamName: "x", StreamStorageConfiguration: {} }]],
  [
    "CreateStream",
    /defaultStorageTier/i,
    /HOT/,
    [{ StreamName: "x", StreamStorageConfiguration: { DefaultStorageTier: "COLD" } }],
  ],
  ["DescribeStream", /streamARN/i, /pattern/i, [{ StreamARN: "gate" }, { StreamARN: "arn:aws:s3:::x" }]],
  ["DescribeStream", /streamARN/i, /1024|length/i, [{ StreamARN: text(1025) }]],
  ["ListStreams", /maxResults/i, /1/, [{ MaxResults: 0 }, { MaxResults: 10_001 }]],
  ["ListStreams", /nextToken/i, /pattern/i, [{ NextToken: "a b" }]],
  ["ListStreams", /nextToken/i, /1024|length/i, [{ NextToken: text(1025) }]],
  ["UpdateStream", /currentVersion/i, /null|required/i, [stream]],
  ["UpdateStream", /currentVersion/i, /64|length/i, [{ ...stream, CurrentVersion: text(65) }]],
  ["UpdateStream", /currentVersion/i, /pattern/i, [{ ...stream, CurrentVersion: "a-b" }]],
  ["UpdateDataRetention", /operation/i, /INCREASE_DATA_RETENTION/, [{ ...retention, Operation: "DOUBLE" }]],
  ["UpdateDataRetention", /dataRetentionChangeInHours/i, /1/, [{ ...retention, DataRetentionChangeInHours: 0 }]],
  [
    "UpdateDataRetention",
    /dataRetentionChangeInHours/i,
    /null|required/i,
    [{ ...versioned, Operation: "INCREASE_DATA_RETENTION" }],
  ],
  ["DeleteStream", /streamARN/i, /null|required/i, [{}, stream]],
  ["GetDataEndpoint", /apiName/i, /PUT_MEDIA/, [{ ...stream, APIName: "PUT_IMAGES" }]],
  ["GetDataEndpoint", /apiName/i, /null|required/i, [stream]],
  ["UpdateStreamStorageConfiguration", /streamStorageConfiguration/i, /null|required/i, [versioned]],
  ["TagStream", /tags/i, /null|required/i, [stream]],
  [
    "TagStream",
    /tags/i,
    /50|length/i,
    [
      { ...stream, Tags: {} },
      { ...stream, Tags: map(51) },
    ],
  ],
  [
    "UntagStream",
    /tagKeyList/i,
    /50|length/i,
    [
      { ...stream, TagKeyList: [] },
      { ...stream, TagKeyList: list(51) },
    ],
  ],
  ["UntagStream", /tagKeyList/i, /pattern|length/i, [{ ...stream, TagKeyList: ["a", ""] }]],
  [
    "TagResource",
    /key/i,
    /null|required/i,
    [{ ResourceARN: "arn:aws:kinesisvideo:us-east-1:0:stream/a/1", Tags: [{ Value: "v" }] }],
  ],
  ["TagResource", /resourceARN/i, /null|required/i, [{ Tags: [{ Key: "k", Value: "v" }] }]],
  ["UpdateImageGenerationConfiguration", /samplingInterval/i, /200/, [images({ SamplingInterval: 199 })]],
  ["UpdateImageGenerationConfiguration", /status/i, /ENABLED/, [images({ Status: "ON" })]],
  ["UpdateImageGenerationConfiguration", /format/i, /JPEG/, [images({ Format: "GIF" })]],
  ["UpdateImageGenerationConfiguration", /widthPixels/i, /3840/, [images({ WidthPixels: 3841 })]],
  ["UpdateImageGenerationConfiguration", /heightPixels/i, /2160/, [images({ HeightPixels: 2161 })]],
  [
    "UpdateImageGenerationConfiguration",
    /imageSelectorType/i,
    /null|required/i,
    [images({ ImageSelectorType: undefined })],
  ],
  [
    "UpdateImageGenerationConfiguration",
    /uri/i,
    /pattern/i,
    [images({ DestinationConfig: { ...destination, Uri: "bucket" } })],
  ],
  [
    "UpdateImageGenerationConfiguration",
    /destinationRegion/i,
    /pattern|length/i,
    [images({ DestinationConfig: { ...destination, DestinationRegion: "moon" } })],
  ],
  [
    "UpdateNotificationConfiguration",
    /uri/i,
    /255|length/i,
    [notify({ DestinationConfig: { Uri: `s3://${text(251)}` } })],
  ],
  [
    "UpdateNotificationConfiguration",
    /destinationConfig/i,
    /null|required/i,
    [notify({ DestinationConfig: undefined })],
  ],
  ["DescribeMappedResourceConfiguration", /maxResults/i, /1/, [{ ...stream, MaxResults: 2 }]],
];

for (const [operation, member, constraint, inputs] of broken) {
  test(`${operation} names ${member.source} and ${constraint.source}`, async () => {
    for (const input of inputs) {
      const path = `/${/Resource$/.test(operation) ? operation : operation[0]!.toLowerCase() + operation.slice(1)}`;
      const { status, headers, text: body } = await post(plane.server, path, JSON.stringify(input));
      assert.equal(headers.get("x-amzn-errortype"), "InvalidArgumentException", body);
      assert.equal(status, 400);
      const { Message } = JSON.parse(body);
      assert.match(Message, member);
      assert.match(Message, constraint);
    }
  });
}

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
