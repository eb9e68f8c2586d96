import type { MatroskaTrack } from "../matroska/model.ts";
import { describeAac } from "./aac/describe.ts";
import { BitstreamError } from "./bit-reader.ts";
import type { Describer } from "./describer.ts";
import { describeH264 } from "./h264/describe.ts";
import { CodecError, type MediaCodec } from "./model.ts";

/** Describers by CodecID (Matroska, "Codec Mappings"), and one more name that the producers' documentation prints. */
const DESCRIBERS: ReadonlyMap<string, Describer> = new Map<string, Describer>([
  ["V_MPEG4/ISO/AVC", describeH264],
  ["V_MPEG/ISO/AVC", describeH264],
  ["A_AAC", describeAac],
]);

/**
 * Describes what a track's frames are, from its CodecID and CodecPrivate. `keyFrame` is a frame of the track that can be
 * decoded alone: it is asked where CodecPrivate tells nothing, as with producers that send parameter sets in band.
 * Throws a `CodecError` where the codec has no mapping or its set-up is missing or damaged.
 */
export function describeTrack(track: MatroskaTrack, keyFrame?: Uint8Array): MediaCodec {
  const describe = DESCRIBERS.get(track.codecId);
  if (!describe) throw new CodecError("unsupported", track.codecId, "no mapping for this codec");
  try {
    return describe(track, keyFrame);
  } catch (error) {
    if (!(error instanceof BitstreamError)) throw error;
    throw new CodecError("invalid-configuration", track.codecId, error.message);
  }
}
