import { silentAacFrame } from "./aac/silence.ts";
import type { AudioCodec } from "./model.ts";

/** G.711 frames of silence last so long, as usual in telephony. */
const FRAMES_PER_SECOND = 50;
/** The codes nearest to zero, as ITU-T G.711 transmits them. */
const A_LAW_ZERO = 0xd5;
const MU_LAW_ZERO = 0xff;
/** A packet of one CELT frame of 20 ms over the full band (RFC 6716, section 3.1). */
const OPUS_20_MS = 31 << 3;
const OPUS_STEREO = 4;
/** The first symbol of a CELT frame says that it is silent (RFC 6716, section 4.3): an all-ones beginning reads as that. */
const CELT_SILENCE = [0xff, 0xfe];
/** Where OpusHead (RFC 7845, section 5.1) has the mapping family; 0 is one mono or stereo stream. */
const MAPPING_FAMILY_OFFSET = 18;

/**
 * A frame that decodes to silence; undefined for codecs and layouts of channels that none is known for. Throws a `BitstreamError` where the
 * codec's configuration is damaged.
 */
export function silentFrame({ name, channels, sampleRate, configuration }: AudioCodec): Uint8Array | undefined {
  switch (name) {
    case "aac":
      return silentAacFrame(configuration);
    case "opus": {
      if ((configuration[MAPPING_FAMILY_OFFSET] ?? 0) !== 0) return undefined;
      return Uint8Array.of(OPUS_20_MS | (channels === 2 ? OPUS_STEREO : 0), ...CELT_SILENCE);
    }
    case "pcma":
    case "pcmu": {
      const bytes = Math.round(sampleRate / FRAMES_PER_SECOND) * channels;
      return new Uint8Array(bytes).fill(name === "pcma" ? A_LAW_ZERO : MU_LAW_ZERO);
    }
    case "mp3":
      return undefined;
  }
}
