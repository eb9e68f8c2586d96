/**
 * What ffmpeg encodes goes in by PutMedia and comes out as MP4 by GetClip: with every frame, at its time, read alike by ffprobe, mediabunny and
 * mp4box, and decoded without a word. What GetMediaForFragmentList gives is remuxed by ffmpeg without a word, too.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type FragmentSelectorType,
  GetClipCommand,
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { BufferSource, EncodedPacketSink, Input, MP4 } from "mediabunny";
import { createFile, MP4BoxBuffer } from "mp4box";
import { kvass } from "../support/command-line.ts";
import { decodedFrames, output, type ProbedPacket, probePackets } from "../support/media-files.ts";
import { TestServer } from "../support/server.ts";

const START = Date.UTC(2026, 0, 1);
/** Stamps of Matroska are whole milliseconds; those of samples are exact within a tick. */
const TOLERANCE_SECONDS = 0.001_05;

const PICTURE = "-f lavfi -i testsrc2=size=322x182:rate=25:duration=6";
const FEW_PICTURES = "-f lavfi -i testsrc2=size=192x108:rate=10:duration=4";
const TONE = "-f lavfi -i sine=frequency=440:duration=6:sample_rate=48000";
const LOW_TONE = "-f lavfi -i sine=frequency=220:duration=6:sample_rate=48000";
const LATE_TONE = `-itsoffset 0.7 ${TONE}`;
const H264 = "-c:v libx264 -preset ultrafast -g 25";
const H265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=3:keyint=25";
/** A Cluster at each key frame and where 50 kB are full, as ffmpeg cuts what it sends over a network. */
const SMALL_CLUSTERS = "-f matroska -live 1";

/** `regrouped` is the stream whose sound readers may cut anew, as they do with G.711. */
const SOURCES: { name: string; args: string; asIs?: boolean; regrouped?: number }[] = [
  { name: "h264-b-frames-aac", args: `${PICTURE} ${TONE} ${H264} -bf 3 -c:a aac` },
  { name: "h264-open-gop", args: `${PICTURE} -c:v libx264 -preset veryfast -bf 3 -g 25 -x264-params open-gop=1` },
  { name: "h264-late-sound", args: `${PICTURE} ${LATE_TONE} ${H264} -bf 2 -c:a aac` },
  { name: "h264-alaw", args: `${PICTURE} ${TONE} ${H264} -c:a pcm_alaw -ar 8000`, regrouped: 1 },
  { name: "h265-opus", args: `${PICTURE} ${TONE} ${H265} -c:a libopus` },
  { name: "av1-aac", args: `${FEW_PICTURES} ${TONE} -c:v libaom-av1 -cpu-used 8 -g 10 -c:a aac` },
  { name: "vp9", args: `${FEW_PICTURES} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 10` },
  { name: "aac-only", args: `${TONE} -ar 44100 -c:a aac` },
  {
    name: "two-sounds",
    args: `${PICTURE} ${TONE} ${LOW_TONE} -map 0 -map 1 -map 2 ${H264} -bf 2 -c:a aac -cluster_time_limit 1000`,
    asIs: true,
  },
  { name: "small-clusters", args: `${PICTURE} ${TONE} ${H264} -b:v 3M -c:a aac ${SMALL_CLUSTERS}`, asIs: true },
  {
    name: "small-clusters-b-frames",
    args: `${PICTURE} ${TONE} -c:v libx264 -preset veryfast -bf 3 -g 50 -b:v 3M -c:a aac ${SMALL_CLUSTERS}`,
    asIs: true,
  },
];

const folder = mkdtempSync(join(tmpdir(), "kvass-clip-"));
let server: TestServer;
let client: KinesisVideoArchivedMediaClient;
before(async () => {
  server = await TestServer.start();
  client = new KinesisVideoArchivedMediaClient({ ...server.client, maxAttempts: 1 });
});
after(async () => {
  client.destroy();
  await server.stop();
  rmSync(folder, { recursive: true });
});

function encode(name: string, args: string): string {
  const path = join(folder, `${name}.mkv`);
  output("ffmpeg", ["-v", "error", "-y", ...args.split(" "), path]);
  return path;
}

/** Sends a file so that its time 0 is `at`. */
async function put(stream: string, path: string, at: number, ...flags: string[]): Promise<void> {
  const start = ["--create", "--start-timestamp", String(at), "--data", server.data];
  const { status, stderr } = await kvass(["put", stream, path, ...start, ...flags]);
  assert.equal(status, 0, stderr);
}

async function clip(
  stream: string,
  from: number,
  to: number,
  type: FragmentSelectorType = "PRODUCER_TIMESTAMP",
): Promise<{ path: string; bytes: Uint8Array }> {
  const TimestampRange = { StartTimestamp: new Date(from), EndTimestamp: new Date(to) };
  const ClipFragmentSelector = { FragmentSelectorType: type, TimestampRange };
  const { Payload, ContentType } = await client.send(new GetClipCommand({ StreamName: stream, ClipFragmentSelector }));
  assert.equal(ContentType, "video/mp4");
  const bytes = await Payload!.transformToByteArray();
  const path = join(folder, `${stream}-${type}-${from - START}.mp4`);
  writeFileSync(path, bytes);
  return { path, bytes };
}

/** A digest of all packets' data, stream by stream. */
const hashes = (path: string): string =>
  output("ffmpeg", ["-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "streamhash", "-"]).stdout;

const totalBytes = (packets: readonly ProbedPacket[]): number => packets.reduce((sum, { bytes }) => sum + bytes, 0);

/** The same packets at the same distance from the first of all; flags too, except where the file has none for sound. */
function assertSamePackets(own: readonly ProbedPacket[][], sent: readonly ProbedPacket[][], regrouped?: number): void {
  const begin = (streams: readonly ProbedPacket[][]): number =>
    Math.min(...streams.flat().map(({ presented }) => presented));
  const shift = begin(own) - begin(sent);
  assert.equal(own.length, sent.length);
  sent.forEach((packets, stream) => {
    if (stream === regrouped) {
      assert.equal(totalBytes(own[stream]!), totalBytes(packets));
      return;
    }
    assert.deepEqual(
      own[stream]!.map(({ bytes, keyframe }) => [bytes, keyframe]),
      packets.map(({ bytes, keyframe }) => [bytes, keyframe]),
    );
    packets.forEach(({ presented }, i) => {
      const off = Math.abs(own[stream]![i]!.presented - presented - shift);
      assert.ok(off <= TOLERANCE_SECONDS, `packet ${i} of stream ${stream} is ${off} s off`);
    });
  });
}

async function readByMediabunny(bytes: Uint8Array): Promise<ProbedPacket[][]> {
  const input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const streams: ProbedPacket[][] = [];
  for (const [stream, track] of (await input.getTracks()).entries()) {
    const packets: ProbedPacket[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) {
      packets.push({ stream, presented: packet.timestamp, bytes: packet.byteLength, keyframe: packet.type === "key" });
    }
    streams.push(packets);
  }
  input.dispose();
  return streams;
}

/** mp4box has nothing to complain of, and its samples have the sizes and flags of the packets. */
function assertReadByMp4box(bytes: Uint8Array, sent: readonly ProbedPacket[][], regrouped?: number): void {
  const file = createFile(true);
  const problems: string[] = [];
  file.onError = (module, message) => problems.push(`${module}: ${message}`);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer, 0), true);
  file.flush();
  assert.deepEqual(problems, []);
  const order = file.boxes.map(({ type }) => type);
  assert.deepEqual(order, ["ftyp", "moov", "mdat"]);
  sent.forEach((packets, stream) => {
    if (stream === regrouped) return;
    const samples = file.getTrackSamplesInfo(stream + 1);
    assert.deepEqual(
      samples.map(({ size, is_sync }) => [size, is_sync]),
      packets.map(({ bytes: size, keyframe }) => [size, keyframe]),
    );
  });
}

for (const { name, args, asIs = false, regrouped } of SOURCES) {
  test(`${name}: a clip holds every frame at its time, and all readers agree`, async () => {
    const source = encode(name, args);
    await put(name, source, START, ...(asIs ? ["--as-is"] : []));
    const { path, bytes } = await clip(name, START - 1000, START + 60_000);
    const sent = probePackets(source);
    assertSamePackets(probePackets(path), sent, regrouped);
    assert.equal(hashes(path), hashes(source));
    assertSamePackets(await readByMediabunny(bytes), sent, regrouped);
    assertReadByMp4box(bytes, sent, regrouped);
    sent.forEach((_, stream) => {
      if (stream !== regrouped) assert.ok(decodedFrames(path, String(stream)).length > 10);
    });
    const { bytes: byServer } = await clip(name, Date.now() - 3_600_000, Date.now(), "SERVER_TIMESTAMP");
    assert.deepEqual(Buffer.compare(byServer, bytes), 0);
  });
}

test("a clip out of the middle begins with a key frame and decodes alone", async () => {
  for (const stream of ["h264-b-frames-aac", "small-clusters-b-frames"]) {
    const { path, bytes } = await clip(stream, START + 2500, START + 4500);
    const [video] = probePackets(path);
    assert.ok(video![0]!.keyframe);
    assert.ok(video!.length >= 50 && video!.length < 150, `${video!.length} frames`);
    // A decoder that lacked a reference would say so.
    assert.equal(decodedFrames(path, "v").length, video!.length);
    assert.deepEqual(
      (await readByMediabunny(bytes)).map((packets) => packets.length),
      probePackets(path).map((packets) => packets.length),
    );
  }
});

test("recordings with a pause between them play on, sound with picture", async () => {
  const source = encode("paused", `${PICTURE} ${TONE} ${H264} -bf 2 -c:a aac`);
  await put("paused", source, START);
  await put("paused", source, START + 3_600_000);
  // The producer's clock is set back.
  await put("set-back", source, START + 3_600_000);
  await put("set-back", source, START);
  const whole = await clip("paused", START - 1000, START + 7_200_000);
  const setBack = await clip("set-back", Date.now() - 3_600_000, Date.now(), "SERVER_TIMESTAMP");
  for (const { path } of [whole, setBack]) {
    const [video, audio] = probePackets(path);
    assert.equal(video!.length, 300);
    assert.ok(Math.abs(video!.at(-1)!.presented - 12) < 0.3, `${video!.at(-1)!.presented}`);
    assert.ok(Math.abs(audio!.at(-1)!.presented - 12) < 0.3, `${audio!.at(-1)!.presented}`);
    assert.equal(decodedFrames(path, "v").length, 300);
  }
  const [video] = probePackets(whole.path);
  const distances = video!.map(({ presented }) => presented).sort((a, b) => a - b);
  const longest = Math.max(...distances.slice(1).map((time, i) => time - distances[i]!));
  assert.ok(longest < 0.2, `${longest} s without a picture`);
});

test("what GetMediaForFragmentList gives is remuxed by ffmpeg without a word", async () => {
  for (const [stream, form] of [
    ["h264-b-frames-aac", "mp4"],
    ["h264-late-sound", "mp4"],
    ["h265-opus", "mkv"],
  ]) {
    const TimestampRange = { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + 60_000) };
    const FragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" as const, TimestampRange };
    const { Fragments } = await client.send(new ListFragmentsCommand({ StreamName: stream, FragmentSelector }));
    const numbers = Fragments!.map(({ FragmentNumber }) => FragmentNumber!);
    for (const [index, number] of numbers.entries()) {
      const command = new GetMediaForFragmentListCommand({ StreamName: stream, Fragments: [number] });
      const { Payload } = await client.send(command);
      const path = join(folder, `${stream}-${index}.mkv`);
      writeFileSync(path, await Payload!.transformToByteArray());
      const remuxed = join(folder, `${stream}-${index}-remuxed.${form}`);
      const { stderr } = output("ffmpeg", ["-v", "warning", "-y", "-i", path, "-map", "0", "-c", "copy", remuxed]);
      assert.equal(stderr, "");
      assert.equal(hashes(remuxed), hashes(path));
    }
  }
});
