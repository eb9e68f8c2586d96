import type { MatroskaTrack } from "../../matroska/model.ts";
import { describeAv1 } from "../av1/describe.ts";
import { BitstreamError } from "../bit-reader.ts";
import type { Describer, KeyFrame } from "../describer.ts";
import { describeH264 } from "../h264/describe.ts";
import { describeH265 } from "../h265/describe.ts";
import { CodecError, type MediaCodec } from "../model.ts";
import { describeVp9 } from "../vp9/describe.ts";

/** Bytes of a BITMAPINFOHEADER, behind which the codec's own set-up stands. */
const HEADER_BYTES = 40;
const COMPRESSION_OFFSET = 16;

const DESCRIBERS: ReadonlyMap<string, Describer> = new Map<string, Describer>([
  ["H264", describeH264],
  ["X264", describeH264],
  ["AVC1", describeH264],
  ["HEVC", describeH265],
  ["H265", describeH265],
  ["HVC1", describeH265],
  ["VP90", describeVp9],
  ["AV01", describeAv1],
]);

/**
 * Describes a track of V_MS/VFW/FOURCC, whose CodecPrivate is a BITMAPINFOHEADER (Matroska, "Codec Mappings") with the
 * set-up of the codec that it names.
 */
export function describeVfw(track: MatroskaTrack, keyFrame: KeyFrame | undefined): MediaCodec {
  const header = track.codecPrivate;
  if (!header || header.length === 0) {
    throw new CodecError("missing-configuration", track.codecId, "CodecPrivate has no BITMAPINFOHEADER");
  }
  if (header.length < HEADER_BYTES) throw new BitstreamError("BITMAPINFOHEADER is too short");
  const fourCc = String.fromCharCode(...header.subarray(COMPRESSION_OFFSET, COMPRESSION_OFFSET + 4)).toUpperCase();
  const describe = DESCRIBERS.get(fourCc);
  if (!describe) {
    throw new CodecError("unsupported", track.codecId, `no mapping for the code ${JSON.stringify(fourCc)}`);
  }
  return describe({ ...track, codecPrivate: header.subarray(HEADER_BYTES) }, keyFrame);
}
