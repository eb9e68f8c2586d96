import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Ffmpeg } from "../input/ffmpeg.ts";

/** Where Debian's fonts-dejavu-core puts a font with digits of one width. */
const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf";
const FRAMES_PER_SECOND = 25;
/** A key frame every two seconds, and so a fragment, as kvssink makes them. */
const GROUP_OF_PICTURES = 2 * FRAMES_PER_SECOND;

/** Whether this ffmpeg can write text into the picture; a build without libfreetype cannot. */
function canDrawText(): boolean {
  if (!existsSync(FONT)) return false;
  const { stdout } = spawnSync("ffmpeg", ["-hide_banner", "-filters"], { encoding: "utf8" });
  return / drawtext /.test(stdout);
}

/** The wall clock, in UTC and to the second; without text, the moving counter of the test picture has to do. */
function clock(): string {
  if (!canDrawText()) return "";
  const style = "fontsize=36:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=12:x=(w-text_w)/2:y=h-80";
  return `,drawtext=fontfile=${FONT}:text='%{gmtime\\:%Y-%m-%d %H\\\\\\:%M\\\\\\:%S} UTC':${style}`;
}

/** A live camera that is not there: a moving test picture with the time of day as H.264, and a beep each second as AAC. */
export function startCamera(): Ffmpeg {
  const picture = `testsrc2=size=1280x720:rate=${FRAMES_PER_SECOND}${clock()}`;
  return new Ffmpeg([
    ...["-re", "-f", "lavfi", "-i", picture],
    ...["-re", "-f", "lavfi", "-i", "sine=frequency=330:beep_factor=3:sample_rate=48000"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-b:v", "1500k"],
    ...["-g", String(GROUP_OF_PICTURES), "-keyint_min", String(GROUP_OF_PICTURES), "-sc_threshold", "0"],
    ...["-c:a", "aac", "-b:a", "96k"],
    // Small clusters bring each frame here soon; they are cut anew at key frames.
    ...["-f", "matroska", "-cluster_time_limit", "100", "-flush_packets", "1", "pipe:1"],
  ]);
}
