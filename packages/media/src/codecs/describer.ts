import type { MatroskaTrack } from "../matroska/model.ts";
import { BitstreamError } from "./bit-reader.ts";
import type { MediaCodec } from "./model.ts";

/** A frame that can be decoded alone, or the first `LEADING_BYTES` bytes of one. */
export interface KeyFrame {
  readonly data: Uint8Array;
  /** Bytes of the whole frame. */
  readonly bytes: number;
}

/**
 * Describes a track of one codec. `keyFrame` is given where the caller has one: some streams carry their set-up only
 * there, and some change it there. Throws a `BitstreamError` where set-up data are damaged, a `CodecError` where
 * they are missing or not supported.
 */
export type Describer = (track: MatroskaTrack, keyFrame: KeyFrame | undefined) => MediaCodec;

/** What `tell` reads of a parameter set, as text that is equal for equal ones; undefined where the set is damaged or missing. */
export function toldBy(set: Uint8Array | undefined, tell: (set: Uint8Array) => readonly unknown[]): string | undefined {
  if (!set) return undefined;
  try {
    return JSON.stringify(tell(set));
  } catch (error) {
    if (error instanceof BitstreamError) return undefined;
    throw error;
  }
}

/** `value` in hexadecimal digits, at least two. */
export function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
