/**
 * Images of a recording, decoders warm, beside an ffmpeg that is started for each on the same recording as a file. Where a moment lies in its
 * group of pictures decides how many frames must be decoded for it, by either.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { GetImagesCommand, KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import { output } from "../tests/support/command-line.ts";
import { TestServer } from "../tests/support/server.ts";
import { sendBody } from "../tests/support/shaded-video.ts";
import type { BenchRow } from "./row.ts";
import { atLeastTimes, compared, inTurn } from "./support/goals.ts";

const SECONDS = 60;
const FRAMES_PER_SECOND = 25;
const GROUP_MS = 2000;
/** Name and interval of the moments: at key frames, anywhere between them, and several in each group. */
const PATTERNS = [
  ["key frames", GROUP_MS],
  ["moments anywhere in groups of 2 s", 2300],
  ["five moments a second", 200],
] as const;
/** A full page. */
const IMAGES = 25;
const TURNS = 5;
/** As many as the server has decoders. */
const AT_A_TIME = 2;
const START = Date.now() - 3_600_000;
const STREAM = "images";

/** A camera's H.264: 720p, 25 frames a second, 2 Mbit/s, no B-frames, a Cluster for each group of pictures. */
const recording = (): Promise<Buffer> =>
  output("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=${FRAMES_PER_SECOND}:duration=${SECONDS}`],
    ...["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-b:v", "2M"],
    ...["-g", String((GROUP_MS / 1000) * FRAMES_PER_SECOND), "-sc_threshold", "0"],
    ...["-f", "matroska", "-cluster_size_limit", "10000000", "-cluster_time_limit", "20000", "-"],
  ]);

/** Milliseconds for each image of a request for a page of them. */
async function page(client: KinesisVideoArchivedMediaClient, intervalMs: number): Promise<number> {
  const command = new GetImagesCommand({
    StreamName: STREAM,
    ImageSelectorType: "PRODUCER_TIMESTAMP",
    StartTimestamp: new Date(START),
    EndTimestamp: new Date(START + (IMAGES - 1) * intervalMs),
    SamplingInterval: intervalMs,
    Format: "JPEG",
  });
  const begin = performance.now();
  const { Images = [] } = await client.send(command);
  const ms = performance.now() - begin;
  const made = Images.filter(({ ImageContent }) => ImageContent !== undefined).length;
  if (made !== IMAGES) throw new Error(`${made} images of ${IMAGES}`);
  return ms / IMAGES;
}

/** The same where an ffmpeg is started for each. */
async function spawned(file: string, intervalMs: number): Promise<number> {
  const left = Array.from({ length: IMAGES }, (_, i) => i * intervalMs);
  const work = async (): Promise<void> => {
    for (let offset = left.shift(); offset !== undefined; offset = left.shift()) {
      const seek = ["-ss", (offset / 1000).toFixed(3), "-i", file, "-frames:v", "1"];
      const image = await output("ffmpeg", ["-v", "error", ...seek, "-q:v", "4", "-f", "mjpeg", "-"]);
      if (image.length < 1000) throw new Error(`no image at ${offset}`);
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return (performance.now() - begin) / IMAGES;
}

/** A ratio of at least 5 means that the reference takes five times as long. */
function faster(
  name: string,
  turns: { readonly product: readonly number[]; readonly reference: readonly number[] },
): BenchRow {
  const perSecond = (times: readonly number[]): number[] => times.map((ms) => 1000 / ms);
  const rates = { product: perSecond(turns.product), reference: perSecond(turns.reference) };
  return compared(name, "images/s", rates, atLeastTimes(5));
}

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "kvass-images-"));
  const server = await TestServer.start({ flags: ["--image-decoders", String(AT_A_TIME)] });
  const client = new KinesisVideoArchivedMediaClient(server.client);
  try {
    const control = new KinesisVideoClient(server.client);
    await control.send(new CreateStreamCommand({ StreamName: STREAM, DataRetentionInHours: 24 }));
    control.destroy();
    const body = await recording();
    const file = join(folder, "recording.mkv");
    // Sought by its index, as a file that was written to a disk can be.
    await output("ffmpeg", ["-v", "error", "-i", write(join(folder, "body.mkv"), body), "-c", "copy", file]);
    await sendBody(server.url, STREAM, body, START);
    await page(client, GROUP_MS);
    const rows: BenchRow[] = [];
    for (const [name, intervalMs] of PATTERNS) {
      const turns = await inTurn(
        TURNS,
        () => page(client, intervalMs),
        () => spawned(file, intervalMs),
      );
      rows.push(faster(`GetImages, 720p JPEG, ${name}`, turns));
    }
    return rows;
  } finally {
    client.destroy();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function write(path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}
