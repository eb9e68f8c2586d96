import { BitReader, BitstreamError } from "../codecs/bit-reader.ts";
import { type AudioCodec, CodecError } from "../codecs/model.ts";

/** Bytes of an ADTS header without CRC (ISO/IEC 14496-3, section 1.A.2.2). */
export const ADTS_HEADER_BYTES = 7;
/** Largest raw data block: the frame's length has 13 bits, its header included. */
export const MAX_ADTS_PAYLOAD = 0x1fff - ADTS_HEADER_BYTES;

/** Hz by index (ISO/IEC 14496-3, table 1.18). */
const RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
const EXPLICIT_RATE = 15;
const SBR = 5;
const PARAMETRIC_STEREO = 29;
/** Main, LC, SSR and LTP are all that two bits can say. */
const MAX_OBJECT_TYPE = 4;
const MAX_CHANNEL_CONFIGURATION = 7;

/** Index of the rate that the reader is at, or -1 where the table has none. */
function readRateIndex(reader: BitReader): number {
  const index = reader.bits(4);
  if (index !== EXPLICIT_RATE) return index < RATES.length ? index : -1;
  return RATES.indexOf(reader.bits(24));
}

/** The third and fourth byte of each header, of which the frame's length takes the last two bits. */
function parseConfiguration(configuration: Uint8Array): number | undefined {
  const reader = new BitReader(configuration);
  let objectType = reader.bits(5);
  const rateIndex = readRateIndex(reader);
  const channels = reader.bits(4);
  if (objectType === SBR || objectType === PARAMETRIC_STEREO) {
    readRateIndex(reader);
    objectType = reader.bits(5);
  }
  const shortFrames = reader.flag();
  if (objectType < 1 || objectType > MAX_OBJECT_TYPE || rateIndex < 0 || shortFrames) return undefined;
  if (channels < 1 || channels > MAX_CHANNEL_CONFIGURATION) return undefined;
  return ((objectType - 1) << 14) | (rateIndex << 10) | (channels << 6);
}

/**
 * The constant part of the ADTS headers of an AAC track, for `writeAdtsHeader`. Extensions such as SBR are left for
 * decoders to find in the frames (implicit signalling). Throws a `CodecError` where ADTS cannot describe the track.
 */
export function adtsSetUp(codec: AudioCodec, codecId: string): number {
  try {
    const setUp = parseConfiguration(codec.configuration);
    if (setUp !== undefined) return setUp;
  } catch (error) {
    if (error instanceof BitstreamError) throw new CodecError("invalid-configuration", codecId, error.message);
    throw error;
  }
  throw new CodecError("unsupported", codecId, "MPEG-TS carries AAC as ADTS, which has no form of this AAC");
}

/** Writes the header of a frame of `payloadBytes` bytes, at most `MAX_ADTS_PAYLOAD`, and returns where it ends. */
export function writeAdtsHeader(out: Uint8Array, at: number, setUp: number, payloadBytes: number): number {
  const length = ADTS_HEADER_BYTES + payloadBytes;
  // Sync word, MPEG-4, no CRC.
  out[at] = 0xff;
  out[at + 1] = 0xf1;
  out[at + 2] = setUp >> 8;
  out[at + 3] = (setUp & 0xc0) | (length >> 11);
  out[at + 4] = length >> 3;
  // A variable bit rate, and one raw data block.
  out[at + 5] = ((length & 7) << 5) | 0x1f;
  out[at + 6] = 0xfc;
  return at + ADTS_HEADER_BYTES;
}
