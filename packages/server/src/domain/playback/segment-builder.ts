import {
  assembleSamples,
  type CodedSamples,
  describeTrack,
  fillSilence,
  holdFirstPicture,
  initSegment,
  type MatroskaTrack,
  type MediaCodec,
  type MediaSegment,
  mediaSegment,
  type TrackSamples,
  transportSegment,
} from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import type { FrameTable } from "../fragments/frame-table.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import { concatOwned } from "../own-memory.ts";
import type { Stream } from "../streams/stream.ts";
import { AheadBudget } from "./ahead-budget.ts";
import { type DemuxedTrack, keyFrameOf, SegmentDemuxer } from "./demux-segment.ts";
import { LostOfStreams, type LostSegments } from "./lost-segments.ts";
import type { SessionParameters } from "./parameters.ts";
import type { Segment } from "./segment.ts";
import { SharedCache, type Sized } from "./shared-cache.ts";
import { SharedMemory } from "./shared-memory.ts";

/** Segments that are built at once: building is all processor, of which producers shall find some. */
const CONCURRENT_BUILDS = 2;
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

/** A segment: the video track first, where there is one, and those of sound behind it. */
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

/** What is known of a segment before its fragments are looked up. */
export type ExpectedSegment = Pick<Segment, "sequence" | "fragments" | "size">;

/** One of the forms in which segments are built. */
interface Form<Built extends BuiltSegment> {
  readonly cache: SharedCache<Built>;
  readonly lost: LostOfStreams;
  readonly ahead: AheadBudget;
  /** Makes a segment of the samples of its playable tracks, which it copies. */
  readonly packaged: (samples: readonly TrackSamples[], sequence: number) => Built;
}

/** Builds segments from the archive, each once for all who watch. */
export class SegmentBuilder {
  readonly #archive: FragmentArchive;
  readonly #mp4: Form<Mp4Segment>;
  readonly #transport: Form<TransportSegment>;
  readonly #builds = new Semaphore(CONCURRENT_BUILDS);
  /** Streams whose deletion is waited for. */
  readonly #watched = new WeakSet<Stream>();

  /**
   * @param cacheBytes memory for segments that may be asked for again, in each of the two forms
   * @param report told of each segment that is damaged, once
   */
  constructor(archive: FragmentArchive, cacheBytes: number, report: (error: unknown) => void) {
    this.#archive = archive;
    const places = <Built extends BuiltSegment>() => ({
      cache: new SharedCache<Built>(cacheBytes),
      ahead: new AheadBudget(cacheBytes),
      lost: new LostOfStreams(report),
    });
    this.#mp4 = { ...places(), packaged: mp4Form };
    this.#transport = { ...places(), packaged: transportForm };
  }

  /**
   * The segment that `rows`, one fragment and those joined to it, make up.
   * @throws RecordDamaged, MatroskaError or LayoutError where a fragment cannot be read
   * @throws FragmentGone where it has left the archive
   * @throws CodecError where a track has no mapping or cannot be described
   */
  mp4(stream: Stream, rows: readonly FragmentRow[]): Promise<Mp4Segment> {
    return this.#asked(this.#mp4, stream, rows);
  }

  /** The same where it is built and kept. */
  keptMp4(stream: Stream, rows: readonly FragmentRow[]): Mp4Segment | undefined {
    const key = keyOf(stream, rows[0]!.sequence, rows.length);
    this.#mp4.ahead.claim(key);
    return this.#mp4.cache.kept(key);
  }

  /** The same as MPEG-TS. */
  transport(stream: Stream, rows: readonly FragmentRow[]): Promise<TransportSegment> {
    return this.#asked(this.#transport, stream, rows);
  }

  /** The tables of the frames of fragments, as far as there are any. Rejects with FragmentGone, and where the stream's key cannot be had. */
  frameTables(stream: Stream, rows: readonly FragmentRow[]): Promise<(FrameTable | undefined)[]> {
    return Promise.all(rows.map((row) => this.#archive.frameTable(stream, row)));
  }

  /** The segments of a stream that could not be built in that container, as far as they were asked for or expected. */
  lost(stream: Stream, container: SessionParameters["container"]): LostSegments {
    return (container === "ts" ? this.#transport : this.#mp4).lost.of(stream);
  }

  /**
   * Builds a segment that nobody has asked for, but somebody is expected to, unless it is there, or too much is: whoever asks then finds it, or
   * shares it. Resolves when it is done. What fails does so again for whoever asks.
   * @param container of which form
   * @param find looks up its fragments
   */
  async ahead(
    stream: Stream,
    segment: ExpectedSegment,
    container: SessionParameters["container"],
    find: () => Promise<readonly FragmentRow[]>,
  ): Promise<void> {
    if (container === "ts") await this.#buildAhead(this.#transport, stream, segment, find);
    else await this.#buildAhead(this.#mp4, stream, segment, find);
  }

  async #buildAhead<Built extends BuiltSegment>(
    form: Form<Built>,
    stream: Stream,
    segment: ExpectedSegment,
    find: () => Promise<readonly FragmentRow[]>,
  ): Promise<void> {
    const key = keyOf(stream, segment.sequence, segment.fragments);
    if (form.cache.has(key) || !form.ahead.take(key, segment.size)) return;
    try {
      const rows = await find();
      const { memory } = await form.cache.get(key, () => this.#build(form, stream, rows));
      memory?.letGo();
    } catch {
      // Told to whoever asks.
    } finally {
      form.ahead.built(key);
    }
  }

  #asked<Built extends BuiltSegment>(form: Form<Built>, stream: Stream, rows: readonly FragmentRow[]): Promise<Built> {
    const key = keyOf(stream, rows[0]!.sequence, rows.length);
    form.ahead.claim(key);
    return form.cache.get(key, () => this.#builds.run(() => this.#build(form, stream, rows)));
  }

  async #build<Built extends BuiltSegment>(
    { packaged, lost }: Form<Built>,
    stream: Stream,
    rows: readonly FragmentRow[],
  ): Promise<Built> {
    this.#forgetWith(stream);
    const demuxer = new SegmentDemuxer();
    try {
      for (const row of rows) await demuxer.add(await this.#archive.open(stream, row));
      stream.signal.throwIfAborted();
      const { producerTimestamp, sequence } = rows[0]!;
      const tracks = holdFirstPicture(demuxer.playable().map(samplesOf), producerTimestamp / MS_PER_SECOND);
      return packaged(fillSilence(tracks), sequence);
    } catch (error) {
      lost.of(stream).failed({ ...rows[0]!, fragments: rows.length }, error);
      throw error;
    } finally {
      demuxer.release();
    }
  }

  /** With its stream, all that is left of its media goes. */
  #forgetWith(stream: Stream): void {
    if (this.#watched.has(stream)) return;
    this.#watched.add(stream);
    const forget = (): void => {
      this.#mp4.cache.forget(`${stream.id}/`);
      this.#transport.cache.forget(`${stream.id}/`);
    };
    stream.signal.addEventListener("abort", forget, { once: true });
  }
}

function samplesOf(demuxed: DemuxedTrack): TrackSamples {
  const codec = describeTrack(demuxed.track, keyFrameOf(demuxed));
  return assembleSamples(demuxed.track, codec, demuxed.packets);
}

const keyOf = (stream: Stream, sequence: number, fragments: number): string => `${stream.id}/${sequence}/${fragments}`;

function mp4Form(samples: readonly TrackSamples[], sequence: number): Mp4Segment {
  const tracks = samples.map((track, index) => packageTrack(track, index + 1, sequence));
  const memory = new SharedMemory(tracks.flatMap(({ media }) => media.payload));
  return { tracks, memory, bytes: tracks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function transportForm(samples: readonly TrackSamples[]): TransportSegment {
  const together = muxedTracks(samples);
  const main = samples.slice(0, together);
  const others = samples.slice(together).filter(({ codec }) => TRANSPORT_SOUNDS.has(codec.name));
  const video = main.find(({ codec }) => codec.kind === "video");
  const audio = main.find(({ codec }) => codec.kind === "audio");
  const payload = transportSegment({ video, audio, allocate });
  const sounds = others.map((sound) => transportSegment({ audio: sound, allocate }));
  const all = [payload, ...sounds];
  const bytes = all.reduce((sum, { length }) => sum + length, 0);
  return { tracks: [...main, ...others].map(describe), memory: new SharedMemory(all), payload, sounds, bytes };
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

/** One track by itself; `id` is its number in sessions too, `sequence` that of its first fragment. */
export function packageTrack(track: DescribedSamples, id: number, sequence: number): Mp4Track & Sized {
  const { codec, timescale } = track;
  const { language } = track.track;
  const media = mediaSegment({ sequence: sequence % SEQUENCE_RANGE, tracks: [{ id, samples: track }] });
  // One piece, so that it is sent in one write, and what it was cut out of, all tracks' frames and the elements between, can go.
  const payload = concatOwned(media.payload);
  const init = initSegment([{ id, codec, timescale, language }]);
  const headBytes = media.head.length;
  const bytes = init.length + headBytes + payload.length;
  return { ...describe(track), headBytes, timescale, init, media: { ...media, payload: [payload] }, bytes };
}
