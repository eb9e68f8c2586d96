import type { MatroskaTrack } from "../matroska/model.ts";
import { type Sample, type TimedFrame, VIDEO_TIMESCALE } from "./model.ts";
import { ticksOf } from "./ticks.ts";

/** How long a last frame is shown when nothing tells it: that of a frame at 25 a second, in microseconds. */
const FALLBACK_FRAME_US = 40_000;

/**
 * Decode times for frames with these presentation times: the same times in rising order. Times that are equal, which
 * decoders take for one frame, are put a tick apart; `presented` is changed to match.
 */
function decodeTimesOf(presented: Float64Array): Float64Array {
  const order = Array.from(presented.keys());
  let sorted = true;
  for (let i = 1; i < presented.length; i++) sorted &&= presented[i]! > presented[i - 1]!;
  if (!sorted) order.sort((a, b) => presented[a]! - presented[b]! || a - b);
  const decoded = new Float64Array(presented.length);
  let earliest = -Infinity;
  order.forEach((frame, rank) => {
    const time = Math.max(presented[frame]!, earliest);
    presented[frame] = time;
    decoded[rank] = time;
    earliest = time + 1;
  });
  return decoded;
}

function lastDuration(track: MatroskaTrack, packets: readonly TimedFrame<unknown>[], decoded: Float64Array): number {
  const stated = packets[packets.length - 1]?.durationUs ?? (track.defaultDurationNs ?? 0) / 1000;
  if (stated > 0) return Math.max(1, ticksOf(stated, VIDEO_TIMESCALE));
  const count = decoded.length;
  if (count > 1) return decoded[count - 1]! - decoded[count - 2]!;
  return ticksOf(FALLBACK_FRAME_US, VIDEO_TIMESCALE);
}

/**
 * Lays out video frames, which come in decode order. Frames keep their presentation times; each is decoded when one is
 * shown, so that a segment depends on nothing before it. The last frame lasts to `endUs`, where that is given and after
 * it; times are lowered by `delayUs`.
 */
export function layOutVideo<Data>(
  track: MatroskaTrack,
  packets: readonly TimedFrame<Data>[],
  delayUs: number,
  endUs: number | undefined,
): Sample<Data>[] {
  const presented = Float64Array.from(packets, ({ timestampUs }) => ticksOf(timestampUs - delayUs, VIDEO_TIMESCALE));
  const decoded = decodeTimesOf(presented);
  const last = packets.length - 1;
  const end = endUs === undefined ? -Infinity : ticksOf(endUs - delayUs, VIDEO_TIMESCALE);
  return packets.map(({ data, keyframe }, i) => {
    const decodeTime = decoded[i]!;
    const next = i < last ? decoded[i + 1]! : end;
    const duration = next > decodeTime ? next - decodeTime : lastDuration(track, packets, decoded);
    return { data, decodeTime, compositionOffset: presented[i]! - decodeTime, duration, keyframe };
  });
}
