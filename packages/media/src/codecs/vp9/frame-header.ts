import { BitReader, BitstreamError } from "../bit-reader.ts";

/** What the header of a key frame tells (VP9 Bitstream & Decoding Process Specification, section 7.2). */
export interface Vp9FrameHeader {
  profile: number;
  bitDepth: number;
  /** color_space, 0 for unknown. */
  colorSpace: number;
  fullRange: boolean;
  subsamplingX: number;
  subsamplingY: number;
  width: number;
  height: number;
}

const FRAME_MARKER = 2;
const SYNC_CODE = 0x49_83_42;
const RGB = 7;

/** Reads the uncompressed header of a key frame. Throws a `BitstreamError` where it is none, or damaged. */
export function parseVp9KeyFrame(frame: Uint8Array): Vp9FrameHeader {
  const reader = new BitReader(frame);
  if (reader.bits(2) !== FRAME_MARKER) throw new BitstreamError("no VP9 frame");
  const profile = reader.bits(1) + 2 * reader.bits(1);
  if (profile === 3) reader.skip(1);
  const showsExisting = reader.flag();
  if (showsExisting || reader.flag()) throw new BitstreamError("no key frame");
  reader.skip(2); // show_frame, error_resilient_mode
  if (reader.bits(24) !== SYNC_CODE) throw new BitstreamError("no sync code in the key frame");
  const bitDepth = profile < 2 ? 8 : reader.flag() ? 12 : 10;
  const colorSpace = reader.bits(3);
  const fullRange = colorSpace === RGB || reader.flag();
  const odd = profile % 2 === 1;
  const [subsamplingX, subsamplingY] = colorSpace === RGB ? [0, 0] : odd ? [reader.bits(1), reader.bits(1)] : [1, 1];
  if (odd) reader.skip(1);
  const width = reader.bits(16) + 1;
  const height = reader.bits(16) + 1;
  return { profile, bitDepth, colorSpace, fullRange, subsamplingX, subsamplingY, width, height };
}
