import { wrapTicks } from "./packet.ts";

/** Start code, stream id, length, two bytes of flags and the length of what follows (ISO/IEC 13818-1, section 2.4.3.7). */
const FIXED_BYTES = 9;
/** Start code, stream id and length, which the length does not count. */
const UNCOUNTED_BYTES = 6;
const TIMESTAMP_BYTES = 5;
const MAX_LENGTH = 0xffff;

/** Most bytes that a PES packet of sound may carry: only video may leave its length open. */
export const MAX_AUDIO_PAYLOAD = MAX_LENGTH - (FIXED_BYTES - UNCOUNTED_BYTES) - TIMESTAMP_BYTES;

/** The marker, and that an access unit begins right behind the header (data_alignment_indicator). */
const FLAGS = 0x84;
const HAS_PTS = 0x80;
const HAS_DTS = 0x40;
const PTS_ALONE = 2;
const PTS_BEFORE_DTS = 3;
const DTS = 1;

/** Bytes of the header of a PES packet; a decoding time that equals the presentation time is left out. */
export function pesHeaderBytes(pts: number, dts: number): number {
  return FIXED_BYTES + (pts === dts ? TIMESTAMP_BYTES : 2 * TIMESTAMP_BYTES);
}

/** 33 bits in groups of 3, 15 and 15, each with a marker behind it. */
function writeTimestamp(out: Uint8Array, at: number, prefix: number, ticks: number): void {
  const wrapped = wrapTicks(ticks);
  const middle = Math.floor(wrapped / 0x8000);
  out[at] = (prefix << 4) | (Math.floor(wrapped / 0x4000_0000) << 1) | 1;
  out[at + 1] = middle >> 7;
  out[at + 2] = (middle << 1) | 1;
  out[at + 3] = (wrapped & 0x7fff) >> 7;
  out[at + 4] = (wrapped << 1) | 1;
}

/** What a PES header says. */
export interface PesHeader {
  readonly streamId: number;
  /** Ticks of 90 kHz; 33 bits of them are written. */
  readonly pts: number;
  readonly dts: number;
  /** Bytes behind the header; a length that its field cannot say is left open, as video may. */
  readonly payloadBytes: number;
}

/** Writes the header of a PES packet and returns where it ends. */
export function writePesHeader(out: Uint8Array, at: number, { streamId, pts, dts, payloadBytes }: PesHeader): number {
  const headerBytes = pesHeaderBytes(pts, dts);
  const counted = headerBytes - UNCOUNTED_BYTES + payloadBytes;
  const length = counted > MAX_LENGTH ? 0 : counted;
  out[at] = 0;
  out[at + 1] = 0;
  out[at + 2] = 1;
  out[at + 3] = streamId;
  out[at + 4] = length >> 8;
  out[at + 5] = length;
  out[at + 6] = FLAGS;
  out[at + 7] = pts === dts ? HAS_PTS : HAS_PTS | HAS_DTS;
  out[at + 8] = headerBytes - FIXED_BYTES;
  writeTimestamp(out, at + FIXED_BYTES, pts === dts ? PTS_ALONE : PTS_BEFORE_DTS, pts);
  if (pts !== dts) writeTimestamp(out, at + FIXED_BYTES + TIMESTAMP_BYTES, DTS, dts);
  return at + headerBytes;
}
