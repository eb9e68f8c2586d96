/**
 * Every packet of a Matroska file of more than 200 MB, beside mediabunny and ffmpeg. Each run is a process of its own. Packets a second count from
 * opening the file to its last packet; megabytes a second count the whole process, its start included, as ffmpeg's do.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchRow } from "./row.ts";
import { atLeastTimes, compared, inTurn } from "./support/goals.ts";

const TURNS = 5;
const run = promisify(execFile);

/** 720p at 6 Mbit/s with AAC, as a camera sends: 20 s are encoded, and copied to make 320 MB and 32,000 packets. */
const ENCODED_SECONDS = 20;
const COPIES = 21;
const BITRATE = "6M";

interface Run {
  packets: number;
  bytes: number;
  /** Milliseconds from opening the file to its last packet. */
  ms: number;
  /** Milliseconds of the whole process. */
  processMs: number;
}

async function makeFile(folder: string): Promise<string> {
  const short = join(folder, "short.mkv");
  const file = join(folder, "long.mkv");
  const sources = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=1280x720:rate=30",
    "-f",
    "lavfi",
    "-i",
    "sine=sample_rate=48000",
  ];
  const rate = ["-b:v", BITRATE, "-minrate", BITRATE, "-maxrate", BITRATE, "-bufsize", BITRATE];
  const video = ["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "nal-hrd=cbr", ...rate, "-g", "60"];
  await run("ffmpeg", ["-v", "error", ...sources, "-t", `${ENCODED_SECONDS}`, ...video, "-c:a", "aac", short]);
  await run("ffmpeg", ["-v", "error", "-stream_loop", `${COPIES - 1}`, "-i", short, "-map", "0", "-c", "copy", file]);
  return file;
}

async function timed(command: string, ...args: string[]): Promise<{ stdout: string; processMs: number }> {
  const started = performance.now();
  const { stdout } = await run(command, args);
  return { stdout, processMs: performance.now() - started };
}

async function readPackets(script: string, file: string): Promise<Run> {
  const { stdout, processMs } = await timed(process.execPath, join(import.meta.dirname, script), file);
  return { ...(JSON.parse(stdout) as Omit<Run, "processMs">), processMs };
}

const product = (file: string): Promise<Run> => readPackets("support/demux-file.ts", file);
const mediabunny = (file: string): Promise<Run> => readPackets("references/mediabunny-demux.ts", file);

async function ffmpeg(file: string): Promise<number> {
  const args = ["-v", "error", "-i", file, "-map", "0", "-c", "copy", "-f", "null", "-"];
  return (await timed("ffmpeg", ...args)).processMs;
}

async function comparePackets(file: string): Promise<BenchRow> {
  const turns = await inTurn(
    TURNS,
    () => product(file),
    () => mediabunny(file),
  );
  const counts = new Set(
    [...turns.product, ...turns.reference].map(({ packets, bytes }) => `${packets} of ${bytes} bytes`),
  );
  if (counts.size !== 1) throw new Error(`the packets differ: ${[...counts].join(", ")}`);
  const perSecond = (runs: readonly Run[]): number[] => runs.map(({ packets, ms }) => (packets / ms) * 1000);
  const rates = { product: perSecond(turns.product), reference: perSecond(turns.reference) };
  return compared("Matroska demux beside mediabunny", "packets/s", rates, atLeastTimes(10));
}

async function compareBytes(file: string): Promise<BenchRow> {
  const megabytes = (await stat(file)).size / 1e6;
  const turns = await inTurn(
    TURNS,
    async () => (megabytes / (await product(file)).processMs) * 1000,
    async () => (megabytes / (await ffmpeg(file))) * 1000,
  );
  return compared(
    `Matroska demux of ${megabytes.toFixed(0)} MB beside ffmpeg, whole process`,
    "MB/s",
    turns,
    atLeastTimes(0.8),
  );
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "kvass-demux-"));
  try {
    const file = await makeFile(folder);
    await Promise.all([product(file), ffmpeg(file)]);
    return [await comparePackets(file), await compareBytes(file)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
