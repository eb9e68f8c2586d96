/**
 * What ffmpeg encodes is written as segments of MPEG-2 transport streams. ffprobe then finds the frames that it finds in the
 * Matroska file, at the same times, and ffmpeg decodes the same pictures and sounds without a word, of each segment and of all
 * joined.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { concatBytes, TRANSPORT_START_TICKS, type TrackSamples, transportSegment } from "@kvass/media";
import { decodedFrames, output, packetsIn, probePackets, samplesOf, segmentsOf } from "../support/media-files.ts";

const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=322x182:rate=25:duration=3"];
const SLOW_PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=192x108:rate=2:duration=6"];
const TONE = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3:sample_rate=48000"];
const LONG_TONE = ["-f", "lavfi", "-i", "sine=frequency=440:duration=12:sample_rate=48000"];
const LATE_TONE = ["-itsoffset", "0.7", ...TONE];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25"];
const H265 = [
  ...["-c:v", "libx265", "-preset", "ultrafast"],
  ...["-x265-params", "log-level=none:bframes=3:keyint=25:min-keyint=25:open-gop=0"],
];
const AAC = ["-c:a", "aac"];
const MP3 = ["-c:a", "libmp3lame"];

const SOURCES: { name: string; args: string[]; sound: boolean }[] = [
  { name: "h264-aac", args: [...PICTURE, ...TONE, ...H264, "-bf", "3", ...AAC], sound: true },
  { name: "h264-late-sound", args: [...PICTURE, ...LATE_TONE, ...H264, "-bf", "2", ...AAC], sound: true },
  { name: "h264-mp3", args: [...PICTURE, ...TONE, ...H264, "-bf", "0", ...MP3], sound: true },
  { name: "h264-slow", args: [...SLOW_PICTURE, ...H264, "-g", "4"], sound: false },
  { name: "h265-aac", args: [...PICTURE, ...TONE, ...H265, ...AAC, "-ac", "6", "-ar", "44100"], sound: true },
  { name: "aac-only", args: [...LONG_TONE, "-ar", "22050", ...AAC], sound: true },
  { name: "mp3-only", args: [...LONG_TONE, "-ar", "16000", ...MP3], sound: true },
];

/** Stamps of Matroska are whole milliseconds; those of samples are exact within a tick. */
const TOLERANCE = 0.001_05;
/** So many frames of MP3 are sure to hold all that its encoder puts before the sound. */
const LED_IN_FRAMES = 4;
const START = TRANSPORT_START_TICKS / 90_000;

const folder = mkdtempSync(join(tmpdir(), "kvass-mpegts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function encode(name: string, args: readonly string[]): string {
  const path = join(folder, `${name}.mkv`);
  output("ffmpeg", ["-v", "error", "-y", "-bitexact", ...args, path]);
  return path;
}

function save(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function segmentOf(samples: readonly TrackSamples[], baseTicks: number): Uint8Array {
  return transportSegment({
    baseTicks,
    video: samples.find(({ codec }) => codec.kind === "video"),
    audio: samples.find(({ codec }) => codec.kind === "audio"),
  });
}

/** The segments of a file, saved one by one and joined. */
function segmentFile(name: string, source: string, baseTicks = 0): { joined: string; parts: string[] } {
  const packets = packetsIn(readFileSync(source));
  const runs = segmentsOf(packets);
  // Sound that comes before the first picture belongs to its segment.
  if (new Set(runs[0]!.map(({ track }) => track)).size < new Set(packets.map(({ track }) => track)).size)
    runs.splice(0, 2, [...runs[0]!, ...runs[1]!]);
  const segments = runs.map((run) => segmentOf(samplesOf(run, packets), baseTicks));
  const parts = segments.map((segment, i) => save(`${name}.${i}.ts`, segment));
  return { joined: save(`${name}.ts`, concatBytes(segments)), parts };
}

/** Frames of both files, stream by stream: equal in count, key flags and times. */
function assertSamePackets(written: string, source: string): void {
  const expected = probePackets(source);
  const found = probePackets(written);
  assert.equal(found.length, expected.length);
  expected.forEach((packets, stream) => {
    assert.equal(found[stream]!.length, packets.length);
    packets.forEach(({ keyframe, presented }, i) => {
      const packet = found[stream]![i]!;
      assert.equal(packet.keyframe, keyframe, `packet ${i} of stream ${stream}`);
      const error = packet.presented - START - presented;
      assert.ok(Math.abs(error) <= TOLERANCE, `packet ${i} of stream ${stream} is ${error} s late`);
    });
  });
}

/**
 * Sound that both files have: Matroska tells decoders to drop what an encoder put before its beginning and behind its end, and
 * transport streams cannot.
 */
function assertSameSound(written: string, source: string): void {
  const expected = decodedFrames(source, "a");
  const found = decodedFrames(written, "a");
  const common = expected.length - LED_IN_FRAMES;
  assert.ok(common > LED_IN_FRAMES);
  assert.deepEqual(found.slice(-common, -1), expected.slice(-common, -1));
}

/** ffmpeg counts packets whose counters break among its debugging messages. */
function assertContinuous(path: string): void {
  const { stderr } = output("ffmpeg", ["-v", "debug", "-i", path, "-c", "copy", "-f", "null", "-"]);
  const broken = stderr.split("\n").filter((line) => /continuity check failed|packet corrupt/i.test(line));
  assert.deepEqual(broken, []);
}

for (const { args, name, sound } of SOURCES) {
  test(`${name} as transport segments`, () => {
    const source = encode(name, args);
    const { joined, parts } = segmentFile(name, source);
    assert.ok(parts.length > 1);
    assertSamePackets(joined, source);
    assertContinuous(joined);
    if (sound) assertSameSound(joined, source);
    if (name.endsWith("only")) return;
    const pictures = decodedFrames(source, "v");
    assert.deepEqual(decodedFrames(joined, "v"), pictures);
    assert.deepEqual(
      parts.flatMap((part) => decodedFrames(part, "v")),
      pictures,
    );
  });
}

test("times that wrap on the way play on", () => {
  const source = encode("wrapping", [...PICTURE, ...TONE, ...H264, "-bf", "2", ...AAC]);
  const { joined } = segmentFile("wrapping", source, 2 ** 33 - TRANSPORT_START_TICKS - 90_000);
  assert.deepEqual(decodedFrames(joined, "v"), decodedFrames(source, "v"));
  const times = probePackets(joined).map((packets) => packets.map(({ presented }) => presented));
  for (const [stream, sorted] of times.map((list) => list.sort((a, b) => a - b)).entries())
    assert.ok(sorted.at(-1)! - sorted[0]! < 3.1, `stream ${stream} goes on for ${sorted.at(-1)! - sorted[0]!} s`);
});
