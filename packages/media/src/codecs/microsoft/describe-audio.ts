import type { MatroskaTrack } from "../../matroska/model.ts";
import { describeAac } from "../aac/describe.ts";
import { BitstreamError } from "../bit-reader.ts";
import { type AudioCodec, CodecError } from "../model.ts";
import { describeMp3 } from "../mp3/describe.ts";

/** Format tags of WAVEFORMATEX (RFC 2361). */
const A_LAW = 6;
const MU_LAW = 7;
const MP3 = 0x55;
const AAC = 0xff;

/** Fields up to wBitsPerSample; cbSize and what it counts may follow. */
const MIN_BYTES = 16;
const EXTRA_OFFSET = 18;
/** Rates above this are taken for nonsense: converters end at 768 kHz. */
const MAX_SAMPLE_RATE = 768_000;

function g711(name: "pcma" | "pcmu", rfc6381: string, sampleRate: number, channels: number): AudioCodec {
  const configuration = new Uint8Array(0);
  return { kind: "audio", name, rfc6381, sampleRate, channels, samplesPerFrame: undefined, configuration };
}

/**
 * Describes a track of A_MS/ACM, whose CodecPrivate is a WAVEFORMATEX with little-endian numbers (Matroska, "Codec
 * Mappings"): G.711, AAC or MP3.
 */
export function describeAcm(track: MatroskaTrack): AudioCodec {
  const format = track.codecPrivate;
  if (!format || format.length === 0) {
    throw new CodecError("missing-configuration", track.codecId, "CodecPrivate has no WAVEFORMATEX");
  }
  if (format.length < MIN_BYTES) throw new BitstreamError("WAVEFORMATEX is too short");
  const view = new DataView(format.buffer, format.byteOffset, format.length);
  const tag = view.getUint16(0, true);
  const channels = view.getUint16(2, true);
  const samplingFrequency = view.getUint32(4, true);
  if (channels === 0 || samplingFrequency === 0 || samplingFrequency > MAX_SAMPLE_RATE) {
    throw new BitstreamError(`WAVEFORMATEX with ${channels} channels of ${samplingFrequency} Hz`);
  }
  if (tag === A_LAW) return g711("pcma", "alaw", samplingFrequency, channels);
  if (tag === MU_LAW) return g711("pcmu", "ulaw", samplingFrequency, channels);
  if (tag === AAC) return describeAac({ ...track, codecPrivate: format.subarray(EXTRA_OFFSET) });
  if (tag === MP3) return describeMp3({ ...track, audio: { samplingFrequency, channels, bitDepth: undefined } });
  throw new CodecError("unsupported", track.codecId, `no mapping for format tag 0x${tag.toString(16)}`);
}
