/** Streams whose picture, timeline or clusters break: what playlists say of it, and that ffmpeg plays on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GetClipCommand, type GetHLSStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { ControlPlane } from "../conformance/support/control-plane.ts";
import { mediaPlaylistOf, Player, readable, textAt } from "../conformance/support/playback.ts";
import {
  decodeComplaints,
  makeMedia,
  makeSwitchedMedia,
  pictureAndTone,
  pictureSizes,
  probeFile,
  probePackets,
  putMedia,
  withFile,
} from "../support/media.ts";

const plane = await ControlPlane.start();
const { url } = plane.server;
const player = new Player(plane.server);
const START = Date.UTC(2026, 4, 17, 13, 48, 35);
const FRAMES_A_SECOND = 25;
const [small, large] = await Promise.all([
  makeMedia(pictureAndTone(2, { tone: false })),
  makeMedia(pictureAndTone(2, { tone: false, size: "640x360" })),
]);

/** A session of all that a stream has, by the server's clock: in the order in which it came. */
const allOf = (StreamName: string): GetHLSStreamingSessionURLInput => ({
  StreamName,
  PlaybackMode: "ON_DEMAND",
  DiscontinuityMode: "ON_DISCONTINUITY",
  HLSFragmentSelector: {
    FragmentSelectorType: "SERVER_TIMESTAMP",
    TimestampRange: { StartTimestamp: new Date(Date.now() - 600_000), EndTimestamp: new Date() },
  },
});

/** The lines of a playlist that tell where it breaks: D for a discontinuity, M and its fragment for a map, and the fragments. */
function shape(playlist: string, numbers: readonly string[]): string {
  const text = readable(playlist, numbers);
  const words =
    text.match(/#EXT-X-DISCONTINUITY\n|MAP:URI="[^"]*FragmentNumber=F\d+|^get.*FragmentNumber=F\d+/gm) ?? [];
  return words
    .map((word) => {
      if (word.startsWith("#")) return "D";
      return (word.startsWith("MAP") ? "M" : "") + /F\d+$/.exec(word)![0];
    })
    .join(" ");
}

const BREAKS: Record<string, { sent: [media: Buffer, start: number][]; expected: string }> = {
  "another picture size": {
    sent: [
      [small, 0],
      [large, 2000],
    ],
    expected: "MF0 F0 F1 D MF2 F2 F3",
  },
  "there and back": {
    sent: [
      [small, 0],
      [large, 2000],
      [small, 4000],
    ],
    expected: "MF0 F0 F1 D MF2 F2 F3 D MF4 F4 F5",
  },
  "a minute of nothing": {
    sent: [
      [small, 0],
      [small, 62_000],
    ],
    expected: "MF0 F0 F1 D F2 F3",
  },
  "a clock that goes back by an hour": {
    sent: [
      [small, 3_600_000],
      [small, 0],
    ],
    expected: "MF0 F0 F1 D F2 F3",
  },
  "a clock that jumps to another year": {
    sent: [
      [small, 0],
      [small, 4e10],
    ],
    expected: "MF0 F0 F1 D F2 F3",
  },
  "no break at all": {
    sent: [
      [small, 0],
      [small, 2000],
    ],
    expected: "MF0 F0 F1 F2 F3",
  },
};
for (const [what, { sent, expected }] of Object.entries(BREAKS)) {
  test(what, async () => {
    const stream = what.replaceAll(" ", "-");
    await plane.create(stream, { DataRetentionInHours: 24 });
    const numbers: string[] = [];
    for (const [media, offset] of sent) numbers.push(...(await putMedia(url, stream, media, START + offset)));
    const session = await player.hls(allOf(stream));
    assert.equal(shape(await textAt(mediaPlaylistOf(session)), numbers), expected);
    const frames = sent.length * 2 * FRAMES_A_SECOND;
    const transport = await player.hls({ ...allOf(stream), ContainerFormat: "MPEG_TS" });
    assert.equal(await decodeComplaints(transport), "");
    assert.equal((await probePackets(transport)).length, frames);
    assert.equal(await framesInRuns(session), frames);
  });
}

for (const codec of ["h264", "hevc"] as const) {
  test(`another picture size of ${codec} by parameter sets in its frames`, async () => {
    const stream = `in-band-${codec}`;
    await plane.create(stream, { DataRetentionInHours: 24 });
    const numbers = await putMedia(url, stream, await makeSwitchedMedia(codec), START);
    const session = await player.hls(allOf(stream));
    assert.equal(shape(await textAt(mediaPlaylistOf(session)), numbers), "MF0 F0 F1 D MF2 F2 F3 D MF4 F4 F5");
    assert.equal(await framesInRuns(session), 6 * FRAMES_A_SECOND);
    if (codec === "h264") {
      const transport = await player.hls({ ...allOf(stream), ContainerFormat: "MPEG_TS" });
      assert.equal(await decodeComplaints(transport), "");
      assert.equal((await probePackets(transport)).length, 6 * FRAMES_A_SECOND);
    }
    const { HLSFragmentSelector, DiscontinuityMode: _, ...rest } = allOf(stream);
    const manifest = await textAt(
      await player.dash({ ...rest, PlaybackMode: "ON_DEMAND", DASHFragmentSelector: HLSFragmentSelector! }),
    );
    assert.deepEqual(manifest.match(/(?<=<Representation .*)width="\d+" height="\d+"/g), [
      'width="320" height="180"',
      'width="640" height="360"',
      'width="320" height="180"',
    ]);
    const TimestampRange = { StartTimestamp: new Date(START), EndTimestamp: new Date(START + 60_000) };
    const ClipFragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;
    const { Payload } = await player.client.send(new GetClipCommand({ StreamName: stream, ClipFragmentSelector }));
    await withFile("clip.mp4", await Payload!.transformToByteArray(), async (path) => {
      assert.equal(await decodeComplaints(path), "");
      assert.deepEqual(await pictureSizes(path), ["50 320x180", "50 640x360", "50 320x180"]);
    });
  });
}

test("a clock that was set back and comes by the session's beginning again", async () => {
  await plane.create("set-back", { DataRetentionInHours: 24 });
  const numbers: string[] = [];
  for (const offset of [2000, 0, 2000]) numbers.push(...(await putMedia(url, "set-back", small, START + offset)));
  const session = await player.hls(allOf("set-back"));
  assert.equal(shape(await textAt(mediaPlaylistOf(session)), numbers), "MF0 F0 F1 D F2 F3 D F4 F5");
  assert.equal(await framesInRuns(session), 3 * 2 * FRAMES_A_SECOND);
});

/** How many frames FFmpeg decodes, without a word, of the stretches of a session between discontinuities. */
async function framesInRuns(session: string): Promise<number> {
  let frames = 0;
  for (const run of await runsOf(mediaPlaylistOf(session))) {
    await withFile("run.mp4", run, async (path) => {
      assert.equal(await decodeComplaints(path), "");
      frames += (await probePackets(path)).length;
    });
  }
  return frames;
}

/**
 * The bytes of each stretch of a playlist without a discontinuity, behind the map that holds for it: ffmpeg's HLS demuxer keeps to the first
 * map of a playlist ("Found duplicated MOOV Atom. Skipped it"), which players do not.
 */
async function runsOf(playlist: URL): Promise<Buffer[]> {
  const fetched = async (uri: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(new URL(uri, playlist))).arrayBuffer());
  const runs: Buffer[][] = [];
  let map: Buffer = Buffer.alloc(0);
  let breaks = true;
  for (const line of (await textAt(playlist)).split("\n")) {
    if (line === "#EXT-X-DISCONTINUITY") breaks = true;
    const uri = /^#EXT-X-MAP:URI="([^"]*)"/.exec(line)?.[1];
    if (uri !== undefined) map = await fetched(uri);
    if (!line.startsWith("get")) continue;
    if (breaks) runs.push([map]);
    breaks = false;
    runs.at(-1)!.push(await fetched(line));
  }
  return runs.map((run) => Buffer.concat(run));
}

test("clusters that muxers cut by size are whole segments live too", async () => {
  await plane.create("cut-by-size", { DataRetentionInHours: 24 });
  const cut = [...pictureAndTone(4, { tone: false, size: "640x360" }), "-cluster_size_limit", "15000"];
  const numbers = await putMedia(url, "cut-by-size", await makeMedia(cut), Date.now() - 5000);
  assert.ok(numbers.length > 8, `${numbers.length} fragments`);
  const session = await player.hls({ StreamName: "cut-by-size", DiscontinuityMode: "ON_DISCONTINUITY" });
  const playlist = await textAt(mediaPlaylistOf(session));
  // The fourth second is not known to be whole before the fifth begins.
  assert.deepEqual(playlist.match(/(?<=#EXTINF:)[\d.]+/g), ["1.000", "1.000", "1.000"]);
  assert.match(playlist, /#EXT-X-INDEPENDENT-SEGMENTS/);
  assert.match(playlist, /FragmentNumber=\d+&FragmentCount=\d+&SessionToken/);
});

test("clusters that muxers cut between frames which are shown in another order lose nothing", async () => {
  await plane.create("cut-and-reordered", { DataRetentionInHours: 24 });
  const cut = [...pictureAndTone(4, { reorder: 3, size: "640x360" }), "-cluster_size_limit", "4000"];
  const media = await makeMedia(cut);
  const numbers = await putMedia(url, "cut-and-reordered", media, START);
  assert.ok(numbers.length > 30, `${numbers.length} fragments`);
  const sent = await probeFile(media);
  const byProducer: GetHLSStreamingSessionURLInput = {
    ...allOf("cut-and-reordered"),
    HLSFragmentSelector: {
      FragmentSelectorType: "PRODUCER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + 60_000) },
    },
  };
  for (const input of [allOf("cut-and-reordered"), byProducer]) {
    const session = await player.hls(input);
    assert.equal((await textAt(mediaPlaylistOf(session))).match(/#EXTINF/g)?.length, 4);
    assert.equal(await decodeComplaints(session), "");
    assert.deepEqual(
      (await probePackets(session)).map(({ data_hash }) => data_hash),
      sent.map(({ data_hash }) => data_hash),
    );
  }
});
