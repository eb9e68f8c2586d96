import type { MediaCodec } from "../codecs/model.ts";
import type { MatroskaTrack } from "../matroska/model.ts";

/** One frame as it comes from a fragment, `data` being it or what stands for it; times in microseconds on the caller's timeline. */
export interface TimedFrame<Data> {
  readonly data: Data;
  /** Presentation time in microseconds, as the block states it. */
  readonly timestampUs: number;
  /** Microseconds; undefined where neither the block nor the track states it. */
  readonly durationUs: number | undefined;
  readonly keyframe: boolean;
}

/** One frame with its bytes. */
export type TimedPacket = TimedFrame<Uint8Array>;

/** One frame as containers of the ISO family and MPEG-TS want it; times in ticks of its `TrackSamples.timescale`. */
export interface Sample<Data = Uint8Array> {
  /** The frame, NAL units of h264 and h265 with a length of the codec's `nalLengthBytes` before each; or what stands for it. */
  readonly data: Data;
  /** Ticks. Rises from sample to sample; negative where a codec's delay reaches before the timeline's start. */
  readonly decodeTime: number;
  /** Ticks from decode time to presentation time; may be negative. */
  readonly compositionOffset: number;
  /** Ticks up to the next sample's decode time. */
  readonly duration: number;
  readonly keyframe: boolean;
}

/** Samples of one codec, in decode order. */
export interface CodedSamples {
  readonly codec: MediaCodec;
  /** Ticks a second: `VIDEO_TIMESCALE` for video, the sample rate for audio. */
  readonly timescale: number;
  readonly samples: readonly Sample[];
}

/** The samples of one track. */
export interface TrackSamples extends CodedSamples {
  readonly track: MatroskaTrack;
  /** Frames that were left out because they cannot be read as what their codec sends. */
  readonly damagedFrames: number;
  /** Ticks that the first picture is shown before its time (`holdFirstPicture`); none where it is not given. */
  readonly heldTicks?: number;
}

/** Ticks a second of video: the clock of MPEG-2 systems, and a multiple of all usual frame rates. */
export const VIDEO_TIMESCALE = 90_000;
