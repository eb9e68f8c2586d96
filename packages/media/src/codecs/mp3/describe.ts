import type { MatroskaTrack } from "../../matroska/model.ts";
import { BitstreamError } from "../bit-reader.ts";
import type { AudioCodec } from "../model.ts";

/** Samples of a frame by Hz: 1152 in MPEG-1, 576 in MPEG-2 and 2.5 (ISO/IEC 11172-3 and 13818-3, section 2.4.2). */
const FRAME_SAMPLES: ReadonlyMap<number, number> = new Map([
  [48_000, 1152],
  [44_100, 1152],
  [32_000, 1152],
  [24_000, 576],
  [22_050, 576],
  [16_000, 576],
  [12_000, 576],
  [11_025, 576],
  [8000, 576],
]);

/** Describes an MP3 track, whose frames tell all that a decoder needs (RFC 6381; ISO/IEC 14496-1, object type 0x6B). */
export function describeMp3({ audio }: MatroskaTrack): AudioCodec {
  const sampleRate = audio?.samplingFrequency ?? 0;
  const channels = audio?.channels ?? 0;
  const samplesPerFrame = FRAME_SAMPLES.get(sampleRate);
  if (samplesPerFrame === undefined) throw new BitstreamError(`MP3 has no sample rate of ${sampleRate} Hz`);
  if (channels !== 1 && channels !== 2) throw new BitstreamError(`MP3 has no ${channels} channels`);
  return {
    kind: "audio",
    name: "mp3",
    rfc6381: "mp4a.6B",
    sampleRate,
    channels,
    samplesPerFrame,
    configuration: new Uint8Array(0),
  };
}
