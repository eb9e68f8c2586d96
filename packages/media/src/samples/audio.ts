import type { AudioCodec } from "../codecs/model.ts";
import type { MatroskaTrack } from "../matroska/model.ts";
import type { Sample, TimedFrame } from "./model.ts";
import { ticksOf } from "./ticks.ts";

/** The duration of a frame whose content does not tell it. */
function statedDuration(track: MatroskaTrack, codec: AudioCodec, durationUs: number | undefined): number {
  const stated = durationUs ?? (track.defaultDurationNs ?? 0) / 1000;
  return Math.max(1, ticksOf(stated, codec.sampleRate));
}

/**
 * Lays out audio frames one behind the other by the samples that each holds, as long as its stamp is less than half a
 * frame off: stamps have the coarse ticks of their container. Where a stamp is further ahead the frame starts there, and
 * the one before it lasts so much longer, since a gap stays a gap; where stamps fall back, frames stay one behind the
 * other. Times are in ticks of the codec's sample rate, lowered by `delayUs`. `samplesOf` tells the samples of a frame,
 * 0 where it holds no word of them.
 */
export function layOutAudio<Data>(
  track: MatroskaTrack,
  codec: AudioCodec,
  packets: readonly TimedFrame<Data>[],
  delayUs: number,
  samplesOf: (data: Data) => number,
): Sample<Data>[] {
  const samples: Sample<Data>[] = [];
  let expected = 0;
  let previous: { data: Data; start: number } | undefined;
  let duration = 0;
  const finish = (end: number): void => {
    if (!previous) return;
    const { data, start } = previous;
    samples.push({ data, decodeTime: start, compositionOffset: 0, duration: end - start, keyframe: true });
  };
  for (const packet of packets) {
    const stamped = ticksOf(packet.timestampUs - delayUs, codec.sampleRate);
    duration = samplesOf(packet.data) || statedDuration(track, codec, packet.durationUs);
    const near = Math.abs(stamped - expected) * 2 <= duration;
    const start = !previous || (!near && stamped > previous.start) ? stamped : expected;
    finish(start);
    previous = { data: packet.data, start };
    expected = start + duration;
  }
  finish(expected);
  return samples;
}
