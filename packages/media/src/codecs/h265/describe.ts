import type { MatroskaTrack } from "../../matroska/model.ts";
import { type KeyFrame, toldBy } from "../describer.ts";
import { CodecError, type VideoCodec } from "../model.ts";
import { leadingNalUnits, splitAnnexB, splitFrame, startsWithStartCode, USUAL_NAL_LENGTH_BYTES } from "../nal-units.ts";
import { frameRateOfTrack, pictureSize } from "../track-video.ts";
import {
  H265_SPS,
  h265NalType,
  isH265ParameterSet,
  markComplete,
  parseHevcConfiguration,
  writeHevcConfiguration,
} from "./decoder-configuration.ts";
import { parseH265Sps } from "./sps.ts";

const CONSTRAINT_BYTES = 6;

interface SetUp {
  nalLengthBytes: number;
  sequenceSet: Uint8Array | undefined;
  /** Whether the sets were found in a frame, where later ones may change them. */
  inBand: boolean;
  configuration(): Uint8Array;
}

function setUpOf(nals: readonly Uint8Array[], nalLengthBytes: number, inBand: boolean): SetUp {
  const sets = nals.filter(isH265ParameterSet);
  return {
    nalLengthBytes,
    sequenceSet: sets.find((nal) => h265NalType(nal) === H265_SPS),
    inBand,
    configuration: () => writeHevcConfiguration(sets, nalLengthBytes, !inBand),
  };
}

/**
 * The set-up of a key frame that brings sets of its own for other pictures than the track's are for, with those of the track's `sets` that it
 * does not bring anew. Encoders that change their bit rate send other sets for the same pictures, which decoders take as they come.
 */
function changedBy(keyFrame: KeyFrame | undefined, setUp: SetUp, sets: readonly Uint8Array[]): SetUp {
  if (!keyFrame) return setUp;
  const { nalLengthBytes, sequenceSet } = setUp;
  const sent = leadingNalUnits(keyFrame.data, keyFrame.bytes, nalLengthBytes).filter(isH265ParameterSet);
  const changed = picturesOf(sent.find((nal) => h265NalType(nal) === H265_SPS));
  if (changed === undefined || changed === picturesOf(sequenceSet)) return setUp;
  const types = new Set(sent.map(h265NalType));
  const kept = sets.filter((nal) => isH265ParameterSet(nal) && !types.has(h265NalType(nal)));
  return setUpOf([...kept, ...sent], nalLengthBytes, false);
}

/** What a sequence parameter set tells of the pictures; see `toldBy`. */
const picturesOf = (set: Uint8Array | undefined): string | undefined =>
  toldBy(set, (bytes) => {
    const { profileTierLevel, width, height, sampleAspect, color, ...sps } = parseH265Sps(bytes);
    const samples = [sps.chromaFormat, sps.lumaBits, sps.chromaBits];
    return [[...profileTierLevel], width, height, sampleAspect, color, samples];
  });

function findSetUp(track: MatroskaTrack, keyFrame: KeyFrame | undefined): SetUp {
  const { codecPrivate } = track;
  let nalLengthBytes = USUAL_NAL_LENGTH_BYTES;
  if (codecPrivate && startsWithStartCode(codecPrivate)) {
    const sets = splitAnnexB(codecPrivate);
    const setUp = setUpOf(sets, nalLengthBytes, false);
    if (setUp.sequenceSet) return changedBy(keyFrame, setUp, sets);
  } else if (codecPrivate && codecPrivate.length > 0) {
    const record = parseHevcConfiguration(codecPrivate);
    const sequenceSet = record.nalUnits.find((nal) => h265NalType(nal) === H265_SPS);
    nalLengthBytes = record.nalLengthBytes;
    const configuration = (): Uint8Array => markComplete(codecPrivate, record.arrayOffsets);
    const setUp = { nalLengthBytes, sequenceSet, inBand: false, configuration };
    if (sequenceSet) return changedBy(keyFrame, setUp, record.nalUnits);
  }
  if (!keyFrame) throw new CodecError("missing-configuration", track.codecId, "CodecPrivate has no parameter sets");
  return setUpOf(splitFrame(keyFrame.data, nalLengthBytes, keyFrame.bytes), nalLengthBytes, true);
}

function reverseBits(value: number): number {
  let reversed = 0;
  for (let i = 0; i < 32; i++) reversed = (reversed << 1) | ((value >>> i) & 1);
  return reversed >>> 0;
}

/** The parameters behind hvc1 or hev1 (ISO/IEC 14496-15, section E.3). */
function codecParameters(profileTierLevel: Uint8Array): string {
  const view = new DataView(profileTierLevel.buffer, profileTierLevel.byteOffset, profileTierLevel.length);
  const general = view.getUint8(0);
  const space = ["", "A", "B", "C"][general >> 6];
  const tier = general & 0x20 ? "H" : "L";
  const constraints = [...profileTierLevel.subarray(5, 5 + CONSTRAINT_BYTES)];
  while (constraints.at(-1) === 0) constraints.pop();
  const parts = [
    `${space}${general & 0x1f}`,
    reverseBits(view.getUint32(1)).toString(16),
    `${tier}${view.getUint8(11)}`,
  ];
  return [...parts, ...constraints.map((byte) => byte.toString(16))].join(".").toUpperCase();
}

/**
 * Describes an H.265 track from its hvcC, from parameter sets with start codes, or else from those in its key frame
 * (ISO/IEC 14496-15, section 8).
 */
export function describeH265(track: MatroskaTrack, keyFrame: KeyFrame | undefined): VideoCodec {
  const setUp = findSetUp(track, keyFrame);
  if (!setUp.sequenceSet) {
    throw new CodecError("missing-configuration", track.codecId, "neither it nor a key frame has an SPS");
  }
  const sps = parseH265Sps(setUp.sequenceSet);
  return {
    kind: "video",
    name: "h265",
    rfc6381: `${setUp.inBand ? "hev1" : "hvc1"}.${codecParameters(sps.profileTierLevel)}`,
    ...pictureSize(track, sps.width, sps.height, sps.sampleAspect),
    frameRate: sps.frameRate ?? frameRateOfTrack(track),
    reorderFrames: sps.reorderFrames,
    reorderLimit: sps.reorderFrames,
    color: sps.color,
    configuration: setUp.configuration(),
    nalLengthBytes: setUp.nalLengthBytes,
  };
}
