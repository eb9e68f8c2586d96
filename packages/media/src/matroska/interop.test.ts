import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileSample, frame, getMediaSample, producerSdkSample } from "../../test/samples.ts";
import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  infoElement,
  MatroskaDemuxer,
  type MatroskaPacket,
  segmentHeader,
  simpleBlock,
  tags,
  tracksElement,
  voidElement,
} from "../index.ts";

const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const ffmpegMissing = has("ffmpeg", "-version") && has("ffprobe", "-version") ? false : "ffmpeg is not installed";
/** Where the locale is C, mkvinfo drops what is not ASCII. */
const UTF8 = { ...process.env, LC_ALL: "C.UTF-8" };
const mkvinfoMissing = has("mkvinfo", "--version") ? false : "mkvtoolnix is not installed";
const folder = mkdtempSync(join(tmpdir(), "kvass-media-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function demux(bytes: Uint8Array, chunkSize: number): MatroskaPacket[] {
  const packets: MatroskaPacket[] = [];
  const demuxer = new MatroskaDemuxer({ onPacket: (packet) => packets.push(packet) });
  for (let at = 0; at < bytes.length; at += chunkSize) demuxer.feed(bytes.subarray(at, at + chunkSize));
  demuxer.end();
  return packets;
}

interface ProbedPacket {
  stream_index: number;
  pts: number;
  size: string;
  flags: string;
}

function probe(path: string): ProbedPacket[] {
  const run = spawnSync("ffprobe", ["-v", "error", "-show_packets", "-of", "json", path], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return (JSON.parse(run.stdout) as { packets: ProbedPacket[] }).packets;
}

function makeFile(name: string, ...muxing: string[]): string {
  const path = join(folder, name);
  const video = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
  const audio = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-c:a", "aac"];
  const run = spawnSync("ffmpeg", ["-v", "error", ...video, ...audio, "-t", "6", ...codecs, ...muxing, path], {
    encoding: "utf8",
  });
  assert.equal(run.status, 0, run.stderr);
  return path;
}

const FORMS: [string, string[]][] = [
  ["file.mkv", []],
  ["live.mkv", ["-f", "matroska", "-live", "1", "-cluster_time_limit", "2000"]],
  ["cues-first.mkv", ["-reserve_index_space", "4096"]],
];

for (const [name, muxing] of FORMS) {
  test(`ffprobe finds the same packets: ${name}`, { skip: ffmpegMissing }, () => {
    const path = makeFile(name, ...muxing);
    const expected = probe(path).map(({ stream_index, pts, size, flags }) => [
      stream_index + 1,
      pts,
      +size,
      flags[0] === "K",
    ]);
    const bytes = readFileSync(path);
    for (const chunkSize of [1000, bytes.length]) {
      const found = demux(bytes, chunkSize).map(({ track, timecode, data, keyframe }) => [
        track.number,
        timecode,
        data.length,
        keyframe,
      ]);
      assert.deepEqual(found, expected);
    }
  });
}

test("ffprobe finds in the samples what they are made of", { skip: ffmpegMissing }, () => {
  for (const sample of [producerSdkSample(), fileSample()]) {
    const path = join(folder, "sample.mkv");
    writeFileSync(path, sample.bytes);
    const sizes = probe(path).map(({ size }) => +size);
    const frames = sample.clusters.flatMap(({ blocks }) => blocks.flatMap((block) => block.frames));
    assert.deepEqual(
      sizes.filter((size) => size > 0),
      frames.map(({ length }) => length).filter((length) => length > 0),
    );
  }
});

test("mkvinfo finds no fault in what the writer writes", { skip: mkvinfoMissing }, () => {
  const block = simpleBlock({ trackNumber: 1, relativeTimecode: 40, keyframe: true }, frame(1, 500));
  const written = concatBytes([
    ebmlHeader(),
    segmentHeader(),
    infoElement({ title: "título", muxingApp: "Kvass", writingApp: "Kvass", timecodeScaleNs: 1_000_000 }),
    voidElement(200),
    tracksElement([
      {
        number: 1,
        type: "video",
        codecId: "V_MPEG4/ISO/AVC",
        codecPrivate: frame(2, 20),
        video: { pixelWidth: 64, pixelHeight: 64 },
      },
      { number: 2, type: "audio", codecId: "A_AAC", audio: { samplingFrequency: 44_100, channels: 2, bitDepth: 16 } },
    ]),
    tags([["place", "gate 7"]]),
    clusterHeader(1_711_124_585_823, block.length),
    block,
    clusterHeader(1_711_124_587_823, block.length),
    block,
  ]);
  const path = join(folder, "written.mkv");
  writeFileSync(path, written);
  const { stdout, status } = spawnSync("mkvinfo", ["--all", path], { encoding: "utf8", env: UTF8 });
  assert.equal(status, 0, stdout);
  assert.doesNotMatch(stdout, /error|invalid|unknown element/i);
  for (const line of [
    /Title: título/,
    /Codec ID: V_MPEG4\/ISO\/AVC/,
    /Channels: 2/,
    /String: gate 7/,
    /Frame with size 500/,
  ]) {
    assert.match(stdout, line);
  }
});

test("mkvinfo finds no fault in a chunk of a GetMedia response", { skip: mkvinfoMissing }, () => {
  const { bytes } = getMediaSample();
  const path = join(folder, "chunk.mkv");
  writeFileSync(path, bytes.subarray(0, bytes.length / 2));
  const { stdout, status } = spawnSync("mkvinfo", ["--all", path], { encoding: "utf8", env: UTF8 });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /Name: AWS_KINESISVIDEO_CONTINUATION_TOKEN/);
});
