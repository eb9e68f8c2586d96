/**
 * Every packet of a Matroska file of more than 200 MB, beside mediabunny and ffmpeg. Each run is a process of its own,
 * and each row treats product and reference alike:
 * - packets a second of a first pass: from opening the file to its last packet, the code still cold
 * - packets a second of a running process: the same, once passes before it have brought both to their steady speed
 * - megabytes a second of a whole process that reads the file once, its start included; Node finds its compiled code
 *   in a cache, as ffmpeg is compiled
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { BenchRow } from "./row.ts";
import { makeCameraFile } from "./support/camera-file.ts";
import { atLeastTimes, compared, inTurn } from "./support/goals.ts";

const TURNS = 5;
/** Both speeds rise until the fifth pass, and mediabunny's the longest. */
const WARM_PASSES = 6;
const run = promisify(execFile);

interface Pass {
  packets: number;
  bytes: number;
  /** Milliseconds from opening the file to its last packet. */
  ms: number;
}

const PRODUCT = "support/demux-file.ts";
const MEDIABUNNY = "references/mediabunny-demux.ts";

async function readPackets(script: string, file: string, passes: number): Promise<Pass> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dirname(file), "compile-cache") };
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, script), file, `${passes}`], { env });
  return JSON.parse(stdout) as Pass;
}

async function ffmpeg(file: string): Promise<void> {
  await run("ffmpeg", ["-v", "error", "-i", file, "-map", "0", "-c", "copy", "-f", "null", "-"]);
}

async function millisecondsOf(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

async function comparePackets(name: string, file: string, passes: number): Promise<BenchRow> {
  const turns = await inTurn(
    TURNS,
    () => readPackets(PRODUCT, file, passes),
    () => readPackets(MEDIABUNNY, file, passes),
  );
  const counts = [...turns.product, ...turns.reference].map(({ packets, bytes }) => `${packets} of ${bytes} bytes`);
  if (new Set(counts).size !== 1) throw new Error(`the packets differ: ${counts.join(", ")}`);
  const perSecond = (runs: readonly Pass[]): number[] => runs.map(({ packets, ms }) => (packets / ms) * 1000);
  const rates = { product: perSecond(turns.product), reference: perSecond(turns.reference) };
  return compared(`Matroska demux beside mediabunny, ${name}`, "packets/s", rates, atLeastTimes(10));
}

async function compareBytes(file: string): Promise<BenchRow> {
  const kilobytes = (await stat(file)).size / 1e3;
  await readPackets(PRODUCT, file, 1);
  const turns = await inTurn(
    TURNS,
    async () => kilobytes / (await millisecondsOf(() => readPackets(PRODUCT, file, 1))),
    async () => kilobytes / (await millisecondsOf(() => ffmpeg(file))),
  );
  const name = `Matroska demux of ${Math.round(kilobytes / 1e3)} MB beside ffmpeg, whole process`;
  return compared(name, "MB/s", turns, atLeastTimes(0.8));
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "kvass-demux-"));
  try {
    const file = await makeCameraFile(folder);
    return [
      await comparePackets("first pass", file, 1),
      await comparePackets("running process", file, WARM_PASSES),
      await compareBytes(file),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
