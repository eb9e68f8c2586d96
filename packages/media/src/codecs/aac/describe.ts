import type { MatroskaTrack } from "../../matroska/model.ts";
import { type AudioCodec, CodecError } from "../model.ts";
import { parseAudioSpecificConfig } from "./audio-specific-config.ts";

/** Describes an AAC track from its AudioSpecificConfig (ISO/IEC 14496-3, section 1.6; RFC 6381, section 3.3). */
export function describeAac(track: MatroskaTrack): AudioCodec {
  const { codecPrivate } = track;
  if (!codecPrivate || codecPrivate.length === 0) {
    throw new CodecError("missing-configuration", track.codecId, "CodecPrivate has no AudioSpecificConfig");
  }
  const { objectType, sampleRate, channels, samplesPerFrame } = parseAudioSpecificConfig(codecPrivate);
  return {
    kind: "audio",
    name: "aac",
    rfc6381: `mp4a.40.${objectType}`,
    sampleRate,
    channels,
    samplesPerFrame,
    configuration: codecPrivate,
  };
}
