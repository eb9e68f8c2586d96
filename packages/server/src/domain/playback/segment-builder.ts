import { assembleSamples, describeTrack, fillSilence, holdFirstPicture, type TrackSamples } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import type { FrameTable } from "../fragments/frame-table.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import type { Stream } from "../streams/stream.ts";
import { AheadBudget } from "./ahead-budget.ts";
import { type BuiltSegment, type Mp4Segment, mp4Form, type TransportSegment, transportForm } from "./built-segment.ts";
import { type DemuxedTrack, keyFrameOf, SegmentDemuxer } from "./demux-segment.ts";
import { LostOfStreams, type LostSegments } from "./lost-segments.ts";
import type { SessionParameters } from "./parameters.ts";
import type { Segment } from "./segment.ts";
import { SharedCache } from "./shared-cache.ts";

/** Segments that are built at once: building is all processor, of which producers shall find some. */
const CONCURRENT_BUILDS = 2;
const MS_PER_SECOND = 1000;

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
