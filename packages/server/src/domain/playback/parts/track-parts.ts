import {
  assembleSamples,
  coverSpan,
  describeTrack,
  initSegment,
  type MatroskaTrack,
  type MediaCodec,
  type MediaSegment,
  mediaSegment,
  type Sample,
  type Span,
  spanOf,
  type TimedPacket,
  type TrackSamples,
  VIDEO_TIMESCALE,
} from "@kvass/media";
import { concatOwned } from "../../own-memory.ts";
import { TRACK_ID } from "../built-segment.ts";

/** A part is cut when it has reached this share of the part target: the least that rfc8216bis, section 4.4.4.9, allows. */
const LEAST_SHARE = 0.85;
/** Frames that may be overtaken by one that is sent later: the most that H.264 and H.265 allow (`max_dec_frame_buffering`). */
const MAX_REORDERED = 16;
const MS_PER_SECOND = 1000;
const US_PER_MS = 1000;
const US_PER_SECOND = 1_000_000;
const NS_PER_US = 1000;

/** The part target where frames are short enough, in milliseconds: a latency of two to three seconds, at two requests a second for each track. */
const PART_TARGET_MS = 500;
/** Stamps of whole milliseconds make frames longer or shorter than they are. */
const JITTER = 1.05;

/**
 * The longest that a part of frames of `frameMs` milliseconds may be, in milliseconds, so that a whole number of them reaches the least share
 * of it without exceeding it.
 */
export function partTargetFor(frameMs: number): number {
  if (frameMs <= PART_TARGET_MS * (1 - LEAST_SHARE)) return PART_TARGET_MS;
  return Math.ceil(Math.max(1, Math.round(PART_TARGET_MS / frameMs)) * frameMs * JITTER);
}

/** One track of one part of a fragment, as fragmented MP4. */
export interface Part {
  readonly durationMs: number;
  /** Whether it contains a frame that decoding can begin with. */
  readonly independent: boolean;
  /** Times are those of the producer's clock since the epoch; `payload` is one piece. */
  readonly media: MediaSegment;
  readonly bytes: number;
}

/** How the parts of a track are made. */
export interface PartRules {
  /** The longest that a part shall be, in milliseconds. */
  readonly targetMs: number;
  /** sequence_number of the movie fragments. */
  readonly sequence: number;
}

/**
 * Cuts one track of a fragment into parts while its frames arrive. What a frame's decode time and duration are is known only when no later
 * frame can come between: so the last frame waits for the next one, and where frames are reordered a few more wait. Sound that
 * is missing is known to be at the fragment's end, where silence is added. All parts together are the samples that the whole fragment has, but for
 * silence before sound of which there are parts already.
 */
export class TrackParts {
  readonly track: MatroskaTrack;
  readonly parts: Part[] = [];
  codec: MediaCodec | undefined;
  /** The initialization segment; undefined before the first part. */
  init: Uint8Array | undefined;
  /** Bytes of all parts. */
  bytes = 0;
  /** When its first frame is presented, and when its last one ends; known when that has come. In seconds since the epoch. */
  span: Span | undefined;
  readonly #rules: PartRules;
  readonly #packets: TimedPacket[] = [];
  /** Samples that are in parts. */
  #cut = 0;
  /** Most frames before another one that are shown behind it, as seen so far. */
  #reordered = 0;
  #latestUs = Number.NEGATIVE_INFINITY;
  /** No part can be due before a frame of this time. */
  #dueUs: number | undefined;

  constructor(track: MatroskaTrack, rules: PartRules) {
    this.track = track;
    this.#rules = rules;
  }

  get timescale(): number {
    return this.codec?.kind === "audio" ? this.codec.sampleRate : VIDEO_TIMESCALE;
  }

  add(packet: TimedPacket): void {
    const packets = this.#packets;
    let overtaken = 0;
    for (let place = Math.max(0, packets.length - MAX_REORDERED); place < packets.length; place++) {
      if (packets[place]!.timestampUs > packet.timestampUs) overtaken++;
    }
    this.#reordered = Math.max(this.#reordered, overtaken);
    packets.push(packet);
    this.#latestUs = Math.max(this.#latestUs, packet.timestampUs);
    this.#dueUs ??= packet.timestampUs + this.#rules.targetMs * LEAST_SHARE * US_PER_MS;
  }

  /**
   * Cuts the parts that can be cut, all that is left where the track's last frame has come; returns whether there were any. Throws
   * CodecError where the track cannot be described.
   *
   * @param pictures the span that sound shall cover, where the track's last frame has come
   */
  cut(last: boolean, pictures?: Span): boolean {
    const isSilent = this.#packets.length === 0;
    if (isSilent ? !last || pictures === undefined : !last && this.#latestUs < this.#dueUs!) return false;
    const assembled = last && pictures !== undefined ? this.#covered(this.#assemble(), pictures) : this.#assemble();
    const { samples, timescale } = assembled;
    const reordered = Math.max(this.#reordered, this.codec?.kind === "video" ? (this.codec.reorderFrames ?? 0) : 0);
    const known = last ? samples.length : samples.length - 1 - reordered;
    const least = (this.#rules.targetMs * LEAST_SHARE * timescale) / MS_PER_SECOND;
    const before = this.parts.length;
    let ticks = 0;
    for (let place = this.#cut; place < known; place++) {
      ticks += samples[place]!.duration;
      if (ticks < least) continue;
      this.#push(assembled, place + 1, ticks);
      ticks = 0;
    }
    if (last) {
      if (this.#cut < samples.length) this.#push(assembled, samples.length, ticks);
      this.#packets.length = 0;
      if (samples.length > 0) this.span = spanOf(assembled);
    }
    return this.parts.length > before;
  }

  /** With silence where sound is missing, but for what would lie before samples that are in parts. */
  #covered(assembled: TrackSamples, pictures: Span): TrackSamples {
    const covered = coverSpan(assembled, pictures);
    if (this.#cut === 0) return covered;
    const behind = covered.samples.indexOf(assembled.samples.at(-1)!) + 1;
    return { ...assembled, samples: [...assembled.samples, ...covered.samples.slice(behind)] };
  }

  #assemble(): TrackSamples {
    const key = this.#packets.find(({ keyframe }) => keyframe)?.data;
    this.codec ??= describeTrack(this.track, key);
    return assembleSamples(this.track, this.codec, this.#packets);
  }

  /** Makes a part of the samples up to `end`, which last so many ticks. */
  #push(assembled: TrackSamples, end: number, ticks: number): void {
    const { sequence, targetMs } = this.#rules;
    const samples = assembled.samples.slice(this.#cut, end);
    const tracks = [{ id: TRACK_ID, samples: { ...assembled, samples } }];
    const media = mediaSegment({ sequence, tracks, segmentType: this.parts.length === 0 });
    const payload = concatOwned(media.payload);
    const { codec, timescale } = assembled;
    this.init ??= initSegment([{ id: TRACK_ID, codec, timescale, language: this.track.language }]);
    const bytes = media.head.length + payload.length;
    this.parts.push({
      durationMs: (ticks * MS_PER_SECOND) / timescale,
      independent: samples.some(({ keyframe }) => keyframe),
      media: { ...media, payload: [payload] },
      bytes,
    });
    this.bytes += bytes;
    if (assembled.damagedFrames === 0 && end <= this.#packets.length) this.#shareFrames(samples, payload);
    this.#cut = end;
    const codecDelayUs = this.track.codecDelayNs / NS_PER_US;
    const { decodeTime, duration } = samples.at(-1)!;
    const endUs = ((decodeTime + duration) * US_PER_SECOND) / timescale + codecDelayUs;
    this.#dueUs = endUs + targetMs * LEAST_SHARE * US_PER_MS;
  }

  /** Frames that are in a part are read there from then on, so that what they came in can go. */
  #shareFrames(samples: readonly Sample[], payload: Uint8Array): void {
    let offset = 0;
    for (const [index, { data }] of samples.entries()) {
      const place = this.#cut + index;
      this.#packets[place] = { ...this.#packets[place]!, data: payload.subarray(offset, offset + data.length) };
      offset += data.length;
    }
  }
}
