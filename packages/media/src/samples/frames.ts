import type { MediaCodec } from "../codecs/model.ts";
import { isLengthPrefixed, startsWithStartCode, toLengthPrefixed } from "../codecs/nal-units.ts";

/**
 * A frame as containers hold it: as it is for most, with lengths before its NAL units where it came with start codes
 * instead. Undefined where it cannot be a frame of its codec.
 */
export function containerFrame(codec: MediaCodec, data: Uint8Array): Uint8Array | undefined {
  if (data.length === 0) return undefined;
  if (codec.kind === "audio" || codec.nalLengthBytes === 0) return data;
  // Lengths first: those of 256 to 511 bytes look like a start code.
  if (isLengthPrefixed(data, codec.nalLengthBytes)) return data;
  return startsWithStartCode(data) ? toLengthPrefixed(data, codec.nalLengthBytes) : undefined;
}
