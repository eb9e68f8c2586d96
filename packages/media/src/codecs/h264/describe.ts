import type { MatroskaTrack } from "../../matroska/model.ts";
import { hexByte, type KeyFrame, toldBy } from "../describer.ts";
import { CodecError, type VideoCodec } from "../model.ts";
import { leadingNalUnits, splitAnnexB, splitFrame, startsWithStartCode, USUAL_NAL_LENGTH_BYTES } from "../nal-units.ts";
import { frameRateOfTrack, pictureSize } from "../track-video.ts";
import {
  type AvcConfiguration,
  H264_PPS,
  H264_SPS,
  h264NalType,
  parseAvcConfiguration,
  writeAvcConfiguration,
} from "./decoder-configuration.ts";
import { type H264Sps, parseH264Sps } from "./sps.ts";

const BASELINE = 66;

interface SetUp extends AvcConfiguration {
  /** The avcC, where it came as such and can be used as it is. */
  record: Uint8Array | undefined;
  /** Whether the sets were found in a frame, where later ones may change them. */
  inBand: boolean;
}

function setUpOf(nals: readonly Uint8Array[], nalLengthBytes: number, inBand: boolean): SetUp {
  const sequenceSets = nals.filter((nal) => h264NalType(nal) === H264_SPS);
  const pictureSets = nals.filter((nal) => h264NalType(nal) === H264_PPS);
  return { nalLengthBytes, sequenceSets, pictureSets, record: undefined, inBand };
}

function findSetUp(track: MatroskaTrack, keyFrame: KeyFrame | undefined): SetUp {
  const { codecPrivate } = track;
  let nalLengthBytes = USUAL_NAL_LENGTH_BYTES;
  if (codecPrivate && startsWithStartCode(codecPrivate)) {
    const setUp = setUpOf(splitAnnexB(codecPrivate), nalLengthBytes, false);
    if (setUp.sequenceSets.length > 0) return changedBy(keyFrame, setUp);
  } else if (codecPrivate && codecPrivate.length > 0) {
    const record = parseAvcConfiguration(codecPrivate);
    if (record.sequenceSets.length > 0) return changedBy(keyFrame, { ...record, record: codecPrivate, inBand: false });
    nalLengthBytes = record.nalLengthBytes;
  }
  if (!keyFrame) throw new CodecError("missing-configuration", track.codecId, "CodecPrivate has no parameter sets");
  return setUpOf(splitFrame(keyFrame.data, nalLengthBytes, keyFrame.bytes), nalLengthBytes, true);
}

/**
 * The set-up of a key frame that brings sets of its own for other pictures than the track's are for. Encoders that change their bit rate send
 * other sets for the same pictures, which decoders take as they come.
 */
function changedBy(keyFrame: KeyFrame | undefined, setUp: SetUp): SetUp {
  if (!keyFrame) return setUp;
  const { nalLengthBytes, sequenceSets, pictureSets } = setUp;
  const sent = setUpOf(leadingNalUnits(keyFrame.data, keyFrame.bytes, nalLengthBytes), nalLengthBytes, false);
  const [before, after] = [picturesOf(sequenceSets[0]), picturesOf(sent.sequenceSets[0])];
  if (after === undefined || after === before) return setUp;
  return sent.pictureSets.length > 0 ? sent : { ...sent, pictureSets };
}

/** What a sequence parameter set tells of the pictures; see `toldBy`. */
const picturesOf = (set: Uint8Array | undefined): string | undefined =>
  toldBy(set, (bytes) => {
    const { profile, constraints, level, width, height, sampleAspect, color, ...sps } = parseH264Sps(bytes);
    const samples = [sps.chromaFormat, sps.lumaBits, sps.chromaBits];
    return [profile, constraints, level, width, height, sampleAspect, color, samples];
  });

/** Nothing is reordered without frames of two directions, which the Baseline profile does not have (ITU-T H.264, section A.2.1). */
function reorderLimit({ profile, referenceFrames }: H264Sps): number {
  return profile === BASELINE ? 0 : Math.max(0, referenceFrames - 1);
}

/**
 * Describes an H.264 track from its avcC, from parameter sets with start codes, or else from those in its key frame
 * (ISO/IEC 14496-15, section 5; RFC 6381, section 3.3).
 */
export function describeH264(track: MatroskaTrack, keyFrame: KeyFrame | undefined): VideoCodec {
  const setUp = findSetUp(track, keyFrame);
  const first = setUp.sequenceSets[0];
  if (!first) throw new CodecError("missing-configuration", track.codecId, "neither it nor a key frame has an SPS");
  const sps = parseH264Sps(first);
  const parameters = hexByte(sps.profile) + hexByte(sps.constraints) + hexByte(sps.level);
  return {
    kind: "video",
    name: "h264",
    rfc6381: `${setUp.inBand ? "avc3" : "avc1"}.${parameters}`,
    ...pictureSize(track, sps.width, sps.height, sps.sampleAspect),
    frameRate: sps.frameRate ?? frameRateOfTrack(track),
    reorderFrames: sps.reorderFrames,
    reorderLimit: sps.reorderFrames ?? reorderLimit(sps),
    color: sps.color,
    configuration: setUp.record ?? writeAvcConfiguration(setUp),
    nalLengthBytes: setUp.nalLengthBytes,
  };
}
