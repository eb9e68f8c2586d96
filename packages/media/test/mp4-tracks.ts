import { describeTrack, type MediaCodec, type Sample, type TrackSamples } from "../src/index.ts";
import { annexB, hex, trackOf } from "./tracks.ts";

/** What libx264 wrote for 640 to 360 at 15 frames a second without reordering, and for 642 to 360 at 25 with two frames of it. */
const PLAIN = annexB(hex("6742c016d900a02ff970110000030001000003001e0f162e48"), hex("68cb83cb20"));
const REORDERED = annexB(hex("6764001eacd940b4126c1040000003004000000c83c58b6580"), hex("68ebe3cb22c0"));

export const PLAIN_TRACK = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: PLAIN });
export const REORDERED_TRACK = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: REORDERED });
export const AAC_TRACK = trackOf("A_AAC", { codecPrivate: hex("1190") });
export const A_LAW_TRACK = trackOf("A_MS/ACM", { codecPrivate: hex("0600 0100 401f0000 401f0000 0100 0800 0000") });

/** Samples one behind the other from `start` on, by bytes, duration, and what is off the usual. */
export function samplesFrom(
  start: number,
  duration: number,
  sizes: readonly number[],
  unusual: Record<number, Partial<Sample>> = {},
): Sample[] {
  return sizes.map((size, i) => ({
    data: new Uint8Array(size).fill(i + 1),
    decodeTime: start + i * duration,
    compositionOffset: 0,
    duration,
    keyframe: i === 0,
    ...unusual[i],
  }));
}

/** The samples as those of this track. */
export function trackSamples(track = PLAIN_TRACK, samples: readonly Sample[] = []): TrackSamples {
  const codec: MediaCodec = describeTrack(track);
  const timescale = codec.kind === "video" ? 90_000 : codec.sampleRate;
  return { track, codec, timescale, samples, damagedFrames: 0 };
}
