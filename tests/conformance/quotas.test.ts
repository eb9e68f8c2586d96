/** AWS's quotas, with `--limits aws`: how often an operation may be called, and how much of the archive it may use. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  ListStreamsCommand,
  TagStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { ControlPlane, refused } from "./support/control-plane.ts";

const plane = await ControlPlane.start({ flags: ["--limits", "aws"] });
const { client } = plane;
const archive = new KinesisVideoArchivedMediaClient({ ...plane.server.client, maxAttempts: 1 });
after(() => archive.destroy());
await client.send(new CreateStreamCommand({ StreamName: "camera", DataRetentionInHours: 1 }));

const stream = { StreamName: "camera" };
/** Several seconds' worth of any quota here but the widest. */
const BURST = 300;
const SELECTOR = {
  FragmentSelectorType: "SERVER_TIMESTAMP" as const,
  TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(4e12) },
};

const THROTTLED: [operation: string, call: () => Promise<unknown>, message: string][] = [
  [
    "DescribeStream",
    () => client.send(new DescribeStreamCommand(stream)),
    "More than 5 DescribeStream calls a second on the stream.",
  ],
  [
    "GetDataEndpoint",
    () => client.send(new GetDataEndpointCommand({ ...stream, APIName: "PUT_MEDIA" })),
    "More than 5 GetDataEndpoint calls a second on the stream.",
  ],
  [
    "TagStream",
    () => client.send(new TagStreamCommand({ ...stream, Tags: { site: "north" } })),
    "More than 5 TagStream calls a second on the stream.",
  ],
  ["ListStreams", () => client.send(new ListStreamsCommand({})), "More than 50 ListStreams calls a second."],
  [
    "ListFragments",
    () => archive.send(new ListFragmentsCommand({ ...stream, MaxResults: 1000, FragmentSelector: SELECTOR })),
    "More than 10000 fragments' metadata a second were asked for on the stream.",
  ],
];

for (const [operation, call, message] of THROTTLED) {
  test(`${operation} beyond its quota is throttled, and what is within it is answered`, async () => {
    const results = await Promise.allSettled(Array.from({ length: BURST }, call));
    const refusals = results.filter((result) => result.status === "rejected").map(({ reason }) => reason);
    assert.ok(refusals.length > 0 && refusals.length < BURST, `${refusals.length} of ${BURST} refused`);
    for (const { name, message: text, $metadata } of refusals) {
      assert.equal(name, "ClientLimitExceededException", text);
      assert.equal($metadata.httpStatusCode, 400);
      assert.equal(text, message);
    }
  });
}

test("a list of more fragments than a second's quota is answered, and the next has to wait", async () => {
  const Fragments = Array.from({ length: 1000 }, (_, index) => String(index));
  const ask = () => archive.send(new GetMediaForFragmentListCommand({ ...stream, Fragments }));
  const { Payload } = await ask();
  assert.match(await Payload!.transformToString(), /AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE/);
  await refused(ask(), "ClientLimitExceededException", 400, /^More than 500 fragments' media a second/);
});
