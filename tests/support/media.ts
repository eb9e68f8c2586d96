import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PutMediaSocket, type WireAck } from "./put-media-socket.ts";
import { CREDENTIALS } from "./server.ts";

const run = promisify(execFile);
const MAX_OUTPUT = 64 * 2 ** 20;

/** A cluster for each group of pictures, as the producer SDKs make them. */
export const CLUSTER_PER_GOP = ["-cluster_time_limit", "60000", "-cluster_size_limit", "100000000"];

/** A Matroska file that ffmpeg makes of these arguments. */
export async function makeMedia(args: readonly string[]): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "kvass-media-"));
  try {
    const path = join(folder, "media.mkv");
    await run("ffmpeg", ["-v", "error", "-y", ...args, "-f", "matroska", path], { maxBuffer: MAX_OUTPUT });
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bytes of an elementary stream of two seconds of this size, with parameter sets in each of its two key frames. */
async function encode(codec: "h264" | "hevc", size: string): Promise<Buffer> {
  const encoder = codec === "h264" ? ["libx264"] : ["libx265", "-x265-params", "log-level=none:repeat-headers=1"];
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=2`, "-c:v", ...encoder];
  const groups = ["-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "25", "-keyint_min", "25"];
  const { stdout } = await run("ffmpeg", ["-v", "error", ...picture, ...groups, "-f", codec, "-"], {
    encoding: "buffer",
    maxBuffer: MAX_OUTPUT,
  });
  return stdout;
}

/** A Matroska file of two seconds each of 320x180, 640x360 and 320x180, whose only header is that of the first: the others' sets come in frames. */
export async function makeSwitchedMedia(codec: "h264" | "hevc"): Promise<Buffer> {
  const [small, large] = await Promise.all([encode(codec, "320x180"), encode(codec, "640x360")]);
  return withFile(`switched.${codec}`, Buffer.concat([small!, large!, small!]), (path) =>
    makeMedia(["-fflags", "+genpts", "-r", "25", "-i", path, "-c", "copy", ...CLUSTER_PER_GOP]),
  );
}

/** Sizes of the decoded pictures of a file, in order: how many of each. */
export async function pictureSizes(path: string): Promise<string[]> {
  const entries = ["-show_entries", "frame=width,height", "-of", "csv=p=0:s=x"];
  const { stdout } = await run("ffprobe", ["-v", "error", "-select_streams", "v", ...entries, path], {
    maxBuffer: MAX_OUTPUT,
  });
  const runs: { size: string; count: number }[] = [];
  for (const [size] of stdout.matchAll(/\d+x\d+/g)) {
    const last = runs.at(-1);
    if (last?.size === size) last.count++;
    else runs.push({ size, count: 1 });
  }
  return runs.map(({ size, count }) => `${count} ${size}`);
}

/** ffmpeg's arguments for a moving picture and a tone: H.264 with a key frame each second, and AAC. */
export function pictureAndTone(
  seconds: number,
  more: { reorder?: number; size?: string; tone?: boolean; toneSeconds?: number } = {},
): string[] {
  const { reorder = 0, size = "320x180", tone = true, toneSeconds = seconds } = more;
  return [
    ...["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=${seconds}`],
    ...(tone ? ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${toneSeconds}`] : []),
    ...[
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-pix_fmt",
      "yuv420p",
      "-bf",
      String(reorder),
      "-g",
      "25",
      "-keyint_min",
      "25",
    ],
    ...["-sc_threshold", "0", ...(tone ? ["-c:a", "aac", "-b:a", "96k"] : []), ...CLUSTER_PER_GOP],
  ];
}

/** Sends a Matroska file whose time 0 is `start` (ms since the epoch); resolves to its fragments' numbers when all are durable. */
export async function putMedia(url: string, stream: string, media: Buffer, start: number): Promise<string[]> {
  const producer = new PutMediaSocket({
    url,
    ...CREDENTIALS,
    stream,
    timecodeType: "RELATIVE",
    producerStart: (start / 1000).toFixed(3),
  });
  producer.write(media);
  producer.end();
  await producer.answered;
  producer.destroy();
  const of = (type: WireAck["EventType"]): WireAck[] => producer.acks.filter(({ EventType }) => EventType === type);
  const [error] = of("ERROR");
  if (error !== undefined || of("PERSISTED").length === 0)
    throw new Error(`PutMedia: ${JSON.stringify(producer.acks)}`);
  return of("PERSISTED").map(({ FragmentNumber }) => FragmentNumber!);
}

/** What ffmpeg says while it decodes everything at a URL: nothing, where all is well. */
export async function decodeComplaints(url: string, before: readonly string[] = []): Promise<string> {
  const { stderr } = await run("ffmpeg", ["-v", "warning", ...before, "-i", url, "-f", "null", "-"], {
    maxBuffer: MAX_OUTPUT,
  });
  return stderr;
}

/** A packet as ffprobe sees it. */
export interface ProbedPacket {
  readonly codec_type: string;
  readonly stream_index: number;
  readonly pts_time: string;
  readonly dts_time: string;
  readonly flags: string;
  readonly data_hash: string;
}

/** Runs `use` on a file of that name, which is removed behind it. */
export async function withFile<T>(name: string, content: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "kvass-media-"));
  try {
    const path = join(folder, name);
    writeFileSync(path, content);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All packets of a Matroska file. */
export const probeFile = (media: Uint8Array): Promise<ProbedPacket[]> => withFile("media.mkv", media, probePackets);

/**
 * All packets at a URL or path, first those of pictures, then those of sound. One kind at a time: where it reads both, ffmpeg's DASH demuxer
 * leaves out the last packet of the longer one, of the files that it writes itself too.
 */
export async function probePackets(url: string): Promise<ProbedPacket[]> {
  const packets: ProbedPacket[] = [];
  for (const kind of ["v", "a"]) {
    const args = [
      "-v",
      "error",
      "-select_streams",
      kind,
      "-show_packets",
      "-show_data_hash",
      "md5",
      "-of",
      "json",
      url,
    ];
    const { stdout } = await run("ffprobe", args, { maxBuffer: MAX_OUTPUT });
    packets.push(...(JSON.parse(stdout) as { packets: ProbedPacket[] }).packets);
  }
  return packets;
}
