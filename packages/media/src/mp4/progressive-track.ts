import type { MediaCodec } from "../codecs/model.ts";
import { box, type Piece } from "./box.ts";
import { editList } from "./edit-list.ts";
import { MOVIE_TIMESCALE, type Mp4Track, media, trackHeader } from "./movie.ts";
import { type PayloadPlace, SampleTables } from "./sample-tables.ts";

/** One sample of a progressive file; times in ticks of its track, on a timeline that all tracks share. */
export interface LaidOutSample {
  readonly bytes: number;
  readonly decodeTime: number;
  readonly compositionOffset: number;
  readonly duration: number;
  readonly keyframe: boolean;
}

/**
 * Bytes of a sample where the codec's frames are runs of such, else 0: readers know G.711 with a sample for each moment
 * only, as QuickTime files have it.
 */
function uniformBytesOf(codec: MediaCodec): number {
  return codec.name === "pcma" || codec.name === "pcmu" ? codec.channels : 0;
}

/** One track of a progressive file while it grows. */
export class ProgressiveTrack {
  readonly #track: Mp4Track;
  readonly #uniformBytes: number;
  readonly #tables: SampleTables;
  /** Whether the last frame has bytes that make no whole sample, so that the next cannot be of the same chunk. */
  #ragged = false;
  #firstDecodeTime = 0;
  #lastDecodeTime = 0;
  #lastDuration = 0;
  #firstPresented = Infinity;
  #presentedEnd = -Infinity;

  constructor(track: Mp4Track) {
    this.#track = track;
    this.#uniformBytes = uniformBytesOf(track.codec);
    this.#tables = new SampleTables(track.codec, this.#uniformBytes);
  }

  /** Seconds on the common timeline at which the first frame is presented; Infinity for a track without samples. */
  get start(): number {
    return this.#firstPresented / this.#track.timescale;
  }

  /** See `ProgressiveLayout.describe`. */
  describe(codec: MediaCodec): void {
    this.#tables.describe(codec);
  }

  /** Adds a frame that lies at `position` in the payload; `joins` where the bytes before it are this track's too. */
  add(sample: LaidOutSample, position: number, joins: boolean): void {
    const { bytes, keyframe, duration } = sample;
    const count = this.#uniformBytes > 0 ? Math.floor(bytes / this.#uniformBytes) : 1;
    if (count === 0) {
      this.#ragged = true;
      return;
    }
    const decodeTime = this.#decodeTimeOf(sample);
    const audio = this.#track.codec.kind === "audio";
    const presented = audio ? decodeTime : sample.decodeTime + sample.compositionOffset;
    if (this.#tables.count === 0) this.#firstDecodeTime = decodeTime;
    else this.#tables.addDeltas(decodeTime - this.#lastDecodeTime);
    this.#tables.addDeltas(1, count - 1);
    this.#tables.addSamples(bytes, count, presented - decodeTime, keyframe);
    this.#tables.place(position, count, joins && !this.#ragged);
    this.#ragged = this.#uniformBytes > 0 && bytes % this.#uniformBytes !== 0;
    this.#lastDecodeTime = decodeTime + count - 1;
    this.#lastDuration = Math.max(1, duration - count + 1);
    this.#firstPresented = Math.min(this.#firstPresented, presented);
    this.#presentedEnd = Math.max(this.#presentedEnd, presented + duration);
  }

  /** Movie ticks from `start`, in seconds, to the end of the last frame. */
  durationFrom(start: number): number {
    return this.#tables.count === 0 ? 0 : this.#movieTicks(this.#presentedEnd) - Math.round(start * MOVIE_TIMESCALE);
  }

  /** The trak box of a presentation that begins at `start` seconds. */
  box(start: number, payload: PayloadPlace): Piece {
    const mediaDuration = this.#tables.count === 0 ? 0 : this.#mediaEnd - this.#firstDecodeTime;
    return box(
      "trak",
      trackHeader({ ...this.#track, codec: this.#tables.largest }, this.durationFrom(start)),
      ...this.#edits(start),
      media(this.#track, mediaDuration, this.#tables.box(this.#lastDuration, payload)),
    );
  }

  get #mediaEnd(): number {
    return this.#lastDecodeTime + this.#lastDuration;
  }

  /**
   * Audio goes on exactly where the frame before it ends as long as its stamp is less than half a frame off, since
   * segments begin at stamps of coarse ticks, and where it would fall back. Decode times of video rise by a tick at
   * least.
   */
  #decodeTimeOf({ decodeTime, duration }: LaidOutSample): number {
    if (this.#tables.count === 0) return decodeTime;
    if (this.#track.codec.kind === "video") return Math.max(decodeTime, this.#lastDecodeTime + 1);
    const near = Math.abs(decodeTime - this.#mediaEnd) * 2 < duration;
    return near || decodeTime <= this.#lastDecodeTime ? this.#mediaEnd : decodeTime;
  }

  #movieTicks(ticks: number): number {
    return Math.round((ticks / this.#track.timescale) * MOVIE_TIMESCALE);
  }

  /** Presents the track from its first frame on, after a stretch of nothing where others begin earlier. */
  #edits(start: number): Piece[] {
    if (this.#tables.count === 0) return [];
    const mediaTime = this.#firstPresented - this.#firstDecodeTime + this.#tables.shift;
    const delay = this.#movieTicks(this.#firstPresented) - Math.round(start * MOVIE_TIMESCALE);
    if (delay === 0 && mediaTime === 0) return [];
    const shown = { duration: this.durationFrom(start) - delay, mediaTime };
    return [editList(delay > 0 ? [{ duration: delay, mediaTime: undefined }, shown] : [shown])];
  }
}
