import type { AudioCodec } from "../codecs/model.ts";
import { opusPacketSamples } from "../codecs/opus/packet.ts";

/** Samples of each channel that a frame decodes to, at the codec's sample rate; 0 where it does not tell. */
export function frameSamples(codec: AudioCodec, data: Uint8Array): number {
  return frameSamplesBySize(codec, data.length) ?? opusPacketSamples(data);
}

/** The same of a frame of `size` bytes; undefined where the codec's frames tell it by their content. */
export function frameSamplesBySize(codec: AudioCodec, size: number): number | undefined {
  if (codec.samplesPerFrame !== undefined) return codec.samplesPerFrame;
  if (codec.name === "opus") return undefined;
  // G.711 has a byte for each sample (ITU-T G.711).
  return codec.name === "pcma" || codec.name === "pcmu" ? Math.floor(size / codec.channels) : 0;
}
