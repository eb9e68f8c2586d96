import type { MatroskaTrack } from "../../matroska/model.ts";
import { BitstreamError } from "../bit-reader.ts";
import { type AudioCodec, CodecError } from "../model.ts";

/** Hz at which Opus is decoded, whatever it was made from (RFC 7845, section 4). */
const OPUS_SAMPLE_RATE = 48_000;

/** "OpusHead" (RFC 7845, section 5.1). */
const MAGIC = [0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64];
const HEAD_BYTES = 19;
const CHANNELS = 9;
const MAPPING_FAMILY = 18;
/** Counts of streams, before a mapping table of a byte for each channel. */
const MAPPING_HEADER_BYTES = 2;

/** Describes an Opus track from its identification header (RFC 7845, section 5.1). */
export function describeOpus(track: MatroskaTrack): AudioCodec {
  const head = track.codecPrivate;
  if (!head || head.length === 0) {
    throw new CodecError("missing-configuration", track.codecId, "CodecPrivate has no OpusHead");
  }
  if (head.length < HEAD_BYTES || MAGIC.some((byte, i) => head[i] !== byte)) throw new BitstreamError("no OpusHead");
  const channels = head[CHANNELS]!;
  const mapping = head[MAPPING_FAMILY] === 0 ? 0 : MAPPING_HEADER_BYTES + channels;
  if (channels === 0 || (mapping === 0 && channels > 2)) throw new BitstreamError(`OpusHead with ${channels} channels`);
  if (head.length < HEAD_BYTES + mapping) throw new BitstreamError("OpusHead ends within its channel mapping");
  return {
    kind: "audio",
    name: "opus",
    rfc6381: "opus",
    sampleRate: OPUS_SAMPLE_RATE,
    channels,
    samplesPerFrame: undefined,
    configuration: head.subarray(0, HEAD_BYTES + mapping),
  };
}
