import {
  assembleSamples,
  describeTrack,
  initSegment,
  type MediaCodec,
  type MediaSegment,
  mediaSegment,
  type TrackSamples,
} from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import type { Stream } from "../streams/stream.ts";
import { keyFrameOf, SegmentDemuxer } from "./demux-segment.ts";
import { SharedCache, type Sized } from "./shared-cache.ts";

/** Segments that are built at once: building is all processor, of which producers shall find some. */
const CONCURRENT_BUILDS = 2;

/** One track of a segment. */
export interface BuiltTrack {
  readonly codec: MediaCodec;
  /** As the producer's header names it. */
  readonly name: string | undefined;
  /** Matroska language code. */
  readonly language: string;
  /** Frames, and the milliseconds that they last. */
  readonly frames: number;
  readonly durationMs: number;
  /** Bytes of the frames. */
  readonly bytes: number;
  /** Ticks a second of the times in `media`. */
  readonly timescale: number;
  /** The initialization segment that `media` needs. */
  readonly init: Uint8Array;
  /** Times are those of the producer's clock since the epoch; `payload` is one piece. */
  readonly media: MediaSegment;
}

/** A segment as fragmented MP4, each track by itself: the video track first, where there is one. */
export interface BuiltSegment extends Sized {
  readonly tracks: readonly BuiltTrack[];
}

/** Builds segments from the archive, each once for all who watch. */
export class SegmentBuilder {
  readonly #archive: FragmentArchive;
  readonly #cache: SharedCache<BuiltSegment>;
  readonly #builds = new Semaphore(CONCURRENT_BUILDS);

  /** @param cacheBytes memory for segments that may be asked for again */
  constructor(archive: FragmentArchive, cacheBytes: number) {
    this.#archive = archive;
    this.#cache = new SharedCache(cacheBytes);
  }

  /**
   * The segment that `rows`, one fragment and those joined to it, make up.
   * @throws RecordDamaged, MatroskaError or LayoutError where a fragment cannot be read
   * @throws FragmentGone where it has left the archive
   * @throws CodecError where a track has no mapping or cannot be described
   */
  build(stream: Stream, rows: readonly FragmentRow[]): Promise<BuiltSegment> {
    const key = `${stream.id}/${rows[0]!.sequence}/${rows.length}`;
    return this.#cache.get(key, () => this.#builds.run(() => this.#make(stream, rows)));
  }

  async #make(stream: Stream, rows: readonly FragmentRow[]): Promise<BuiltSegment> {
    const demuxer = new SegmentDemuxer();
    for (const row of rows) await demuxer.add(await this.#archive.open(stream, row));
    const sequence = rows[0]!.sequence % 2 ** 32;
    const tracks = demuxer.playable().map((demuxed, index) => {
      const codec = describeTrack(demuxed.track, keyFrameOf(demuxed));
      return packageTrack(assembleSamples(demuxed.track, codec, demuxed.packets), index + 1, sequence);
    });
    const bytes = tracks.reduce((sum, { init, media, bytes }) => sum + init.length + media.head.length + bytes, 0);
    return { tracks, bytes };
  }
}

/** `id` is the track's number in sessions too. */
function packageTrack(track: TrackSamples, id: number, sequence: number): BuiltTrack {
  const { codec, samples, timescale } = track;
  const { name, language } = track.track;
  const media = mediaSegment({ sequence, tracks: [{ id, samples: track }] });
  // One piece, so that it is sent in one write, and what it was cut out of, all tracks' frames and the elements between, can go.
  const payload = Buffer.concat(media.payload);
  const ticks = samples.reduce((sum, { duration }) => sum + duration, 0);
  return {
    codec,
    name,
    language,
    frames: samples.length,
    durationMs: (ticks * 1000) / timescale,
    bytes: payload.length,
    timescale,
    init: initSegment([{ id, codec, timescale, language }]),
    media: { ...media, payload: [payload] },
  };
}
