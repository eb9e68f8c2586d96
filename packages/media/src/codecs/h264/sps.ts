import { atMost, BitReader, BitstreamError } from "../bit-reader.ts";
import type { Ratio, VideoColor } from "../model.ts";
import { rbspOf } from "../nal-units.ts";
import { frameRateOf, readVideoSignal } from "../video-signal.ts";

/** What a sequence parameter set tells about the pictures that follow it (ITU-T H.264, section 7.3.2.1.1). */
export interface H264Sps {
  profile: number;
  /** The byte of constraint_set flags. */
  constraints: number;
  level: number;
  chromaFormat: number;
  lumaBits: number;
  chromaBits: number;
  /** Pixels after cropping. */
  width: number;
  height: number;
  sampleAspect: Ratio | undefined;
  color: VideoColor | undefined;
  frameRate: number | undefined;
  reorderFrames: number | undefined;
  /** Frames that later ones may refer to. */
  referenceFrames: number;
}

/** Profiles whose parameter sets describe chroma and bit depth (ITU-T H.264, section 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

const NAL_HEADER_BYTES = 1;
const MACROBLOCK = 16;
/** Greatest picture_size in macroblocks for each dimension: sqrt(8 * MaxFS) of level 6.2 (ITU-T H.264, table A-1). */
const MAX_MACROBLOCKS = 1055;
/** Bounds that the semantics give (ITU-T H.264, sections 7.4.2.1.1, E.2.1 and E.2.2). */
const MAX_BIT_DEPTH_ABOVE_8 = 6;
const MAX_POC_CYCLE = 255;
const MAX_DPB_FRAMES = 16;
const MAX_CPB_COUNT_MINUS_1 = 31;

interface ChromaInfo {
  chromaFormat: number;
  separatePlanes: boolean;
  lumaBits: number;
  chromaBits: number;
}

interface Vui {
  sampleAspect: Ratio | undefined;
  color: VideoColor | undefined;
  frameRate: number | undefined;
  reorderFrames: number | undefined;
}

const NO_VUI: Vui = { sampleAspect: undefined, color: undefined, frameRate: undefined, reorderFrames: undefined };

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size && next !== 0; i++) {
    next = (last + reader.signed() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function readChroma(reader: BitReader): ChromaInfo {
  const chromaFormat = atMost(3, reader.unsigned(), "chroma_format_idc");
  const separatePlanes = chromaFormat === 3 && reader.flag();
  const lumaBits = 8 + atMost(MAX_BIT_DEPTH_ABOVE_8, reader.unsigned(), "bit_depth_luma_minus8");
  const chromaBits = 8 + atMost(MAX_BIT_DEPTH_ABOVE_8, reader.unsigned(), "bit_depth_chroma_minus8");
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let i = 0; i < lists; i++) if (reader.flag()) skipScalingList(reader, i < 6 ? 16 : 64);
  }
  return { chromaFormat, separatePlanes, lumaBits, chromaBits };
}

/** Passes over the picture order count's settings and returns their type. */
function readOrderCountType(reader: BitReader): number {
  const type = atMost(2, reader.unsigned(), "pic_order_cnt_type");
  if (type === 0) reader.unsigned(); // log2_max_pic_order_cnt_lsb_minus4
  if (type === 1) {
    reader.skip(1); // delta_pic_order_always_zero_flag
    reader.signed(); // offset_for_non_ref_pic
    reader.signed(); // offset_for_top_to_bottom_field
    const cycle = atMost(MAX_POC_CYCLE, reader.unsigned(), "num_ref_frames_in_pic_order_cnt_cycle");
    for (let i = 0; i < cycle; i++) reader.signed();
  }
  return type;
}

function readSize(reader: BitReader, chroma: ChromaInfo): { width: number; height: number } {
  const columns = 1 + atMost(MAX_MACROBLOCKS, reader.unsigned(), "pic_width_in_mbs_minus1");
  const rows = 1 + atMost(MAX_MACROBLOCKS, reader.unsigned(), "pic_height_in_map_units_minus1");
  const framesOnly = reader.flag();
  if (!framesOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const fieldFactor = framesOnly ? 1 : 2;
  let width = columns * MACROBLOCK;
  let height = rows * MACROBLOCK * fieldFactor;
  if (reader.flag()) {
    const subsampled = !chroma.separatePlanes;
    const unitX = subsampled && (chroma.chromaFormat === 1 || chroma.chromaFormat === 2) ? 2 : 1;
    const unitY = (subsampled && chroma.chromaFormat === 1 ? 2 : 1) * fieldFactor;
    width -= unitX * (reader.unsigned() + reader.unsigned());
    height -= unitY * (reader.unsigned() + reader.unsigned());
  }
  if (width <= 0 || height <= 0) throw new BitstreamError("nothing of the picture is left after cropping");
  return { width, height };
}

function skipHrd(reader: BitReader): void {
  const count = 1 + atMost(MAX_CPB_COUNT_MINUS_1, reader.unsigned(), "cpb_cnt_minus1");
  reader.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count; i++) {
    reader.unsigned(); // bit_rate_value_minus1
    reader.unsigned(); // cpb_size_value_minus1
    reader.skip(1); // cbr_flag
  }
  reader.skip(20); // lengths of delays and the time offset
}

function readReorderFrames(reader: BitReader): number | undefined {
  const nalHrd = reader.flag();
  if (nalHrd) skipHrd(reader);
  const vclHrd = reader.flag();
  if (vclHrd) skipHrd(reader);
  if (nalHrd || vclHrd) reader.skip(1); // low_delay_hrd_flag
  reader.skip(1); // pic_struct_present_flag
  if (!reader.flag()) return undefined;
  reader.skip(1); // motion_vectors_over_pic_boundaries_flag
  for (let i = 0; i < 4; i++) reader.unsigned(); // bytes and bits of a picture, lengths of motion vectors
  return atMost(MAX_DPB_FRAMES, reader.unsigned(), "max_num_reorder_frames");
}

function readVui(reader: BitReader): Vui {
  const signal = readVideoSignal(reader);
  let frameRate: number | undefined;
  if (reader.flag()) {
    const unitsInTick = reader.bits(32);
    frameRate = frameRateOf(reader.bits(32), 2 * unitsInTick); // a tick is a field's time
    reader.skip(1); // fixed_frame_rate_flag
  }
  return { ...signal, frameRate, reorderFrames: readReorderFrames(reader) };
}

/** The VUI is an extra: encoders that write a damaged one are known, and their pictures decode all the same. */
function readVuiLeniently(reader: BitReader): Vui {
  try {
    return reader.flag() ? readVui(reader) : NO_VUI;
  } catch (error) {
    if (error instanceof BitstreamError) return NO_VUI;
    throw error;
  }
}

/** Reads a NAL unit of type 7 (ITU-T H.264, section 7.3.2.1.1). Throws a `BitstreamError` where it is damaged. */
export function parseH264Sps(nal: Uint8Array): H264Sps {
  const reader = new BitReader(rbspOf(nal, NAL_HEADER_BYTES));
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  atMost(31, reader.unsigned(), "seq_parameter_set_id");
  const chroma = HIGH_PROFILES.has(profile)
    ? readChroma(reader)
    : { chromaFormat: 1, separatePlanes: false, lumaBits: 8, chromaBits: 8 };
  reader.unsigned(); // log2_max_frame_num_minus4
  const orderCountType = readOrderCountType(reader);
  const referenceFrames = Math.min(MAX_DPB_FRAMES, reader.unsigned()); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const size = readSize(reader, chroma);
  const vui = readVuiLeniently(reader);
  const { chromaFormat, lumaBits, chromaBits } = chroma;
  // With order count type 2 frames are shown in the order in which they are decoded (ITU-T H.264, section 8.2.1.3).
  const reorderFrames = orderCountType === 2 ? 0 : vui.reorderFrames;
  const pictures = { ...size, ...vui, reorderFrames, referenceFrames };
  return { profile, constraints, level, chromaFormat, lumaBits, chromaBits, ...pictures };
}
