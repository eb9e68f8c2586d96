/** AWS's quotas, with `--limits aws`: how often an operation may be called, and how much of the archive it may use. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  TagStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { makeMedia, pictureAndTone, putMedia } from "../support/media.ts";
import { RawClient } from "../support/raw-client.ts";
import { CREDENTIALS } from "../support/server.ts";
import { signedJsonRequest } from "../support/sign.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";
import { mediaPlaylistOf, Player, statusAt, textAt, urisIn } from "./support/playback.ts";

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

test("ListStreams beyond its quota is throttled, and what is within it is answered", async () => {
  // Sent at once, and signed once: a client that signs each by itself may take as long for them as the quota wants.
  const request = signedJsonRequest({ ...CREDENTIALS, url: plane.server.url, path: "/listStreams" }, {});
  const last = request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
  const connection = new RawClient(Number(new URL(plane.server.url).port));
  const received = await connection.send(request.repeat(BURST - 1) + last).untilClosed();
  const answers = received.split(/(?<=\})(?=HTTP)/);
  const refusals = answers.filter((answer) => !/^HTTP\/1\.1 200 .*"StreamInfoList":/s.test(answer));
  assert.equal(answers.length, BURST);
  assert.ok(refusals.length > 0 && refusals.length < BURST, `${refusals.length} of ${BURST} refused`);
  for (const refusal of refusals) {
    assert.match(refusal, /^HTTP\/1\.1 400 .*^x-amzn-ErrorType: ClientLimitExceededException\r$/ms);
    assert.match(refusal, /"More than 50 ListStreams calls a second\."/);
  }
});

test("what a session is asked for beyond its quotas is throttled, session by session and operation by operation", async () => {
  await client.send(new CreateStreamCommand({ StreamName: "watched", DataRetentionInHours: 1 }));
  const start = Date.now() - 60_000;
  await putMedia(plane.server.url, "watched", await makeMedia(pictureAndTone(2)), start);
  const player = new Player(plane.server);
  const range = { StartTimestamp: new Date(start - 1000), EndTimestamp: new Date(start + 60_000) };
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" as const, TimestampRange: range };
  const hls = { StreamName: "watched", PlaybackMode: "ON_DEMAND" as const, HLSFragmentSelector: selector };
  const dash = { StreamName: "watched", PlaybackMode: "ON_DEMAND" as const, DASHFragmentSelector: selector };
  const [first, second, packets] = [
    await player.hls(hls),
    await player.hls(hls),
    await player.hls({ ...hls, ContainerFormat: "MPEG_TS" }),
  ];
  const playlist = mediaPlaylistOf(first);
  const text = await textAt(playlist);
  const [init, segment] = urisIn(text, playlist);
  const [transport] = urisIn(await textAt(mediaPlaylistOf(packets)), packets);
  const called: [operation: string, url: string | URL, perSecond: number][] = [
    ["GetHLSMasterPlaylist", first, 5],
    ["GetHLSMediaPlaylist", playlist, 5],
    ["GetMP4InitFragment", init!, 5],
    ["GetMP4MediaFragment", segment!, 20],
    ["GetTSFragment", transport!, 20],
    ["GetDASHManifest", await player.dash(dash), 5],
  ];
  for (const [operation, url, perSecond] of called) {
    const answers = await Promise.all(Array.from({ length: BURST }, () => answerOf(url)));
    const refusals = answers.filter(({ status }) => status !== 200);
    assert.ok(refusals.length > 0 && refusals.length < BURST, `${operation}: ${refusals.length} refused`);
    for (const refusal of refusals) {
      assert.deepEqual(refusal, {
        status: 429,
        type: "ClientLimitExceededException",
        text: `More than ${perSecond} ${operation} calls a second on the session.\n`,
      });
    }
  }
  assert.equal(await statusAt(second), 200);
  // What low latency names its calls by buys no others.
  for (const [url, name] of [
    [first, "Part=0"],
    [segment!, "LowLatency=1"],
  ] as const) {
    const statuses = await Promise.all(Array.from({ length: BURST }, () => statusAt(`${url}&${name}`)));
    assert.ok(statuses.includes(429), name);
  }
});

test("playlists of a live session that can have no parts are counted, whatever they are asked for with", async () => {
  await client.send(new CreateStreamCommand({ StreamName: "joined", DataRetentionInHours: 1 }));
  // Half of the fragments begin with no key frame.
  const media = await makeMedia([...pictureAndTone(6), "-g", "75", "-keyint_min", "75", "-cluster_time_limit", "1500"]);
  await putMedia(plane.server.url, "joined", media, Date.now() - 6000);
  const playlist = mediaPlaylistOf(await new Player(plane.server).hls({ StreamName: "joined", PlaybackMode: "LIVE" }));
  assert.match(await textAt(playlist), /FragmentCount=2/);
  const statuses = await Promise.all(Array.from({ length: BURST }, () => statusAt(`${playlist}&LowLatency=1`)));
  assert.ok(statuses.includes(200) && statuses.includes(429), `${statuses}`);
});

async function answerOf(url: string | URL): Promise<{ status: number; type: string | null; text: string }> {
  const answer = await fetch(url);
  return { status: answer.status, type: answer.headers.get("x-amzn-errortype"), text: await answer.text() };
}

test("a list of more fragments than a second's quota is answered, and the next has to wait", async () => {
  const Fragments = Array.from({ length: 1000 }, (_, index) => String(index));
  const ask = () => archive.send(new GetMediaForFragmentListCommand({ ...stream, Fragments }));
  const { Payload } = await ask();
  assert.match(await Payload!.transformToString(), /AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE/);
  await refused(ask(), "ClientLimitExceededException", 400, /^More than 500 fragments' media a second/);
});
