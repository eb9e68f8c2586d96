/**
 * GetClip of ten minutes of 720p at 6 Mbit/s beside what copies the same packets from a file into an MP4 file: ffmpeg as a whole process, ffmpeg
 * with the header first, which GetClip's answer has too, and mediabunny from opening to closing its files. GetClip reads, unseals and sends
 * over the loopback interface to a client that only counts; time is that from the request to the last byte.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kvass } from "../tests/support/command-line.ts";
import { CREDENTIALS, type TestServer } from "../tests/support/server.ts";
import { signedJsonRequest } from "../tests/support/sign.ts";
import { type BenchRow, median } from "./row.ts";
import { makeCameraFile } from "./support/camera-file.ts";
import { ChunkedResponse } from "./support/chunked-response.ts";
import { alone, atLeastTimes, atMost, compared, inTurn } from "./support/goals.ts";
import { residentBytes } from "./support/memory.ts";
import { startServer } from "./support/server.ts";

const TURNS = 5;
const STREAM = "camera";
const START = Date.UTC(2026, 0, 1);
const HOUR_SECONDS = 3600;
const TimestampRange = { StartTimestamp: START / 1000 - 1, EndTimestamp: START / 1000 + HOUR_SECONDS };
const INPUT = {
  StreamName: STREAM,
  ClipFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange },
};
const CLIENT_BUFFER_BYTES = 256 * 1024;
const MAX_FIRST_BYTE_MS = 100;
/** The server's own, its caches and what it holds of a clip; a clip in memory would take 300 MB more. */
const MAX_MEMORY_MB = 300;
const run = promisify(execFile);

interface Sent {
  readonly mbPerSecond: number;
  readonly firstByteMs: number;
}

/** One clip, read into the same memory over and over, so that the client costs little. */
async function clip(url: string): Promise<Sent> {
  const { hostname, port } = new URL(url);
  const begun = performance.now();
  let bytes = 0;
  let firstByteMs = Number.NaN;
  const response = new ChunkedResponse((body) => {
    if (bytes === 0) firstByteMs = performance.now() - begun;
    bytes += body.length;
  });
  const buffer = Buffer.alloc(CLIENT_BUFFER_BYTES);
  const callback = (count: number): boolean => {
    response.feed(buffer.subarray(0, count));
    if (response.ended) socket.destroy();
    return true;
  };
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer, callback } });
  socket.write(signedJsonRequest({ url, path: "/getClip", ...CREDENTIALS }, INPUT));
  await once(socket, "close");
  if (!response.ended || response.status !== 200)
    throw new Error(`GetClip answered ${response.status}, ${bytes} bytes`);
  return { mbPerSecond: bytes / 1000 / (performance.now() - begun), firstByteMs };
}

/** MB/s of a whole ffmpeg, start included. */
async function ffmpeg(source: string, target: string, flags: readonly string[]): Promise<number> {
  const begun = performance.now();
  await run("ffmpeg", ["-v", "error", "-y", "-i", source, "-map", "0", "-c", "copy", ...flags, target]);
  const ms = performance.now() - begun;
  const { size } = await stat(target);
  await rm(target);
  return size / 1000 / ms;
}

async function mediabunny(source: string, target: string): Promise<number> {
  const script = join(import.meta.dirname, "references/mediabunny-mp4.ts");
  const { stdout } = await run(process.execPath, [script, source, target]);
  const { bytes, ms } = JSON.parse(stdout) as { bytes: number; ms: number };
  await rm(target);
  return bytes / 1000 / ms;
}

async function measure(server: TestServer, source: string, folder: string): Promise<BenchRow[]> {
  const target = join(folder, "copy.mp4");
  const firstBytes: number[] = [];
  const product = async (): Promise<number> => {
    const { mbPerSecond, firstByteMs } = await clip(server.url);
    firstBytes.push(firstByteMs);
    return mbPerSecond;
  };
  // The first one compiles the code on both sides.
  await clip(server.url);
  const name = `GetClip of ${Math.round((await stat(source)).size / 1e6)} MB`;
  const plain = await inTurn(TURNS, product, () => ffmpeg(source, target, []));
  const first = await inTurn(TURNS, product, () => ffmpeg(source, target, ["-movflags", "+faststart"]));
  const bunny = await inTurn(TURNS, product, () => mediabunny(source, target));
  const peak = residentBytes(server.process.pid!, "VmHWM") / 1e6;
  return [
    compared(`${name} beside ffmpeg -c copy`, "MB/s", plain, atLeastTimes(0.9)),
    compared(`${name} beside ffmpeg -c copy, header first`, "MB/s", first, atLeastTimes(0.9)),
    compared(`${name} beside mediabunny`, "MB/s", bunny, atLeastTimes(3)),
    alone(`${name}, first byte`, "ms", median(firstBytes), atMost(MAX_FIRST_BYTE_MS, "ms")),
    alone(`${name}, peak memory`, "MB", peak, atMost(MAX_MEMORY_MB, "MB")),
  ];
}

/** Puts the file into a server's folder, and ends that server: the memory of ingest is not that of clips. */
async function fill(data: string, source: string): Promise<void> {
  const server = await startServer({ data });
  try {
    const flags = ["--create", "--start-timestamp", String(START), "--data", data];
    const { status, stderr } = await kvass(["put", STREAM, source, ...flags]);
    if (status !== 0) throw new Error(stderr);
  } finally {
    await server.stop();
  }
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "kvass-clip-"));
  try {
    const source = await makeCameraFile(folder);
    const data = join(folder, "data");
    await fill(data, source);
    const server = await startServer({ data });
    try {
      return await measure(server, source, folder);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
