import type { AudioCodec } from "../codecs/model.ts";
import { box, fields, type Piece } from "./box.ts";

/** Offsets in an OpusHead (RFC 7845, section 5.1), whose numbers are little-endian. */
const CHANNELS = 9;
const PRE_SKIP = 10;
const INPUT_RATE = 12;
const GAIN = 16;
const MAPPING_FAMILY = 18;

/**
 * The dOps box: an OpusHead without its magic, of version 0, with big-endian numbers ("Encapsulation of Opus in ISO Base
 * Media File Format", section 4.3.2). `configuration` is a whole OpusHead, as `describeTrack` gives it.
 */
export function opusSpecific({ configuration }: AudioCodec): Piece {
  const head = new DataView(configuration.buffer, configuration.byteOffset, configuration.length);
  const mapping = configuration.subarray(MAPPING_FAMILY);
  const settings = fields(10 + mapping.length, (out) => {
    out.u8(0);
    out.u8(configuration[CHANNELS] ?? 0);
    out.u16(head.getUint16(PRE_SKIP, true));
    out.u32(head.getUint32(INPUT_RATE, true));
    out.u16(head.getUint16(GAIN, true));
    out.copy(mapping);
  });
  return box("dOps", settings);
}
