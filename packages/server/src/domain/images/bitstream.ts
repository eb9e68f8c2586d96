import { type MatroskaTrack, parameterSets, splitFrame, type VideoCodec, type VideoCodecName } from "@kvass/media";

/** A frame as a decoder takes it. */
export interface DecoderFrame {
  /** The frame in pieces, to be written one after the other. */
  readonly pieces: readonly Uint8Array[];
  readonly keyframe: boolean;
  /** No frame of this layer or a lower one refers to it; -1 where any may. */
  readonly unusedUpTo: number;
  /** Its own layer: 0 for codecs, and streams, without layers of time. */
  readonly layer: number;
}

/** How frames of a codec are handed to a long-lived decoder, one stream after the other. */
export interface Bitstream {
  /** CodecID of the Matroska track that carries them. */
  readonly codecId: MatroskaTrack["codecId"];
  /** A black picture of 16x16 with its own set-up: one that a decoder can begin with, and that drives out what it holds back. */
  readonly marker: Uint8Array;
  /** What a decoder needs before the first frame of a stream, beyond what is in the frame itself. */
  setUp(codec: VideoCodec): readonly Uint8Array[];
  frame(data: Uint8Array, keyframe: boolean, codec: VideoCodec): DecoderFrame;
}

const START_CODE = Uint8Array.of(0, 0, 0, 1);

const USED = -1;

/** With a start code before each NAL unit (Annex B): so parameter sets can change between frames, and a decoder needs no set-up of its own. */
const annexB = (units: readonly Uint8Array[]): Uint8Array[] => units.flatMap((unit) => [START_CODE, unit]);

/** NAL unit types of slices, sequence and picture parameter sets (ITU-T H.264, table 7-1); a picture needs nothing else. */
const H264_PICTURE_TYPES = new Set([1, 2, 3, 4, 5, 7, 8, 13]);
const H264_LAST_SLICE_TYPE = 5;

const h264Type = (unit: Uint8Array): number => unit[0]! & 0x1f;
/** nal_ref_idc: 0 where nothing refers to the slice (ITU-T H.264, section 7.4.1). */
const h264Reference = (unit: Uint8Array): number => (unit[0]! >> 5) & 3;

function h264Frame(data: Uint8Array, keyframe: boolean, { nalLengthBytes }: VideoCodec): DecoderFrame {
  const units = splitFrame(data, nalLengthBytes).filter((unit) => H264_PICTURE_TYPES.has(h264Type(unit)));
  const isNeeded = units.some((unit) => h264Type(unit) > H264_LAST_SLICE_TYPE || h264Reference(unit) > 0);
  return { pieces: annexB(units), keyframe, unusedUpTo: isNeeded ? USED : 0, layer: 0 };
}

/** NAL unit types of pictures of the base layer end here; parameter sets follow (ITU-T H.265, table 7-1). */
const H265_LAST_SLICE_TYPE = 31;
const H265_PARAMETER_SETS = { first: 32, last: 34 } as const;
/** Even types below this are pictures that none of their own sub-layer refers to. */
const H265_FIRST_RESERVED_TYPE = 15;

const h265Type = (unit: Uint8Array): number => (unit[0]! >> 1) & 0x3f;
/** nuh_layer_id: above 0 in further views or qualities of the same picture, which decoders of one layer pass over. */
const h265Layer = (unit: Uint8Array): number => ((unit[0]! & 1) << 5) | ((unit[1] ?? 0) >> 3);
const h265TemporalId = (unit: Uint8Array): number => ((unit[1] ?? 1) & 7) - 1;

function isH265PictureUnit(unit: Uint8Array): boolean {
  return h265Type(unit) <= H265_PARAMETER_SETS.last && h265Layer(unit) === 0;
}

function h265Frame(data: Uint8Array, keyframe: boolean, { nalLengthBytes }: VideoCodec): DecoderFrame {
  const units = splitFrame(data, nalLengthBytes).filter(isH265PictureUnit);
  const slice = units.find((unit) => h265Type(unit) <= H265_LAST_SLICE_TYPE);
  const layer = slice === undefined ? 0 : h265TemporalId(slice);
  const isNeeded = units.some((unit) => h265Type(unit) >= H265_FIRST_RESERVED_TYPE || h265Type(unit) % 2 === 1);
  return { pieces: annexB(units), keyframe, unusedUpTo: isNeeded ? USED : layer, layer };
}

/** Frames of codecs that are decoded as they are. */
const wholeFrame = (data: Uint8Array, keyframe: boolean): DecoderFrame => ({
  pieces: [data],
  keyframe,
  unusedUpTo: USED,
  layer: 0,
});

/** Bytes of av1C before the sequence header that it may hold (AV1-ISOBMFF, section 2.3.3). */
const AV1_RECORD_BYTES = 4;

const annexBSetUp = (codec: VideoCodec): readonly Uint8Array[] => annexB(parameterSets(codec));
const marker = (base64: string): Uint8Array => Buffer.from(base64, "base64");

/**
 * The codecs that images are made from. The markers were encoded once, from a black picture, with nothing optional in them, and that of H.264 says
 * that no frame is reordered: a decoder goes on to hold back as many pictures as it was ever told to, each in memory that has left the cache by
 * the time it is used again.
 */
export const BITSTREAMS: Readonly<Record<VideoCodecName, Bitstream>> = {
  h264: {
    codecId: "V_MPEG4/ISO/AVC",
    marker: marker("AAAAAWdkAAqsTCL2AiAAAAMAIAAAAwBB4kTCMAAAAAFo6EMPLIsAAAFliIICv/73ye/Apuvb34E="),
    setUp: annexBSetUp,
    frame: h264Frame,
  },
  h265: {
    codecId: "V_MPEGH/ISO/HEVC",
    marker: marker(
      "AAAAAUABDAH//wFgAAADAJAAAAMAAAMAHpWYCQAAAAFCAQEBYAAAAwCQAAADAAADAB6giEWWVmq8rwFoCAAAAwAIAAADAAhAAAAAAUQBwXPQiQAAASgBrxOA95HH/+Q98A==",
    ),
    setUp: annexBSetUp,
    frame: h265Frame,
  },
  av1: {
    codecId: "V_AV1",
    marker: marker("EgAKCgAAAAGf+bXyAIAyDhAAwAAAAoAAAACpjljU"),
    setUp: ({ configuration }) => [configuration.subarray(AV1_RECORD_BYTES)],
    frame: wholeFrame,
  },
  vp9: {
    codecId: "V_VP9",
    marker: marker("gkmDQgAA8AD2ADgkHBhKAAAwYAAAEL///UiMAA=="),
    setUp: () => [],
    frame: wholeFrame,
  },
};
