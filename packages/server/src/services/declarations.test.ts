import assert from "node:assert/strict";
import { test } from "node:test";
import { Router } from "../aws/router.ts";
import type { Member, Shape, StructureShape } from "../aws/schema/shapes.ts";
import type { Service } from "../aws/service.ts";
import { validate } from "../aws/validation/validate.ts";
import { kinesisVideo } from "./kinesis-video/service.ts";
import { kinesisVideoArchivedMedia } from "./kinesis-video-archived-media/service.ts";
import { kinesisVideoMedia } from "./kinesis-video-media/service.ts";
import { kinesisVideoSignaling } from "./kinesis-video-signaling/service.ts";
import { kinesisVideoWebRTCStorage } from "./kinesis-video-webrtc-storage/service.ts";

const services: Service[] = [
  kinesisVideo({}),
  kinesisVideoMedia({}),
  kinesisVideoArchivedMedia({}),
  kinesisVideoSignaling({}),
  kinesisVideoWebRTCStorage({}),
];
const operations = services.flatMap((service) => service.operations);
const inputOf = (name: string): StructureShape => operations.find((operation) => operation.name === name)!.input;

/** Every member that an input can hold, at any depth. */
function membersOf(shape: Shape, seen = new Set<Shape>()): [string, Member][] {
  if (shape.kind === "list") return membersOf(shape.item, seen);
  if (shape.kind === "map") return membersOf(shape.value, seen);
  if (shape.kind !== "structure" || seen.has(shape)) return [];
  seen.add(shape);
  return shape.members.flatMap((member) => [
    [`${shape.name}.${member.name}`, member] as [string, Member],
    ...membersOf(member.shape, seen),
  ]);
}

test("all operations of the five services start and are told apart", () => {
  assert.deepEqual(
    services.map((service) => service.operations.length),
    [32, 2, 6, 2, 2],
  );
  const router = new Router(services);
  for (const operation of operations) {
    assert.equal(router.find("kinesisvideo", operation.method, operation.path).operation, operation);
  }
});

test("every string, number, list and map of every input has a constraint", () => {
  const unconstrained = operations
    .flatMap((operation) => membersOf(operation.input))
    .filter(([, { shape, constraint }]) => {
      return ["string", "number", "list", "map"].includes(shape.kind) && constraint === undefined;
    })
    .map(([name]) => name);
  assert.deepEqual(unconstrained, []);
});

test("every number has a range, every list and map a length, every string a length or its words", () => {
  for (const [name, { shape, constraint }] of operations.flatMap((operation) => membersOf(operation.input))) {
    if (shape.kind === "number") assert.ok(constraint?.range, name);
    if (shape.kind === "list" || shape.kind === "map") assert.ok(constraint?.length, name);
    if (shape.kind === "string") assert.ok(constraint?.length ?? constraint?.oneOf, name);
  }
});

test("the secret that holds a camera's address and password is not echoed", () => {
  const sensitive = operations
    .flatMap((operation) => membersOf(operation.input))
    .filter(([, member]) => member.sensitive)
    .map(([name]) => name);
  assert.deepEqual(sensitive, ["MediaSourceConfig.MediaUriSecretArn"]);
});

const ARN = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/test/1551924009774";
const ACCEPTED: [string, Record<string, unknown>][] = [
  [
    "CreateStream",
    { StreamName: "a.b_c-1", MediaType: "video/h264,audio/aac", DataRetentionInHours: 0, Tags: { "a b": "" } },
  ],
  ["CreateStream", { StreamName: "x".repeat(256), KmsKeyId: "alias/x", DeviceName: "Kinesis_Video_Device" }],
  ["DescribeStream", { StreamARN: ARN }],
  ["ListStreams", { MaxResults: 10_000, NextToken: "", StreamNameCondition: { ComparisonOperator: "BEGINS_WITH" } }],
  ["UntagStream", { StreamName: "a", TagKeyList: ["ключ", "k:e/y=+-@."] }],
  [
    "GetMedia",
    { StreamName: "a", StartSelector: { StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: "91343" } },
  ],
  ["PutMedia", { StreamName: "a", FragmentTimecodeType: "RELATIVE", ProducerStartTimestamp: new Date(0), Payload: {} }],
  ["GetMediaForFragmentList", { StreamName: "a", Fragments: ["91343852333181432392682062622220590765191907586"] }],
  [
    "GetClip",
    {
      ClipFragmentSelector: {
        FragmentSelectorType: "SERVER_TIMESTAMP",
        TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(1) },
      },
    },
  ],
  ["GetIceServerConfig", { ChannelARN: ARN.replace("stream", "channel"), Service: "TURN", ClientId: "viewer-1" }],
  ["JoinStorageSession", { channelArn: ARN.replace("stream", "channel") }],
];

for (const [operation, input] of ACCEPTED) {
  test(`${operation} accepts ${JSON.stringify(input).slice(0, 100)}`, () => {
    assert.equal(validate(inputOf(operation), input), undefined);
  });
}

const REFUSED: [string, Record<string, unknown>, RegExp][] = [
  ["CreateStream", {}, /null at 'streamName'.*must not be null/],
  ["CreateStream", { StreamName: "a b" }, /'streamName'.*pattern/],
  ["CreateStream", { StreamName: "a", DataRetentionInHours: -1 }, /'dataRetentionInHours'.*greater than or equal to 0/],
  ["CreateStream", { StreamName: "a", MediaType: "video" }, /'mediaType'.*pattern/],
  ["CreateStream", { StreamName: "a", Tags: { "": "x" } }, /'tags'.*Map keys.*length greater than or equal to 1/],
  ["CreateStream", { StreamName: "a", Tags: { "a!": "x" } }, /'tags'.*Map keys.*pattern/],
  [
    "CreateStream",
    { StreamName: "a", StreamStorageConfiguration: { DefaultStorageTier: "COLD" } },
    /'streamStorageConfiguration.defaultStorageTier'.*\[HOT, WARM\]/,
  ],
  ["DescribeStream", { StreamARN: "arn:aws:s3:::x" }, /'streamARN'.*pattern/],
  [
    "UpdateDataRetention",
    { CurrentVersion: "v", Operation: "GROW", DataRetentionChangeInHours: 1 },
    /'operation'.*enum/,
  ],
  [
    "UpdateDataRetention",
    { CurrentVersion: "v", Operation: "INCREASE_DATA_RETENTION", DataRetentionChangeInHours: 0 },
    /'dataRetentionChangeInHours'/,
  ],
  ["GetDataEndpoint", { StreamName: "a", APIName: "GET_ALL" }, /'aPIName'.*PUT_MEDIA/],
  ["TagResource", { ResourceARN: ARN, Tags: [{ Key: "k" }] }, /'tags.1.member.value'.*null/],
  ["GetMedia", { StreamName: "a", StartSelector: { StartSelectorType: "LATER" } }, /'startSelector.startSelectorType'/],
  ["PutMedia", { StreamName: "a" }, /2 validation errors.*'fragmentTimecodeType'.*'producerStartTimestamp'/],
  ["ListFragments", { StreamName: "a", MaxResults: 1001 }, /'maxResults'.*less than or equal to 1000/],
  ["GetMediaForFragmentList", { StreamName: "a", Fragments: [] }, /'fragments'.*length greater than or equal to 1/],
  ["GetMediaForFragmentList", { StreamName: "a", Fragments: ["12a"] }, /'fragments.1.member'.*pattern/],
  ["GetHLSStreamingSessionURL", { StreamName: "a", Expires: 299 }, /'expires'.*greater than or equal to 300/],
  [
    "SendAlexaOfferToMaster",
    { ChannelARN: ARN, SenderClientId: "a", MessagePayload: "{}" },
    /'messagePayload'.*pattern/,
  ],
  ["JoinStorageSessionAsViewer", { channelArn: ARN }, /'clientId'.*null/],
];

for (const [operation, input, message] of REFUSED) {
  test(`${operation} refuses ${JSON.stringify(input).slice(0, 100)}`, () => {
    assert.match(validate(inputOf(operation), input) ?? "accepted", message);
  });
}

const SCOPE = { accountId: "123456789012", region: "us-east-1" };

test("permissions name the action and the resource of the input", () => {
  const access = (name: string, input: Record<string, unknown>): [string, string, string] => {
    const { action, denied, resource } = operations.find((operation) => operation.name === name)!.access;
    return [action, denied, resource(input, SCOPE)];
  };
  assert.deepEqual(access("DescribeStream", { StreamARN: ARN }), [
    "kinesisvideo:DescribeStream",
    "NotAuthorizedException",
    ARN,
  ]);
  assert.equal(
    access("PutMedia", { StreamName: "cam" })[2],
    "arn:aws:kinesisvideo:us-east-1:123456789012:stream/cam/*",
  );
  assert.deepEqual(access("ListStreams", {}), ["kinesisvideo:ListStreams", "NotAuthorizedException", "*"]);
  assert.deepEqual(access("TagResource", { ResourceARN: ARN }), [
    "kinesisvideo:TagResource",
    "AccessDeniedException",
    ARN,
  ]);
  assert.equal(
    access("DescribeSignalingChannel", { ChannelName: "c" })[2],
    "arn:aws:kinesisvideo:us-east-1:123456789012:channel/c/*",
  );
});
