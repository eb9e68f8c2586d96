import {
  type CodedSamples,
  initSegment,
  type MatroskaTrack,
  type MediaCodec,
  type MediaSegment,
  mediaSegment,
  type TrackSamples,
  transportSegment,
} from "@kvass/media";
import { concatOwned } from "../own-memory.ts";
import type { Sized } from "./shared-cache.ts";
import { SharedMemory } from "./shared-memory.ts";

/**
 * track_ID of each track, which is the only one of its files. Were it another where a producer leaves out a track before it, FFmpeg would not know
 * it any more: it goes by the initialization segment that it has met first.
 */
export const TRACK_ID = 1;

const MS_PER_SECOND = 1000;
/** sequence_number of a movie fragment has 32 bits. */
const SEQUENCE_RANGE = 2 ** 32;

/** One track of a segment, as sessions describe it. */
export interface SegmentTrack {
  readonly codec: MediaCodec;
  /** Its number in the producer's header. */
  readonly source: number;
  /** As the producer's header names it. */
  readonly name: string | undefined;
  /** Matroska language code. */
  readonly language: string;
  /** When its first frame is decoded, in milliseconds since the epoch on the producer's clock; undefined where it has none. */
  readonly start: number | undefined;
  /** Frames, and the milliseconds that they last, without those that the first is shown before its time. */
  readonly frames: number;
  readonly durationMs: number;
  /** Bytes of the frames, and of the first of them. */
  readonly frameBytes: number;
  readonly firstBytes: number;
  /** Bytes of the boxes before them, where it is fragmented MP4; else 0. */
  readonly headBytes: number;
}

/** A segment: the video track first, where there is one, and those of sound behind it. It is `shared` once it is built. */
export interface BuiltSegment extends Sized {
  readonly tracks: readonly SegmentTrack[];
}

/** One track of a segment as fragmented MP4, by itself. */
export interface Mp4Track extends SegmentTrack {
  /** Ticks a second of the times in `media`. */
  readonly timescale: number;
  /** The initialization segment that `media` needs. */
  readonly init: Uint8Array;
  /** Times are those of the producer's clock since the epoch; `payload` is one piece. */
  readonly media: MediaSegment;
}

/** A segment as fragmented MP4. */
export interface Mp4Segment extends BuiltSegment {
  readonly tracks: readonly Mp4Track[];
}

/** A segment as MPEG-TS. Times are those of the producer's clock, in 33 bits of 90 kHz. */
export interface TransportSegment extends BuiltSegment {
  /** The video track and the first of sound. */
  readonly payload: Uint8Array;
  /** Each further track of sound that MPEG-TS carries, by itself. */
  readonly sounds: readonly Uint8Array[];
}

/** What most of a segment's bytes lie in, each in memory of its own. */
export const payloadsOf = (segment: Mp4Segment | TransportSegment): readonly Uint8Array[] =>
  "payload" in segment ? [segment.payload, ...segment.sounds] : segment.tracks.flatMap(({ media }) => media.payload);

/** A segment that several use at a time. */
export const shared = <Built extends Mp4Segment | TransportSegment>(segment: Built): Built => ({
  ...segment,
  memory: new SharedMemory(payloadsOf(segment)),
});

/** A segment of these tracks as fragmented MP4; `sequence` is that of its first fragment. */
export function mp4Form(samples: readonly TrackSamples[], sequence: number): Mp4Segment {
  const tracks = samples.map((track) => packageTrack(track, sequence));
  return { tracks, bytes: tracks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The same as MPEG-TS. Throws CodecError where that does not carry the picture or the first sound. */
export function transportForm(samples: readonly TrackSamples[]): TransportSegment {
  const together = muxedTracks(samples);
  const main = samples.slice(0, together);
  const others = samples.slice(together).filter(({ codec }) => TRANSPORT_SOUNDS.has(codec.name));
  const video = main.find(({ codec }) => codec.kind === "video");
  const audio = main.find(({ codec }) => codec.kind === "audio");
  const payload = transportSegment({ video, audio, allocate });
  const sounds = others.map((sound) => transportSegment({ audio: sound, allocate }));
  const bytes = sounds.reduce((sum, { length }) => sum + length, payload.length);
  return { tracks: [...main, ...others].map(describe), payload, sounds, bytes };
}

const allocate = (bytes: number): Uint8Array => Buffer.allocUnsafeSlow(bytes);

/** What MPEG-TS carries of sound beside the first one; where it does not carry that, the segment is refused. */
const TRANSPORT_SOUNDS: ReadonlySet<MediaCodec["name"]> = new Set(["aac", "mp3"]);

/** How many tracks MPEG-TS has in one: the picture and the first sound, which it may lack, or a sound alone. */
export const muxedTracks = ([first]: readonly { readonly codec: MediaCodec }[]): number =>
  first?.codec.kind === "video" ? 2 : 1;

/** Samples of a track of which no more is known than what is told of it. */
type DescribedSamples = CodedSamples &
  Pick<TrackSamples, "heldTicks"> & { track: Pick<MatroskaTrack, "number" | "name" | "language"> };

function describe({ codec, samples, timescale, track, heldTicks = 0 }: DescribedSamples): SegmentTrack {
  let ticks = -heldTicks;
  let frameBytes = 0;
  for (const { data, duration } of samples) {
    ticks += duration;
    frameBytes += data.length;
  }
  const { number: source, name, language } = track;
  // Divided once: a time since the epoch, multiplied first, is more than a number holds exactly.
  const toMs = (time: number): number => time / (timescale / MS_PER_SECOND);
  const start = samples[0] && toMs(samples[0].decodeTime);
  const described = { codec, source, name, language, start, firstBytes: samples[0]?.data.length ?? 0 };
  return { ...described, frames: samples.length, durationMs: toMs(ticks), frameBytes, headBytes: 0 };
}

/** One track by itself; `sequence` is that of its first fragment. */
export function packageTrack(track: DescribedSamples, sequence: number): Mp4Track & Sized {
  const { codec, timescale } = track;
  const { language } = track.track;
  const media = mediaSegment({ sequence: sequence % SEQUENCE_RANGE, tracks: [{ id: TRACK_ID, samples: track }] });
  // One piece, so that it is sent in one write, and what it was cut out of, all tracks' frames and the elements between, can go.
  const payload = concatOwned(media.payload);
  const init = initSegment([{ id: TRACK_ID, codec, timescale, language }]);
  const headBytes = media.head.length;
  const bytes = init.length + headBytes + payload.length;
  return { ...describe(track), headBytes, timescale, init, media: { ...media, payload: [payload] }, bytes };
}
