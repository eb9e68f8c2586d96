import type { AudioCodec } from "../codecs/model.ts";
import { type Cursor, fields, fullBox, type Piece } from "./box.ts";

/** Tags of descriptors (ISO/IEC 14496-1, section 7.2.2.1). */
const ES_DESCRIPTOR = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC = 5;
const SYNC_CONFIG = 6;

/** objectTypeIndication of AAC of any kind and of MPEG-1 and MPEG-2 layer III (ISO/IEC 14496-1, table 5). */
const AAC = 0x40;
const MPEG1_LAYER3 = 0x6b;
/** streamType 5, audio, with upStream 0 and the reserved bit set. */
const AUDIO_STREAM = (5 << 2) | 1;
/** Tag and a size of four bytes, as most writers have it. */
const DESCRIPTOR_HEADER_BYTES = 5;

function descriptorHeader(out: Cursor, tag: number, size: number): void {
  out.u8(tag);
  for (let shift = 21; shift > 0; shift -= 7) out.u8(0x80 | ((size >> shift) & 0x7f));
  out.u8(size & 0x7f);
}

/** The esds box of an AAC or MP3 track (ISO/IEC 14496-14, section 5.6); rates, which nobody measured, stay 0. */
export function decoderDescriptor({ name, configuration }: AudioCodec): Piece {
  const specific = configuration.length > 0 ? DESCRIPTOR_HEADER_BYTES + configuration.length : 0;
  const decoder = 13 + specific;
  const stream = 3 + DESCRIPTOR_HEADER_BYTES + decoder + DESCRIPTOR_HEADER_BYTES + 1;
  const descriptors = fields(DESCRIPTOR_HEADER_BYTES + stream, (out) => {
    descriptorHeader(out, ES_DESCRIPTOR, stream);
    out.zeros(3); // ES_ID, flags
    descriptorHeader(out, DECODER_CONFIG, decoder);
    out.u8(name === "aac" ? AAC : MPEG1_LAYER3);
    out.u8(AUDIO_STREAM);
    out.zeros(11); // bufferSizeDB, maxBitrate, avgBitrate
    if (specific > 0) {
      descriptorHeader(out, DECODER_SPECIFIC, configuration.length);
      out.copy(configuration);
    }
    descriptorHeader(out, SYNC_CONFIG, 1);
    out.u8(2); // predefined: as MP4 files use it
  });
  return fullBox("esds", 0, 0, descriptors);
}
