import sharp from "sharp";
import { output } from "./command-line.ts";
import { walkMatroska } from "./matroska-walk.ts";
import { PutMediaSocket } from "./put-media-socket.ts";
import { CREDENTIALS } from "./server.ts";

/**
 * Video that tells which of its frames one sees: each is one shade of grey, two steps of luma lighter than the frame before. So a hundred
 * frames can be told apart, even behind a lossy codec.
 */

/** Frames a second. */
export const SHADED_RATE = 10;
/** Milliseconds from one frame to the next. */
export const SHADED_STEP_MS = 1000 / SHADED_RATE;
/** Luma of black, and the range of luma up to white (ITU-R BT.601). */
const BLACK = 16;
const LUMA_RANGE = 219;
const LUMA_STEP = 2;

/** How a video is encoded. */
export interface ShadedVideo {
  /** At most 10. */
  readonly seconds: number;
  /** `WIDTHxHEIGHT`. */
  readonly size?: string;
  /** Arguments of ffmpeg that choose the codec; key frames every 2 s by default. */
  readonly codec?: readonly string[];
  /** Whether clusters are cut where ffmpeg likes, not at key frames. */
  readonly isCutAnywhere?: boolean;
  /** Further arguments of ffmpeg, behind the video input. */
  readonly more?: readonly string[];
}

const H264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-flags", "+cgop"];

/** The video as a producer would send it: Matroska with a Cluster for each group of pictures. */
export async function shadedVideo(video: ShadedVideo): Promise<Buffer> {
  const { seconds, size = "160x90", codec = H264, isCutAnywhere = false, more = [] } = video;
  const source = `color=black:size=${size}:rate=${SHADED_RATE}:duration=${seconds},geq=lum=${BLACK}+${LUMA_STEP}*N:cb=128:cr=128`;
  const clusters = isCutAnywhere ? ["-cluster_time_limit", "300"] : ["-cluster_time_limit", "20000"];
  return output("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", source, ...more, "-pix_fmt", "yuv420p", ...codec],
    ...["-g", String(2 * SHADED_RATE), "-f", "matroska", "-cluster_size_limit", "10000000", ...clusters, "-"],
  ]);
}

/** Which frame of the video an image shows: the one whose shade is nearest. */
export async function frameShown(image: Uint8Array): Promise<number> {
  const { channels } = await sharp(image).stats();
  const grey = channels.slice(0, 3).reduce((sum, { mean }) => sum + mean, 0) / 3;
  return Math.round((grey * LUMA_RANGE) / 255 / LUMA_STEP);
}

/** Sends a body whose first frame is of the moment `start` (milliseconds since the epoch); resolves when all is durable. */
export async function sendBody(url: string, stream: string, body: Buffer, start: number): Promise<void> {
  const producerStart = (start / 1000).toFixed(3);
  const producer = new PutMediaSocket({ url, ...CREDENTIALS, stream, timecodeType: "RELATIVE", producerStart });
  producer.write(body);
  producer.end();
  let missing = walkMatroska(body)[0]!.clusters.length;
  await producer.ack(({ EventType, Message }) => {
    if (EventType === "ERROR") throw new Error(`not taken: ${Message}`);
    if (EventType === "PERSISTED") missing--;
    return missing === 0;
  });
  producer.destroy();
}
