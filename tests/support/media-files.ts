/** Matroska files that ffmpeg makes, the samples that they hold, and MP4 files made of those. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  assembleSamples,
  concatBytes,
  describeTrack,
  initSegment,
  MatroskaDemuxer,
  type MatroskaPacket,
  type MediaSegment,
  type Mp4Track,
  mediaSegment,
  ProgressiveLayout,
  rebase,
  type TrackSamples,
} from "@kvass/media";

const MAX_OUTPUT = 256 * 2 ** 20;

/** What a program prints; fails where it does not succeed. */
export function output(command: string, args: readonly string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: MAX_OUTPUT });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stderr}`);
  return { stdout, stderr };
}

/** A packet as ffprobe shows it. */
export interface ProbedPacket {
  stream: number;
  /** Seconds. */
  presented: number;
  bytes: number;
  keyframe: boolean;
}

/** The packets of a file in the order of each stream, streams in their own order. */
export function probePackets(path: string): ProbedPacket[][] {
  const entries = "packet=stream_index,pts_time,size,flags";
  const args = ["-v", "warning", "-show_entries", entries, "-of", "json", path];
  const { stdout, stderr } = output("ffprobe", args);
  assert.equal(stderr, "");
  const { packets } = JSON.parse(stdout) as {
    packets: { stream_index: number; pts_time: string; size: string; flags: string }[];
  };
  const streams: ProbedPacket[][] = [];
  for (const { stream_index, pts_time, size, flags } of packets) {
    const packet = { stream: stream_index, presented: +pts_time, bytes: +size, keyframe: flags[0] === "K" };
    streams[stream_index] ??= [];
    streams[stream_index].push(packet);
  }
  return streams;
}

/** What ffmpeg says of every file with G.711: channels are counted there, not placed. */
const GUESS = /^Guessed Channel Layout for Input Stream #0\.\d : mono\n/gm;

/** A digest of each decoded picture or run of sound of one stream, without times. Fails where ffmpeg says a word. */
export function decodedFrames(path: string, stream: string): string[] {
  const decoding = ["-v", "warning", "-i", path, "-map", `0:${stream}`, "-fps_mode", "passthrough"];
  const { stdout, stderr } = output("ffmpeg", [...decoding, "-f", "framemd5", "-"]);
  assert.equal(stderr.replace(GUESS, ""), "");
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.split(",").at(-1)!.trim());
}

/** A digest of all sound of one stream. Fails where ffmpeg says a word. */
export function decodedSound(path: string, stream: string): string {
  const { stdout, stderr } = output("ffmpeg", ["-v", "warning", "-i", path, "-map", `0:${stream}`, "-f", "md5", "-"]);
  assert.equal(stderr.replace(GUESS, ""), "");
  return stdout;
}

/** All packets of a Matroska file. */
export function packetsIn(bytes: Uint8Array): MatroskaPacket[] {
  const packets: MatroskaPacket[] = [];
  const demuxer = new MatroskaDemuxer({ onPacket: (packet) => packets.push(packet) });
  demuxer.feed(bytes);
  demuxer.end();
  return packets;
}

/** Packets in runs that each begin with a key frame of the video, or with every hundredth frame where there is none. */
export function segmentsOf(packets: readonly MatroskaPacket[]): MatroskaPacket[][] {
  const video = packets.some(({ track }) => track.type === "video");
  const segments: MatroskaPacket[][] = [];
  packets.forEach((packet, i) => {
    const begins = video ? packet.track.type === "video" && packet.keyframe : i % 100 === 0;
    if (begins || segments.length === 0) segments.push([]);
    segments.at(-1)!.push(packet);
  });
  return segments;
}

/** Samples of each track of a run of packets, by track number. */
export function samplesOf(packets: readonly MatroskaPacket[], all = packets): TrackSamples[] {
  const numbers = [...new Set(all.map(({ track }) => track.number))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const first = all.find(({ track, keyframe }) => track.number === number && keyframe)!;
    const own = packets.filter(({ track }) => track.number === number);
    return assembleSamples(first.track, describeTrack(first.track, first.data), own);
  });
}

/** The tracks of a file with these samples, with ids from 1. */
export function mp4Tracks(samples: readonly TrackSamples[]): Mp4Track[] {
  return samples.map(({ codec, timescale, track }, i) => ({ id: i + 1, codec, timescale, language: track.language }));
}

/** A fragmented file of several segments, `shift` seconds later than the packets' times. */
export function fragmentedFile(packets: readonly MatroskaPacket[], shift: number): Uint8Array {
  const init = initSegment(mp4Tracks(samplesOf(packets)));
  const parts = segmentsOf(packets).map((run, i): Uint8Array => {
    const tracks = samplesOf(run, packets).map((samples, track) => ({ id: track + 1, samples }));
    const segment: MediaSegment = mediaSegment({ sequence: i + 1, tracks });
    const head = rebase(
      segment,
      tracks.map(({ samples }) => samples.timescale * shift),
    );
    return concatBytes([head, ...segment.payload]);
  });
  return concatBytes([init, ...parts]);
}

/** A progressive file, interleaved by the segments of the packets. */
export function progressiveFile(packets: readonly MatroskaPacket[]): Uint8Array {
  const layout = new ProgressiveLayout(mp4Tracks(samplesOf(packets)));
  const payload: Uint8Array[] = [];
  for (const run of segmentsOf(packets)) {
    samplesOf(run, packets).forEach(({ samples }, track) => {
      layout.addSamples(track + 1, samples);
      payload.push(...samples.map(({ data }) => data));
    });
  }
  return concatBytes([layout.head(), ...payload]);
}
