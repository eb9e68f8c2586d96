import type { MatroskaTrack } from "../../matroska/model.ts";
import { BitstreamError } from "../bit-reader.ts";
import type { KeyFrame } from "../describer.ts";
import { CodecError, type VideoCodec, type VideoColor } from "../model.ts";
import { frameRateOfTrack, pictureSize } from "../track-video.ts";
import { parseVp9KeyFrame } from "./frame-header.ts";
import { vp9Level } from "./level.ts";

/** Ids in the features that CodecPrivate lists ("VP9 Codec Feature Metadata", WebM project). */
const PROFILE = 1;
const LEVEL = 2;
const BIT_DEPTH = 3;
const CHROMA = 4;

/** chroma_subsampling of vpcC (VP9-ISOBMFF): 4:2:0 with chroma at the luma's place, 4:2:2 and 4:4:4. */
const CHROMA_420 = 1;
const CHROMA_422 = 2;
const CHROMA_444 = 3;

/** matrix_coefficients of ITU-T H.273 by color_space (VP9 specification, section 7.2.2). */
const MATRICES: ReadonlyMap<number, number> = new Map([
  [1, 5],
  [2, 1],
  [3, 6],
  [4, 7],
  [5, 9],
  [7, 0],
]);
const UNSPECIFIED = 2;

interface Settings {
  profile: number;
  level: number | undefined;
  bitDepth: number;
  chroma: number;
  color: VideoColor | undefined;
  width: number;
  height: number;
}

function chromaOf(subsamplingX: number, subsamplingY: number): number {
  if (subsamplingX === 0) return CHROMA_444;
  return subsamplingY === 0 ? CHROMA_422 : CHROMA_420;
}

/** Features by id; each has an id, a length and a value of so many bytes, of which one is in use. */
function readFeatures(data: Uint8Array): Map<number, number> {
  const features = new Map<number, number>();
  for (let at = 0; at + 2 < data.length; at += 2 + data[at + 1]!) features.set(data[at]!, data[at + 2]!);
  return features;
}

function fromKeyFrame(keyFrame: Uint8Array, level: number | undefined): Settings {
  const header = parseVp9KeyFrame(keyFrame);
  const { profile, bitDepth, width, height, fullRange } = header;
  const matrix = MATRICES.get(header.colorSpace);
  const color = matrix === undefined ? undefined : { primaries: UNSPECIFIED, transfer: UNSPECIFIED, matrix, fullRange };
  return { profile, level, bitDepth, chroma: chromaOf(header.subsamplingX, header.subsamplingY), color, width, height };
}

function fromTrack(track: MatroskaTrack, features: ReadonlyMap<number, number>): Settings {
  const profile = features.get(PROFILE);
  const { pixelWidth: width = 0, pixelHeight: height = 0 } = track.video ?? {};
  if (profile === undefined || width === 0 || height === 0) {
    throw new CodecError("missing-configuration", track.codecId, "no profile and size, and no key frame");
  }
  const bitDepth = features.get(BIT_DEPTH) ?? (profile < 2 ? 8 : 10);
  const chroma = features.get(CHROMA) ?? CHROMA_420;
  return { profile, level: features.get(LEVEL), bitDepth, chroma, color: undefined, width, height };
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, "0");
}

/** Contents of a vpcC behind its version and flags (VP9-ISOBMFF, "VP Codec Configuration Box"). */
function configurationOf(settings: Settings, level: number): Uint8Array {
  const { profile, bitDepth, chroma, color } = settings;
  const { primaries, transfer, matrix } = color ?? {
    primaries: UNSPECIFIED,
    transfer: UNSPECIFIED,
    matrix: UNSPECIFIED,
  };
  const shape = (bitDepth << 4) | (chroma << 1) | (color?.fullRange ? 1 : 0);
  return Uint8Array.of(profile, level, shape, primaries, transfer, matrix, 0, 0);
}

/** Describes a VP9 track from its key frame, or from the features that its CodecPrivate lists (VP9-ISOBMFF). */
export function describeVp9(track: MatroskaTrack, keyFrame: KeyFrame | undefined): VideoCodec {
  const features = readFeatures(track.codecPrivate ?? new Uint8Array(0));
  const settings = keyFrame ? fromKeyFrame(keyFrame.data, features.get(LEVEL)) : fromTrack(track, features);
  const { profile, bitDepth, chroma, width, height } = settings;
  if (profile > 3 || ![8, 10, 12].includes(bitDepth) || chroma > CHROMA_444) {
    throw new BitstreamError("features of no VP9 stream");
  }
  const frameRate = frameRateOfTrack(track);
  const level = settings.level ?? vp9Level(width, height, frameRate);
  return {
    kind: "video",
    name: "vp9",
    rfc6381: `vp09.${twoDigits(profile)}.${twoDigits(level)}.${twoDigits(bitDepth)}`,
    ...pictureSize(track, width, height, undefined),
    frameRate,
    // Frames that others overtake are parts of one superframe, which is one frame of the container.
    reorderFrames: 0,
    reorderLimit: 0,
    color: settings.color,
    configuration: configurationOf(settings, level),
    nalLengthBytes: 0,
  };
}
