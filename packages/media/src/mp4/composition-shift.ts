import type { MediaCodec } from "../codecs/model.ts";
import { VIDEO_TIMESCALE } from "../samples/model.ts";

/** Frames a second where a stream with reordered frames does not state it: the slowest of the usual rates. */
const ASSUMED_FRAME_RATE = 24;
/** Ticks by which stamps of whole milliseconds can move two frames apart. */
const STAMP_JITTER = VIDEO_TIMESCALE / 1000;

/**
 * Ticks by which the composition times of all a track's samples in fragments are raised, and which the edit list of the
 * initialization segment takes off again. `assembleSamples` gives negative composition offsets to frames that others
 * overtake; raised so, they are positive, which demuxers need that keep sound and picture together only then (FFmpeg's
 * delays the pictures of a fragmented file with negative offsets). It depends on the codec alone, so that it is the same
 * for every segment.
 */
export function compositionShift(codec: MediaCodec): number {
  if (codec.kind === "audio" || codec.reorderLimit === 0) return 0;
  const frameTicks = VIDEO_TIMESCALE / (codec.frameRate ?? ASSUMED_FRAME_RATE);
  return Math.ceil(codec.reorderLimit * frameTicks) + STAMP_JITTER;
}
