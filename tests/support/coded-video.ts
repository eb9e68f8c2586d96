import { CLUSTER_PER_GOP } from "./media.ts";

/**
 * Video that tells which of its frames one sees, to a program that looks at its pixels: the number of the frame stands in the lowest rows of
 * the picture as a row of boxes, one for each bit from the lowest on, white for 1 and black for 0. So no text has to be recognized.
 */
export const CODED = {
  width: 320,
  height: 180,
  /** Frames a second. */
  rate: 25,
  /** Bits of the number; enough for 40 minutes. */
  bits: 16,
  /** Width and height of a box in pixels. */
  box: 20,
  /** Frames from one key frame to the next. */
  gop: 50,
} as const;

/** ffmpeg's arguments for such a video, with a tone: H.264 and AAC, a cluster for each group of pictures. */
export function codedVideo(seconds: number): string[] {
  const { width, height, rate, bits, box, gop } = CODED;
  const top = height - box;
  const boxes = Array.from({ length: bits }, (_, bit) => {
    const isOne = `mod(floor(n/${2 ** bit})\\,2)`;
    return `drawbox=x=${bit * box}:y=${top}:w=${box}:h=${box}:color=white:t=fill:enable=${isOne}`;
  });
  const ground = `drawbox=x=0:y=${top}:w=${width}:h=${box}:color=black:t=fill`;
  const picture = `testsrc2=size=${width}x${height}:rate=${rate}:duration=${seconds}`;
  return [
    ...["-f", "lavfi", "-i", [picture, ground, ...boxes].join(",")],
    ...["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${seconds}`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2"],
    ...["-g", String(gop), "-keyint_min", String(gop), "-sc_threshold", "0"],
    ...["-c:a", "aac", "-b:a", "96k", ...CLUSTER_PER_GOP],
  ];
}
