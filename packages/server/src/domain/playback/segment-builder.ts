import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import type { FrameTable } from "../fragments/frame-table.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import type { Stream } from "../streams/stream.ts";
import { AheadBudget } from "./ahead-budget.ts";
import { type Mp4Segment, shared, type TransportSegment } from "./built-segment.ts";
import { SegmentDemuxer } from "./demux-segment.ts";
import { LostOfStreams, type LostSegments } from "./lost-segments.ts";
import { type FormName, packageSegment, type SegmentForms } from "./package-segment.ts";
import type { SessionParameters } from "./parameters.ts";
import type { Segment } from "./segment.ts";
import { SharedCache } from "./shared-cache.ts";
import type { SegmentWorkshop } from "./workshop/workshop.ts";

/** Segments that are built at once: building is all processor, of which producers shall find some. */
const CONCURRENT_BUILDS = 2;

/** What is known of a segment before its fragments are looked up. */
export type ExpectedSegment = Pick<Segment, "sequence" | "fragments" | "size">;

/** One of the forms in which segments are built. */
interface Form<Name extends FormName> {
  readonly name: Name;
  readonly cache: SharedCache<SegmentForms[Name]>;
  readonly lost: LostOfStreams;
  readonly ahead: AheadBudget;
}

/** Builds segments from the archive, each once for all who watch. */
export class SegmentBuilder {
  readonly #archive: FragmentArchive;
  readonly #workshop: SegmentWorkshop | undefined;
  readonly #mp4: Form<"mp4">;
  readonly #transport: Form<"transport">;
  readonly #builds = new Semaphore(CONCURRENT_BUILDS);
  /** Streams whose deletion is waited for. */
  readonly #watched = new WeakSet<Stream>();

  /**
   * @param cacheBytes memory for segments that may be asked for again, in each of the two forms
   * @param report told of each segment that is damaged, once
   * @param workshop makes what it can
   */
  constructor(
    archive: FragmentArchive,
    cacheBytes: number,
    report: (error: unknown) => void,
    workshop?: SegmentWorkshop,
  ) {
    this.#archive = archive;
    this.#workshop = workshop;
    const form = <Name extends FormName>(name: Name): Form<Name> => ({
      name,
      cache: new SharedCache<SegmentForms[Name]>(cacheBytes),
      ahead: new AheadBudget(cacheBytes),
      lost: new LostOfStreams(report),
    });
    this.#mp4 = form("mp4");
    this.#transport = form("transport");
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

  async #buildAhead<Name extends FormName>(
    form: Form<Name>,
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

  #asked<Name extends FormName>(
    form: Form<Name>,
    stream: Stream,
    rows: readonly FragmentRow[],
  ): Promise<SegmentForms[Name]> {
    const key = keyOf(stream, rows[0]!.sequence, rows.length);
    form.ahead.claim(key);
    return form.cache.get(key, () => this.#builds.run(() => this.#build(form, stream, rows)));
  }

  async #build<Name extends FormName>(
    form: Form<Name>,
    stream: Stream,
    rows: readonly FragmentRow[],
  ): Promise<SegmentForms[Name]> {
    this.#forgetWith(stream);
    const made = await this.#workshop?.make(form.name, stream, rows);
    stream.signal.throwIfAborted();
    return shared(made ?? (await this.#buildHere(form, stream, rows)));
  }

  async #buildHere<Name extends FormName>(
    { name, lost }: Form<Name>,
    stream: Stream,
    rows: readonly FragmentRow[],
  ): Promise<SegmentForms[Name]> {
    const demuxer = new SegmentDemuxer();
    try {
      for (const row of rows) await demuxer.add(await this.#archive.open(stream, row));
      stream.signal.throwIfAborted();
      return packageSegment(name, demuxer.playable(), rows[0]!);
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

const keyOf = (stream: Stream, sequence: number, fragments: number): string => `${stream.id}/${sequence}/${fragments}`;
