import type { AudioCodec } from "../codecs/model.ts";
import { opusPacketSamples } from "../codecs/opus/packet.ts";

/** Samples of each channel that a frame decodes to, at the codec's sample rate; 0 where it does not tell. */
export function frameSamples(codec: AudioCodec, data: Uint8Array): number {
  if (codec.samplesPerFrame !== undefined) return codec.samplesPerFrame;
  if (codec.name === "opus") return opusPacketSamples(data);
  // G.711 has a byte for each sample (ITU-T G.711).
  if (codec.name === "pcma" || codec.name === "pcmu") return Math.floor(data.length / codec.channels);
  return 0;
}
