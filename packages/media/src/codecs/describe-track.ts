import type { MatroskaTrack } from "../matroska/model.ts";
import { describeAac } from "./aac/describe.ts";
import { describeAv1 } from "./av1/describe.ts";
import { BitstreamError } from "./bit-reader.ts";
import type { Describer } from "./describer.ts";
import { describeH264 } from "./h264/describe.ts";
import { describeH265 } from "./h265/describe.ts";
import { describeAcm } from "./microsoft/describe-audio.ts";
import { describeVfw } from "./microsoft/describe-video.ts";
import { CodecError, type MediaCodec } from "./model.ts";
import { describeMp3 } from "./mp3/describe.ts";
import { describeOpus } from "./opus/describe.ts";
import { describeVp9 } from "./vp9/describe.ts";

/** Describers by CodecID (Matroska, "Codec Mappings"), and one more name that the producers' documentation prints. */
const DESCRIBERS: ReadonlyMap<string, Describer> = new Map<string, Describer>([
  ["V_MPEG4/ISO/AVC", describeH264],
  ["V_MPEG/ISO/AVC", describeH264],
  ["V_MPEGH/ISO/HEVC", describeH265],
  ["V_AV1", describeAv1],
  ["V_VP9", describeVp9],
  ["V_MS/VFW/FOURCC", describeVfw],
  ["A_AAC", describeAac],
  ["A_OPUS", describeOpus],
  ["A_MPEG/L3", describeMp3],
  ["A_MS/ACM", describeAcm],
]);

/**
 * Describes what a track's frames are, from its CodecID and CodecPrivate. `keyFrame` is a frame of the track that can be
 * decoded alone: it is asked where CodecPrivate tells nothing, as with producers that send parameter sets in band, and
 * where its sets tell of other pictures than CodecPrivate does, as with producers that change their size. It may be the
 * beginning of a frame that has `keyFrameBytes`: `LEADING_BYTES` of it do.
 * Throws a `CodecError` where the codec has no mapping or its set-up is missing or damaged.
 */
export function describeTrack(
  track: MatroskaTrack,
  keyFrame?: Uint8Array,
  keyFrameBytes = keyFrame?.length ?? 0,
): MediaCodec {
  const describe = DESCRIBERS.get(track.codecId);
  if (!describe) throw new CodecError("unsupported", track.codecId, "no mapping for this codec");
  try {
    return describe(track, keyFrame && { data: keyFrame, bytes: keyFrameBytes });
  } catch (error) {
    if (!(error instanceof BitstreamError)) throw error;
    throw new CodecError("invalid-configuration", track.codecId, error.message);
  }
}
