import { atMost, BitReader } from "../bit-reader.ts";
import type { VideoColor } from "../model.ts";
import { frameRateOf } from "../video-signal.ts";

/** What a sequence header tells (AV1 Bitstream & Decoding Process Specification, section 5.5). */
export interface Av1Sequence {
  profile: number;
  /** seq_level_idx and seq_tier of the first operating point. */
  level: number;
  highTier: boolean;
  width: number;
  height: number;
  bitDepth: number;
  monochrome: boolean;
  subsamplingX: number;
  subsamplingY: number;
  chromaPosition: number;
  /** Undefined where the stream does not describe it. */
  color: VideoColor | undefined;
  frameRate: number | undefined;
}

interface Timing {
  frameRate: number | undefined;
  /** Bits of the delays of decoder models; 0 without. */
  delayBits: number;
}

interface OperatingPoint {
  level: number;
  highTier: boolean;
}

type ColorConfig = Pick<
  Av1Sequence,
  "bitDepth" | "monochrome" | "subsamplingX" | "subsamplingY" | "chromaPosition" | "color"
>;

/** The identity matrix with the primaries and the transfer of sRGB (AV1 specification, section 6.4.2). */
const BT_709 = 1;
const SRGB = 13;
const IDENTITY = 0;
/** Levels above this have a tier. */
const LAST_LEVEL_WITHOUT_TIER = 7;

function readTiming(reader: BitReader): Timing {
  if (!reader.flag()) return { frameRate: undefined, delayBits: 0 };
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  // uvlc() has the bits of an Exp-Golomb code (AV1 specification, section 4.10.3).
  const ticksInPicture = reader.flag() ? reader.unsigned() + 1 : undefined;
  let delayBits = 0;
  if (reader.flag()) {
    delayBits = reader.bits(5) + 1;
    reader.skip(42); // num_units_in_decoding_tick, lengths of times
  }
  const frameRate = ticksInPicture === undefined ? undefined : frameRateOf(timeScale, unitsInTick * ticksInPicture);
  return { frameRate, delayBits };
}

function readOperatingPoints(reader: BitReader, delayBits: number): OperatingPoint {
  const displayDelays = reader.flag();
  const count = reader.bits(5) + 1;
  let first: OperatingPoint | undefined;
  for (let i = 0; i < count; i++) {
    reader.skip(12); // operating_point_idc
    const level = reader.bits(5);
    const highTier = level > LAST_LEVEL_WITHOUT_TIER && reader.flag();
    if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1);
    if (displayDelays && reader.flag()) reader.skip(4);
    first ??= { level, highTier };
  }
  return first ?? { level: 0, highTier: false };
}

/** Passes over the coding tools between the frame's size and its colours. */
function skipTools(reader: BitReader, reduced: boolean): void {
  reader.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!reduced) {
    reader.skip(4); // interintra, masked compound, warped motion, dual filter
    const orderHint = reader.flag();
    if (orderHint) reader.skip(2); // jnt_comp, ref_frame_mvs
    const choosesScreenContent = reader.flag();
    const screenContent = choosesScreenContent || reader.flag();
    if (screenContent && !reader.flag()) reader.skip(1); // seq_force_integer_mv
    if (orderHint) reader.skip(3); // order_hint_bits_minus_1
  }
  reader.skip(3); // superres, cdef, restoration
}

function readSubsampling(reader: BitReader, profile: number, bitDepth: number): [x: number, y: number] {
  if (profile === 0) return [1, 1];
  if (profile === 1) return [0, 0];
  if (bitDepth < 12) return [1, 0];
  const x = reader.bits(1);
  return [x, x === 1 ? reader.bits(1) : 0];
}

/** Reads color_config (AV1 specification, section 5.5.2). */
function readColorConfig(reader: BitReader, profile: number): ColorConfig {
  const highBitDepth = reader.flag();
  const twelve = profile === 2 && highBitDepth && reader.flag();
  const bitDepth = twelve ? 12 : highBitDepth ? 10 : 8;
  const monochrome = profile !== 1 && reader.flag();
  const described = reader.flag();
  const [primaries, transfer, matrix] = described ? [reader.bits(8), reader.bits(8), reader.bits(8)] : [2, 2, 2];
  const shape = { bitDepth, monochrome, subsamplingX: 1, subsamplingY: 1, chromaPosition: 0 };
  const rgb = !monochrome && primaries === BT_709 && transfer === SRGB && matrix === IDENTITY;
  const fullRange = rgb || reader.flag();
  const color = described || fullRange ? { primaries, transfer, matrix, fullRange } : undefined;
  if (monochrome) return { ...shape, color };
  const [subsamplingX, subsamplingY] = rgb ? [0, 0] : readSubsampling(reader, profile, bitDepth);
  const chromaPosition = subsamplingX === 1 && subsamplingY === 1 ? reader.bits(2) : 0;
  return { ...shape, subsamplingX, subsamplingY, chromaPosition, color };
}

/** Reads the contents of a sequence header. Throws a `BitstreamError` where they are damaged. */
export function parseAv1Sequence(contents: Uint8Array): Av1Sequence {
  const reader = new BitReader(contents);
  const profile = atMost(2, reader.bits(3), "seq_profile");
  reader.skip(1); // still_picture
  const reduced = reader.flag();
  let frameRate: number | undefined;
  let point: OperatingPoint;
  if (reduced) point = { level: reader.bits(5), highTier: false };
  else {
    const timing = readTiming(reader);
    frameRate = timing.frameRate;
    point = readOperatingPoints(reader, timing.delayBits);
  }
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  if (!reduced && reader.flag()) reader.skip(7); // lengths of frame ids
  skipTools(reader, reduced);
  return { profile, ...point, width, height, frameRate, ...readColorConfig(reader, profile) };
}
