import type { MatroskaTrack } from "../matroska/model.ts";
import type { Ratio } from "./model.ts";
import { frameRateOf, SQUARE } from "./video-signal.ts";

/** Sizes of a picture as a `VideoCodec` has them. */
export interface PictureSize {
  width: number;
  height: number;
  displayWidth: number;
  displayHeight: number;
  sampleAspect: Ratio;
}

/** Terms of a ratio that containers can hold safely: the pasp box has 32 bits for each. */
const MAX_TERM = 0xffff_ffff;

function reduced(numerator: number, denominator: number): Ratio {
  let [a, b] = [numerator, denominator];
  while (b > 0) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

/** The aspect of the track's display size, where it is off the pixels' own by more than rounding makes. */
function containerAspect(track: MatroskaTrack): Ratio {
  const { pixelWidth = 0, pixelHeight = 0, displayWidth = 0, displayHeight = 0 } = track.video ?? {};
  if (Math.min(pixelWidth, pixelHeight, displayWidth, displayHeight) <= 0) return SQUARE;
  const expected = (displayHeight * pixelWidth) / pixelHeight;
  if (Math.abs(displayWidth - expected) <= 1) return SQUARE;
  const [numerator, denominator] = [displayWidth * pixelHeight, displayHeight * pixelWidth];
  return Math.max(numerator, denominator) > MAX_TERM ? SQUARE : reduced(numerator, denominator);
}

/** Sizes of a picture of `width` to `height` pixels; its codec's aspect ratio goes before the track's. */
export function pictureSize(
  track: MatroskaTrack,
  width: number,
  height: number,
  codecAspect: Ratio | undefined,
): PictureSize {
  const sampleAspect = codecAspect ?? containerAspect(track);
  const displayWidth = Math.max(1, Math.round((width * sampleAspect.numerator) / sampleAspect.denominator));
  return { width, height, displayWidth, displayHeight: height, sampleAspect };
}

const NANOSECONDS_IN_SECOND = 1_000_000_000;

/** Frames a second by the track's DefaultDuration, undefined where it states none. */
export function frameRateOfTrack({ defaultDurationNs }: MatroskaTrack): number | undefined {
  return defaultDurationNs === undefined ? undefined : frameRateOf(NANOSECONDS_IN_SECOND, defaultDurationNs);
}
