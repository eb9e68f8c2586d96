/** Sound that begins after the pictures, ends before them or begins before them: it plays at its time, and ffmpeg misses nothing where there is none. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { GetClipCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { silentFrame } from "../../packages/media/src/codecs/silence.ts";
import { describeTrack, type MatroskaTrack } from "../../packages/media/src/index.ts";
import { ADTS_HEADER_BYTES, adtsSetUp, writeAdtsHeader } from "../../packages/media/src/mpegts/adts.ts";
import { ControlPlane } from "../conformance/support/control-plane.ts";
import { mediaPlaylistOf, Player, textAt, urisIn } from "../conformance/support/playback.ts";
import { kvass } from "../support/command-line.ts";
import {
  CLUSTER_PER_GOP,
  decodeComplaints,
  makeMedia,
  type ProbedPacket,
  probePackets,
  putMedia,
  withFile,
} from "../support/media.ts";

const run = promisify(execFile);
const plane = await ControlPlane.start();
const { url } = plane.server;
const player = new Player(plane.server);
const START = Date.UTC(2026, 4, 17, 13, 48, 35);
const SECONDS = 12;

/** Pictures of twelve seconds, a key frame and a cluster each second, and a tone between two of them. */
function toneWithin(from: number, to: number, codec: string): Promise<Buffer> {
  return makeMedia([
    ...["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=25:duration=${SECONDS}`],
    ...["-itsoffset", String(from), "-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${to - from}`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", codec, ...CLUSTER_PER_GOP],
  ]);
}

const SAMPLE_RATE = 48_000;
/** A tenth of the tone's height. */
const LOUD = 400;

/** When the first packet of pictures or sound is presented, in seconds. */
const firstOf = (packets: readonly ProbedPacket[]): number =>
  Math.min(...packets.map(({ pts_time }) => Number(pts_time)));

/** When the tone is heard first and last, in seconds from the beginning of what is played. */
async function heard(source: string, packets: readonly ProbedPacket[]): Promise<{ from: number; to: number }> {
  const form = ["-af", "aresample=async=1000", "-ac", "1", "-ar", String(SAMPLE_RATE), "-f", "s16le", "-"];
  const { stdout } = await run("ffmpeg", ["-i", source, "-vn", ...form], { encoding: "buffer", maxBuffer: 2 ** 24 });
  const samples = new Int16Array(Uint8Array.from(stdout).buffer);
  const isLoud = (sample: number): boolean => Math.abs(sample) > LOUD;
  const begin = firstOf(packets.filter(({ codec_type }) => codec_type === "audio")) - firstOf(packets);
  const [first, last] = [samples.findIndex(isLoud), samples.findLastIndex(isLoud)];
  return { from: begin + first / SAMPLE_RATE, to: begin + last / SAMPLE_RATE };
}

const RANGE = { StartTimestamp: new Date(START), EndTimestamp: new Date(START + 60_000) };
const SELECTOR = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: RANGE } as const;
const hls = (StreamName: string, ContainerFormat: "FRAGMENTED_MP4" | "MPEG_TS"): Promise<string> =>
  player.hls({ StreamName, ContainerFormat, PlaybackMode: "ON_DEMAND", HLSFragmentSelector: SELECTOR });

const FORMS: [what: string, open: (stream: string) => Promise<string>, codecs: readonly string[]][] = [
  ["HLS as fragmented MP4", (stream) => hls(stream, "FRAGMENTED_MP4"), ["aac", "libopus"]],
  ["HLS as MPEG-TS", (stream) => hls(stream, "MPEG_TS"), ["aac"]],
  [
    "DASH",
    (StreamName) => player.dash({ StreamName, PlaybackMode: "ON_DEMAND", DASHFragmentSelector: SELECTOR }),
    ["aac", "libopus"],
  ],
];

async function check(source: string, from: number, to: number, pictures = SECONDS * 25): Promise<ProbedPacket[]> {
  assert.equal(await decodeComplaints(source), "");
  const packets = await probePackets(source);
  const tone = await heard(source, packets);
  assert.ok(Math.abs(tone.from - from) < 0.1, `heard from ${tone.from}`);
  assert.ok(Math.abs(tone.to - to) < 0.1, `heard to ${tone.to}`);
  assert.equal(packets.filter(({ codec_type }) => codec_type === "video").length, pictures);
  return packets;
}

/** Holds a stream against `hold` as a clip, and as a session of each form that carries the codec. */
async function inEveryForm(
  stream: string,
  codec: string,
  hold: (source: string, form: string) => Promise<unknown>,
): Promise<void> {
  for (const [form, open, codecs] of FORMS) {
    if (codecs.includes(codec)) await test(form, async () => void (await hold(await open(stream), form)));
  }
  const { Payload } = await player.client.send(
    new GetClipCommand({ StreamName: stream, ClipFragmentSelector: SELECTOR }),
  );
  const clip = await Payload!.transformToByteArray();
  await withFile("clip.mp4", clip, (path) => hold(path, "clip"));
}

for (const codec of ["aac", "libopus"]) {
  for (const [what, from, to] of [
    ["begins after seven seconds", 7.3, SECONDS],
    ["ends before the last five", 0, 6.7],
  ] as const) {
    test(`${codec} that ${what} plays at its time in every form`, async () => {
      const stream = `${codec}-${from}`;
      await plane.create(stream, { DataRetentionInHours: 24 });
      await putMedia(url, stream, await toneWithin(from, to, codec), START);
      await inEveryForm(stream, codec, (source) => check(source, from, to));
    });
  }
}

/** When the pictures begin in the media of `toneBefore`, in seconds. */
const LATE = 3.2;

/** A tone of twelve seconds and pictures that begin within; clusters are as ffmpeg cuts them. */
function toneBefore(codec: string, clusters: readonly string[]): Promise<Buffer> {
  return makeMedia([
    ...["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`],
    ...["-itsoffset", String(LATE), "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=25:duration=${SECONDS - LATE}`],
    ...["-map", "1:v", "-map", "0:a", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", codec],
    ...clusters,
  ]);
}

/** Holds that sound is heard from the beginning, and each picture but the first is shown at its time. */
async function checkBefore(source: string, firstAt: number): Promise<void> {
  const packets = await check(source, 0, SECONDS, Math.round((SECONDS - LATE) * 25));
  const begin = firstOf(packets);
  const shown = packets.filter(({ codec_type }) => codec_type === "video").map(({ pts_time }) => Number(pts_time));
  const [first, second] = shown.sort((a, b) => a - b);
  assert.ok(Math.abs(first! - begin - firstAt) < 0.05, `the first picture at ${first! - begin}`);
  assert.ok(Math.abs(second! - begin - LATE - 0.04) < 0.05, `the second at ${second! - begin}`);
}

type Store = (stream: string, media: Buffer) => Promise<unknown>;
const asIs: Store = (stream, media) => putMedia(url, stream, media, START);
/** Puts the sound before the pictures into the fragment of the first ones. */
const byCommand: Store = (stream, media) =>
  withFile("media.mkv", media, async (path) => {
    const put = ["put", stream, path, "--start-timestamp", String(START), "--data", plane.server.data];
    const { status, stderr } = await kvass(put);
    assert.equal(status, 0, stderr);
  });

for (const [what, clusters, store] of [
  ["fragments of its own", CLUSTER_PER_GOP, asIs],
  ["clusters cut by time", ["-cluster_time_limit", "500"], asIs],
  ["the fragment of the first pictures", CLUSTER_PER_GOP, byCommand],
] as [string, readonly string[], Store][]) {
  for (const codec of ["aac", "libopus"]) {
    test(`${codec} that begins before the pictures, in ${what}, plays from its beginning in every form`, async () => {
      const stream = `${codec}-in-${what.replaceAll(" ", "-")}`;
      await plane.create(stream, { DataRetentionInHours: 24 });
      await store(stream, await toneBefore(codec, clusters));
      await inEveryForm(stream, codec, (source, form) => checkBefore(source, form === "clip" ? LATE : 0));
    });
  }
}

/** AudioSpecificConfig of AAC LC at 48 kHz. */
const configurationOf = (channels: number): Uint8Array => Uint8Array.of(0x11, 0x80 | (channels << 3));

for (let channels = 1; channels <= 7; channels++) {
  test(`a silent AAC frame of channel configuration ${channels} decodes to silence, without a word`, async () => {
    const track = { codecId: "A_AAC", codecPrivate: configurationOf(channels) } as unknown as MatroskaTrack;
    const codec = describeTrack(track);
    assert.ok(codec.kind === "audio");
    const frame = silentFrame(codec)!;
    const adts = Buffer.alloc(ADTS_HEADER_BYTES + frame.length);
    adts.set(frame, writeAdtsHeader(adts, 0, adtsSetUp(codec, "A_AAC"), frame.length));
    await withFile("silence.aac", Buffer.concat(Array.from({ length: 20 }, () => adts)), async (path) => {
      const decoding = ["-v", "warning", "-f", "aac", "-i", path, "-f", "s16le", "-"];
      const { stdout, stderr } = await run("ffmpeg", decoding, { encoding: "buffer", maxBuffer: 2 ** 24 });
      assert.equal(stderr.toString().replace(/^.*Estimating duration from bitrate.*\n/gm, ""), "");
      assert.equal(stdout.length, 20 * 1024 * 2 * codec.channels);
      assert.ok(stdout.every((byte) => byte === 0));
    });
  });
}

test("sound that a producer leaves out for a while is silence meanwhile", async () => {
  const stream = "left-out";
  await plane.create(stream, { DataRetentionInHours: 24 });
  const pictures = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"];
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=3", "-c:a", "aac"];
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", ...CLUSTER_PER_GOP];
  const [both, silent] = await Promise.all([
    makeMedia([...pictures, ...tone, ...coded]),
    makeMedia([...pictures, ...coded]),
  ]);
  for (const [place, media] of [both, silent, both].entries()) await putMedia(url, stream, media, START + place * 3000);
  const session = await hls(stream, "FRAGMENTED_MP4");
  const frames: Record<string, number> = {};
  for (const [track, codec] of ["h264", "aac"].entries()) {
    const at = mediaPlaylistOf(session, track + 1);
    const playlist = await textAt(at);
    const maps = [...playlist.matchAll(/MAP:URI="([^"]*)"/g)].map(([, uri]) => new URL(uri!, at));
    assert.equal(maps.length, 3);
    // The segments without sound are those in the middle.
    const init = Buffer.from(await (await fetch(maps[1]!)).arrayBuffer());
    const uris = urisIn(playlist, at).filter((uri) => uri.includes("getMP4MediaFragment"));
    const media = await Promise.all(uris.map(async (uri) => Buffer.from(await (await fetch(uri)).arrayBuffer())));
    assert.equal(media.length, 9);
    await withFile("left-out.mp4", Buffer.concat([init, ...media.slice(3, 6)]), async (path) => {
      assert.equal(await decodeComplaints(path), "");
      frames[codec] = (await probePackets(path)).length;
    });
  }
  assert.equal(frames.h264, 75);
  // The last one of each segment lasts up to a quarter of a second longer.
  assert.ok(frames.aac! >= 3 * 34 && frames.aac! <= 3 * 47, `${frames.aac} frames of silence`);
  const manifest = await textAt(
    await player.dash({ StreamName: stream, PlaybackMode: "ON_DEMAND", DASHFragmentSelector: SELECTOR }),
  );
  const sets = manifest.split("<Period ").slice(1);
  assert.deepEqual(
    sets.map((period) => period.match(/contentType="\w+"/g)),
    sets.map(() => ['contentType="video"', 'contentType="audio"']),
  );
  assert.equal(sets.length, 3);
});

test("where a producer leaves out its pictures for a while, one stays, and FFmpeg goes on behind it with both", async () => {
  const stream = "dark";
  await plane.create(stream, { DataRetentionInHours: 24 });
  const pictures = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"];
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=3", "-c:a", "aac"];
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", ...CLUSTER_PER_GOP];
  const [both, dark] = await Promise.all([
    makeMedia([...pictures, ...tone, ...coded]),
    makeMedia([...tone, "-cluster_time_limit", "1000"]),
  ]);
  const numbers: string[][] = [];
  for (const [place, media] of [both, dark, both].entries()) {
    numbers.push(await putMedia(url, stream, media, START + place * 3000));
  }
  const packets = await probePackets(await hls(stream, "FRAGMENTED_MP4"));
  const [seen, sounds] = ["video", "audio"].map((kind) => packets.filter(({ codec_type }) => codec_type === kind));
  assert.equal(seen!.length, 75 + numbers[1]!.length + 75);
  for (const all of [seen!, sounds!]) {
    const times = all.map(({ pts_time }) => Number(pts_time));
    assert.ok(Math.max(...times) - Math.min(...times) > 8.9, `${times}`);
  }
  assert.ok(sounds!.length > 9 * 46, `${sounds!.length} frames of sound`);
});
