import type { MatroskaTrack } from "../matroska/model.ts";
import type { MediaCodec } from "./model.ts";

/**
 * Describes a track of one codec. `keyFrame` is a frame that can be decoded alone, where the caller has one: some
 * streams carry their set-up only there. Throws a `BitstreamError` where set-up data are damaged, a `CodecError` where
 * they are missing or not supported.
 */
export type Describer = (track: MatroskaTrack, keyFrame: Uint8Array | undefined) => MediaCodec;

/** `value` in hexadecimal digits, at least two. */
export function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
