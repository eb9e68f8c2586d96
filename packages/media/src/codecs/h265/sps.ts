import { atMost, BitReader, BitstreamError } from "../bit-reader.ts";
import type { Ratio, VideoColor } from "../model.ts";
import { rbspOf } from "../nal-units.ts";
import { frameRateOf, readVideoSignal } from "../video-signal.ts";
import { skipReferenceSets, skipScalingLists } from "./sps-lists.ts";

/** What a sequence parameter set tells about the pictures that follow it (ITU-T H.265, section 7.3.2.2.1). */
export interface H265Sps {
  /** general_profile_space to general_level_idc, as the 12 bytes that an hvcC has too. */
  profileTierLevel: Uint8Array;
  temporalLayers: number;
  temporalNesting: boolean;
  chromaFormat: number;
  lumaBits: number;
  chromaBits: number;
  /** Pixels after the conformance window. */
  width: number;
  height: number;
  sampleAspect: Ratio | undefined;
  color: VideoColor | undefined;
  frameRate: number | undefined;
  reorderFrames: number;
}

const NAL_HEADER_BYTES = 2;
const PROFILE_TIER_LEVEL_BYTES = 12;
/** Greatest dimension: sqrt(8 * MaxLumaPs) of level 6.2 (ITU-T H.265, table A.8), which is below this. */
const MAX_DIMENSION = 16_888;
/** Bounds that the semantics give (ITU-T H.265, sections 7.4.3.2.1 and A.4.2). */
const MAX_SUB_LAYERS_MINUS_1 = 6;
const MAX_BIT_DEPTH_ABOVE_8 = 8;
const MAX_LOG2_ORDER_COUNT_MINUS_4 = 12;
const MAX_DPB_FRAMES = 16;

interface Vui {
  sampleAspect: Ratio | undefined;
  color: VideoColor | undefined;
  frameRate: number | undefined;
}

const NO_VUI: Vui = { sampleAspect: undefined, color: undefined, frameRate: undefined };

/** Passes over the profiles and levels of the lower temporal layers (ITU-T H.265, section 7.3.3). */
function skipSubLayerLevels(reader: BitReader, subLayersMinus1: number): void {
  const present: { profile: boolean; level: boolean }[] = [];
  for (let i = 0; i < subLayersMinus1; i++) present.push({ profile: reader.flag(), level: reader.flag() });
  if (subLayersMinus1 > 0) reader.skip(2 * (8 - subLayersMinus1));
  for (const { profile, level } of present) reader.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

function readSize(reader: BitReader, chromaFormat: number): { width: number; height: number } {
  let width = atMost(MAX_DIMENSION, reader.unsigned(), "pic_width_in_luma_samples");
  let height = atMost(MAX_DIMENSION, reader.unsigned(), "pic_height_in_luma_samples");
  if (reader.flag()) {
    width -= (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1) * (reader.unsigned() + reader.unsigned());
    height -= (chromaFormat === 1 ? 2 : 1) * (reader.unsigned() + reader.unsigned());
  }
  if (width <= 0 || height <= 0) throw new BitstreamError("nothing of the picture is left after cropping");
  return { width, height };
}

/** Reads sps_max_num_reorder_pics of the highest temporal layer. */
function readReorderFrames(reader: BitReader, subLayersMinus1: number): number {
  const layers = reader.flag() ? subLayersMinus1 + 1 : 1;
  let reorderFrames = 0;
  for (let i = 0; i < layers; i++) {
    reader.unsigned(); // sps_max_dec_pic_buffering_minus1
    reorderFrames = atMost(MAX_DPB_FRAMES, reader.unsigned(), "sps_max_num_reorder_pics");
    reader.unsigned(); // sps_max_latency_increase_plus1
  }
  return reorderFrames;
}

/** Passes over coding tools, from block sizes to strong_intra_smoothing_enabled_flag. */
function skipTools(reader: BitReader, orderCountBits: number): void {
  for (let i = 0; i < 6; i++) reader.unsigned(); // sizes of coding and transform blocks, depths
  if (reader.flag() && reader.flag()) skipScalingLists(reader);
  reader.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.flag()) {
    reader.skip(8); // pcm_sample_bit_depths
    reader.unsigned();
    reader.unsigned();
    reader.skip(1); // pcm_loop_filter_disabled_flag
  }
  skipReferenceSets(reader, orderCountBits);
  reader.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
}

function readVui(reader: BitReader): Vui {
  const signal = readVideoSignal(reader);
  reader.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.flag()) for (let i = 0; i < 4; i++) reader.unsigned(); // default display window: players ignore it
  if (!reader.flag()) return { ...signal, frameRate: undefined };
  const unitsInTick = reader.bits(32);
  return { ...signal, frameRate: frameRateOf(reader.bits(32), unitsInTick) };
}

/** What stands behind the sizes is an extra: pictures decode all the same where it is damaged. */
function readVuiLeniently(reader: BitReader, orderCountBits: number): Vui {
  try {
    skipTools(reader, orderCountBits);
    return reader.flag() ? readVui(reader) : NO_VUI;
  } catch (error) {
    if (error instanceof BitstreamError) return NO_VUI;
    throw error;
  }
}

/** Reads a NAL unit of type 33 (ITU-T H.265, section 7.3.2.2.1). Throws a `BitstreamError` where it is damaged. */
export function parseH265Sps(nal: Uint8Array): H265Sps {
  const rbsp = rbspOf(nal, NAL_HEADER_BYTES);
  const reader = new BitReader(rbsp);
  reader.skip(4); // sps_video_parameter_set_id
  const subLayersMinus1 = atMost(MAX_SUB_LAYERS_MINUS_1, reader.bits(3), "sps_max_sub_layers_minus1");
  const temporalNesting = reader.flag();
  reader.skip(PROFILE_TIER_LEVEL_BYTES * 8);
  skipSubLayerLevels(reader, subLayersMinus1);
  reader.unsigned(); // sps_seq_parameter_set_id
  const chromaFormat = atMost(3, reader.unsigned(), "chroma_format_idc");
  if (chromaFormat === 3) reader.skip(1); // separate_colour_plane_flag
  const size = readSize(reader, chromaFormat);
  const lumaBits = 8 + atMost(MAX_BIT_DEPTH_ABOVE_8, reader.unsigned(), "bit_depth_luma_minus8");
  const chromaBits = 8 + atMost(MAX_BIT_DEPTH_ABOVE_8, reader.unsigned(), "bit_depth_chroma_minus8");
  const orderCountBits = 4 + atMost(MAX_LOG2_ORDER_COUNT_MINUS_4, reader.unsigned(), "log2_max_pic_order_cnt_lsb");
  const reorderFrames = readReorderFrames(reader, subLayersMinus1);
  return {
    profileTierLevel: rbsp.subarray(1, 1 + PROFILE_TIER_LEVEL_BYTES),
    temporalLayers: subLayersMinus1 + 1,
    temporalNesting,
    chromaFormat,
    lumaBits,
    chromaBits,
    ...size,
    ...readVuiLeniently(reader, orderCountBits),
    reorderFrames,
  };
}
