import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** 720p at 6 Mbit/s with AAC, as a camera sends: 20 s are encoded, and copied to make 320 MB and 32,000 packets. */
const ENCODED_SECONDS = 20;
const COPIES = 21;
const BITRATE = "6M";

/** Makes such a Matroska file of 320 MB in the folder, as ffmpeg writes it, and returns its path. */
export async function makeCameraFile(folder: string): Promise<string> {
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
