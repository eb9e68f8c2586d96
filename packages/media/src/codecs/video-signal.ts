import type { BitReader } from "./bit-reader.ts";
import type { Ratio, VideoColor } from "./model.ts";

/** Pixels are square unless a stream says otherwise. */
export const SQUARE: Ratio = Object.freeze({ numerator: 1, denominator: 1 });

/** Sample aspect ratios by their aspect_ratio_idc (ITU-T H.264, table E-1; H.265 has the same). */
const SAMPLE_ASPECTS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/** aspect_ratio_idc that says that the ratio itself follows. */
const EXTENDED_SAR = 255;

/** Frame rates above this are taken for nonsense: high-speed cameras that stream stay below. */
const MAX_FRAME_RATE = 1000;

/** The part that the VUI of H.264 and H.265 begin with. */
export interface VideoSignal {
  sampleAspect: Ratio | undefined;
  color: VideoColor | undefined;
}

function readSampleAspect(reader: BitReader): Ratio | undefined {
  const idc = reader.bits(8);
  const known = SAMPLE_ASPECTS[idc];
  const [numerator, denominator] = idc === EXTENDED_SAR ? [reader.bits(16), reader.bits(16)] : (known ?? [0, 0]);
  return numerator > 0 && denominator > 0 ? { numerator, denominator } : undefined;
}

function readColor(reader: BitReader): VideoColor | undefined {
  const fullRange = reader.flag();
  if (!reader.flag()) return undefined;
  return { primaries: reader.bits(8), transfer: reader.bits(8), matrix: reader.bits(8), fullRange };
}

/** Reads aspect ratio to chroma location of a VUI (ITU-T H.264 and H.265, section E.1.1 and E.2.1). */
export function readVideoSignal(reader: BitReader): VideoSignal {
  const signal: VideoSignal = { sampleAspect: undefined, color: undefined };
  if (reader.flag()) signal.sampleAspect = readSampleAspect(reader);
  if (reader.flag()) reader.skip(1); // overscan_appropriate_flag
  if (reader.flag()) {
    reader.skip(3); // video_format
    signal.color = readColor(reader);
  }
  if (reader.flag()) {
    reader.unsigned(); // chroma_sample_loc_type_top_field
    reader.unsigned();
  }
  return signal;
}

/** `timeScale / unitsInTick` frames a second, undefined where that makes no frame rate. */
export function frameRateOf(timeScale: number, unitsInTick: number): number | undefined {
  const rate = timeScale / unitsInTick;
  return rate > 0 && rate <= MAX_FRAME_RATE ? rate : undefined;
}
