import type { MediaCodec } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import { formatFragmentNumber, parseFragmentNumber } from "../fragments/fragment-number.ts";
import type { FragmentPoints } from "../fragments/fragment-points.ts";
import type { Stream } from "../streams/stream.ts";
import { buildRefusal } from "./build-refusal.ts";
import { Follower } from "./follower.ts";
import { isDamage } from "./lost-segments.ts";
import type { PartFeed } from "./parts/part-feed.ts";
import type { PartFeeds } from "./parts/part-feeds.ts";
import { baseFor, type SessionSegment } from "./placed-segment.ts";
import type { RecentRows } from "./recent-rows.ts";
import { PlaybackRefusal, streamDeleted } from "./refusal.ts";
import { MAX_JOINED_FRAGMENTS, nameOf, type Segment, type SegmentName, upToPictures } from "./segment.ts";
import type { BuiltSegment, Mp4Segment, SegmentBuilder, TransportSegment } from "./segment-builder.ts";
import type { Segments } from "./segment-list.ts";
import { SegmentRows } from "./segment-rows.ts";
import { type SoundBandwidths, SoundMeter } from "./sound-bandwidth.ts";
import { emptySegment, hasTracks, transportTrack, withStandIns } from "./stand-in.ts";
import type { PlaylistPreview, PlaylistWindow, SessionTimeline } from "./timeline.ts";
import { expiryOf, type SessionGrant } from "./token.ts";
import { type Track, tracksOf } from "./tracks.ts";

/** Set-ups whose tracks a session remembers: a camera that is switched between modes has a few. */
const MAX_SET_UPS = 32;

/** For how long an ON_DEMAND playlist is taken to stay as it is, in milliseconds: meanwhile a segment may be found that cannot be built. */
const STEADY_MS = 60_000;

/** What sessions use. */
export interface SessionPlaces {
  readonly index: FragmentIndex;
  readonly recent: RecentRows;
  readonly builder: SegmentBuilder;
  readonly feeds: PartFeeds;
  readonly points: FragmentPoints;
  readonly now: () => number;
}

const noParts = (): PlaybackRefusal =>
  new PlaybackRefusal("invalid", "LowLatency is for HLS sessions in LIVE mode with fragmented MP4.");

const allExpired = (): PlaybackRefusal => new PlaybackRefusal("not-found", "The session's fragments have expired.");

/** One session, as its token grants it. Holds nothing that cannot be made anew from the token and the index. */
export class PlaybackSession {
  readonly token: string;
  readonly grant: SessionGrant;
  readonly stream: Stream;
  readonly #places: SessionPlaces;
  readonly #timeline: Promise<SessionTimeline>;
  /** The same once it is there: most that is asked for needs no waiting. */
  #known: SessionTimeline | undefined;
  /** Tells which segment will be asked for next; not for what is live, where it may not have come. */
  readonly #follower: Follower | undefined;
  readonly #rows: SegmentRows;
  readonly #setUps = new Map<number, Promise<readonly Track[]>>();
  #tracks: Promise<readonly Track[]> | undefined;
  readonly #sounds: SoundMeter;
  /** The same once they are there. */
  #knownTracks: readonly Track[] | undefined;

  constructor(
    token: string,
    grant: SessionGrant,
    stream: Stream,
    timeline: Promise<SessionTimeline>,
    places: SessionPlaces,
  ) {
    this.token = token;
    this.grant = grant;
    this.stream = stream;
    this.#timeline = timeline;
    this.#places = places;
    this.#rows = new SegmentRows(grant, stream, places);
    this.#sounds = new SoundMeter(async (segment) =>
      places.builder.frameTables(stream, await this.#rows.find(nameOf(segment))),
    );
    this.#follower = grant.parameters.mode === "live" ? undefined : new Follower(this, timeline);
  }

  /** Milliseconds for which it goes on. */
  get remainingMs(): number {
    return Math.max(0, expiryOf(this.grant) - this.#places.now());
  }

  /** Whether its playlists never change. */
  get isStatic(): boolean {
    return this.grant.parameters.mode === "on-demand";
  }

  /** Milliseconds for which the playlists of an ON_DEMAND session may be taken to stay as they are. Rejects as {@link window} does. */
  async steadyMs(): Promise<number> {
    const { oldest = Number.POSITIVE_INFINITY } = await this.window();
    return Math.min(this.remainingMs, STEADY_MS, Math.max(0, oldest - this.stream.horizon()));
  }

  /** Where a session without end is now, where nobody has to be waited for to tell. */
  get knownWindow(): PlaylistWindow | undefined {
    return this.#known?.current?.();
  }

  /** Where the session is now. Rejects with PlaybackRefusal `not-found` where all that it would ever show has expired. */
  async window(): Promise<PlaylistWindow> {
    this.#known ??= await this.#timeline;
    const window = this.knownWindow ?? (await this.#known.window(this.#places.now()));
    if (this.isStatic && window.segments.length === 0) throw allExpired();
    return window;
  }

  /** The same for a playlist, which counts against the stream's quota. Rejects with PlaybackRefusal `throttled`. */
  async playlistWindow(): Promise<PlaylistWindow> {
    const window = await this.window();
    this.spendPlaylist(window.segments.length);
    return window;
  }

  /** Counts a playlist that names no maximum of segments, but has so many, against the stream's quota. Throws PlaybackRefusal `throttled`. */
  spendPlaylist(segments = 1): void {
    const { maxSegments = segments } = this.grant.parameters;
    this.#spend(() => this.#places.points.spendMetadata(this.stream, maxSegments));
  }

  /**
   * The parts of what arrives; undefined where the session cannot have any: it joins fragments, whose ends nobody knows before the next one
   * begins, or memory is used up. Rejects with PlaybackRefusal `invalid` where its kind has none, `gone`.
   */
  async feed(): Promise<PartFeed | undefined> {
    const { mode, container, protocol } = this.grant.parameters;
    if (mode !== "live" || container !== "fmp4" || protocol !== "hls") {
      throw noParts();
    }
    if (this.stream.signal.aborted) throw streamDeleted();
    return this.grant.joins ? undefined : this.#places.feeds.of(this.stream, await this.tracks());
  }

  /** Where the session is now, with what arrives. Rejects with PlaybackRefusal `gone`. */
  async preview(feed: PartFeed): Promise<PlaylistPreview> {
    const timeline = await this.#timeline;
    const preview = await timeline.preview?.(this.#places.now(), () => feed.arriving());
    if (this.stream.signal.aborted) throw streamDeleted();
    if (preview === undefined) throw noParts();
    return preview;
  }

  #spend(take: () => void): void {
    try {
      take();
    } catch (cause) {
      if (!(cause instanceof DomainError)) throw cause;
      throw new PlaybackRefusal("throttled", cause.message, { cause });
    }
  }

  /** What plays: the tracks of the first segment. */
  tracks(): Promise<readonly Track[]> {
    if (this.#tracks === undefined) {
      this.#tracks = this.#firstSegment().then(tracksOf);
      this.#tracks.then(
        (tracks) => {
          this.#knownTracks = tracks;
        },
        () => {
          this.#tracks = undefined;
        },
      );
    }
    return this.#tracks;
  }

  /** What plays with the set-up of `segment`, as its first segment tells; the session's tracks where that cannot be read any more. */
  async tracksOf({ configuration, setUp }: Segment): Promise<readonly Track[]> {
    let tracks = this.#setUps.get(configuration);
    if (tracks === undefined) {
      tracks = this.setUp(setUp, Number.POSITIVE_INFINITY).then(tracksOf);
      this.#setUps.set(configuration, tracks);
      if (this.#setUps.size > MAX_SET_UPS) this.#setUps.delete(this.#setUps.keys().next().value!);
    }
    try {
      return await tracks;
    } catch {
      this.#setUps.delete(configuration);
      return this.tracks();
    }
  }

  /** What the session's sounds take at the peak, measured when it is asked for first, so that manifests go on telling the same. */
  soundBandwidths(segments: Segments): Promise<SoundBandwidths> {
    return this.#sounds.measured(segments, () => this.tracks());
  }

  /** The track of that number. Rejects with PlaybackRefusal `not-found` where there is none. */
  async track(number: number): Promise<Track> {
    const track = (await this.tracks())[number - 1];
    if (track === undefined) throw new PlaybackRefusal("not-found", `The session has no track ${number}.`);
    return track;
  }

  /** The same where nobody has to be waited for to tell. */
  knownTrack(number: number): Track | undefined {
    return this.#knownTracks?.[number - 1];
  }

  /**
   * A segment of the session, built. Rejects with PlaybackRefusal `invalid`, `forbidden` where it is not within the session, `not-found`
   * where it is no longer or never was, `unplayable` where it cannot be packaged, `throttled`.
   * @param track that is wanted of it: where it lacks that, silence or a picture stands in for it
   */
  async segment(name: SegmentName, track = 1): Promise<SessionSegment<Mp4Segment>> {
    const rows = await this.#asked(name);
    const building = this.#having(track, rows);
    this.#expectNext(rows);
    return this.#place(rows, await building);
  }

  /** The same where nobody has to be waited for: it is kept, as what many watch is, and so are its fragments. Throws what {@link segment} rejects with. */
  keptSegment(name: SegmentName, track = 1): SessionSegment<Mp4Segment> | undefined {
    const rows = this.#rows.kept(name);
    const segment = rows && this.#places.builder.keptMp4(this.stream, rows);
    if (rows === undefined || segment === undefined) return undefined;
    try {
      if (!hasTracks(segment, this.#knownTracks, track)) return undefined;
      this.#spendMedia(name);
      this.#expectNext(rows);
      segment.memory?.hold();
      return this.#place(rows, segment);
    } finally {
      segment.memory?.letGo();
    }
  }

  /** The same as MPEG-TS: the bytes of a track, of which the first stands for the picture and its sound. */
  async transport(
    name: SegmentName,
    track = 1,
  ): Promise<SessionSegment<TransportSegment> & { readonly payload: Uint8Array }> {
    const rows = await this.#asked(name);
    const building = this.#refusing(this.#places.builder.transport(this.stream, rows));
    this.#expectNext(rows);
    const placed = this.#place(rows, await building);
    try {
      const { payload } = placed.segment;
      return { ...placed, payload: track === 1 ? payload : transportTrack(placed.segment, track, await this.tracks()) };
    } catch (error) {
      placed.release();
      throw error;
    }
  }

  /** The fragments of a segment that a client asks for, which counts against the stream's quota. */
  #asked(name: SegmentName): Promise<readonly FragmentRow[]> {
    this.#spendMedia(name);
    return this.rows(name);
  }

  #spendMedia({ fragments }: SegmentName): void {
    this.#spend(() => this.#places.points.spendMedia(this.stream, fragments));
  }

  /** Has the segment built that a viewer who watches on asks for behind this one. */
  #expectNext(rows: readonly FragmentRow[]): void {
    if (this.#follower === undefined) return;
    const { builder } = this.#places;
    const ahead = async (next: Segment | undefined): Promise<void> => {
      if (next === undefined || next.gap) return;
      await builder.ahead(this.stream, next, this.grant.parameters.container, () => this.rows(nameOf(next)));
    };
    // What fails fails again for whoever asks, or is a gap for all.
    this.#follower
      .next(rows)
      .then(ahead)
      .catch(() => undefined);
  }

  #place<Built extends BuiltSegment>(rows: readonly FragmentRow[], segment: Built): SessionSegment<Built> {
    const first = rows[0]!;
    return {
      segment,
      base: baseFor(this.grant, first),
      version: `${first.streamId.toString(36)}-${first.sequence.toString(36)}-${first.random.toString(36)}-${rows.length}`,
      release: () => segment.memory?.letGo(),
    };
  }

  /** The segment that has the number in the session, or had it a short while ago; as {@link segment}. */
  async numbered(number: number, track = 1): Promise<SessionSegment<Mp4Segment>> {
    const timeline = await this.#timeline;
    if (timeline.find(number) === undefined) await timeline.window(this.#places.now());
    const segment = timeline.find(number);
    if (segment === undefined) throw new PlaybackRefusal("not-found", `The session has no segment ${number} now.`);
    return this.segment(nameOf(segment), track).catch((error: unknown) => this.#emptied(segment, error));
  }

  /**
   * A segment without frames in place of one that is damaged: manifests cannot take back what they have listed, and Shaka Player asks for it again and
   * again, where it jumps over what has no frames.
   */
  async #emptied(segment: Segment, error: unknown): Promise<SessionSegment<Mp4Segment>> {
    if (!(error instanceof PlaybackRefusal && isDamage(error.cause))) throw error;
    const tracks = await this.tracksOf(segment).catch(() => {
      throw error;
    });
    return this.#place(await this.rows(nameOf(segment)), emptySegment(tracks, segment.sequence));
  }

  /** The initialization segment of a track that arrives and is not archived yet. */
  arrivingInit(name: SegmentName, track: number): { codec: MediaCodec; init: Uint8Array } | undefined {
    const sequence = parseFragmentNumber(name.fragmentNumber)?.sequence ?? 0;
    const arriving = this.#places.feeds.running(this.stream)?.bySequence(sequence);
    const { anchor, parameters } = this.grant;
    if (arriving === undefined || parameters.mode !== "live" || sequence < anchor) return undefined;
    if (formatFragmentNumber(arriving.fragment.identity) !== name.fragmentNumber) return undefined;
    const { codec, init } = arriving.tracks[track - 1] ?? {};
    return codec && init && { codec, init };
  }

  /** A segment with the set-up that this one began, which may have expired since; the session's first where none is named. */
  async setUp(name: SegmentName | undefined, track = 1): Promise<Mp4Segment> {
    if (name === undefined) return this.#first((rows) => this.#mp4(rows));
    try {
      return await this.#having(track, await this.#asked(name));
    } catch (error) {
      for (const segment of (await this.window()).segments) {
        if (segment.gap || segment.setUp.fragmentNumber !== name.fragmentNumber) continue;
        return this.#having(track, await this.#asked(nameOf(segment)));
      }
      throw error;
    }
  }

  #firstSegment(): Promise<BuiltSegment> {
    if (this.grant.parameters.container === "fmp4") return this.#first((rows) => this.#mp4(rows));
    return this.#first((rows) => this.#refusing(this.#places.builder.transport(this.stream, rows)));
  }

  /** What is built of the first fragments, or of others where those turn out to be lost. */
  async #first<Built>(build: (rows: readonly FragmentRow[]) => Promise<Built>): Promise<Built> {
    const rows = await this.#firstRows();
    return build(rows).catch(async (error: unknown) => {
      if (!this.#isLost(rows)) throw error;
      return build(await this.#firstRows());
    });
  }

  /** The fragment that the session began with, or the first that is left of it. */
  async #firstRows(): Promise<readonly FragmentRow[]> {
    const row = await this.#places.index.bySequence(this.#scope(), this.grant.anchor);
    if (row !== undefined) {
      const behind = row.lacksPictures
        ? await this.#places.index.after(this.#scope(), row.sequence, MAX_JOINED_FRAGMENTS)
        : [];
      const rows = upToPictures([row, ...behind]);
      if (!this.#isLost(rows)) return rows;
    }
    for (const segment of (await this.window()).segments) if (!segment.gap) return this.rows(nameOf(segment));
    throw allExpired();
  }

  #isLost(rows: readonly FragmentRow[]): boolean {
    const { container } = this.grant.parameters;
    return this.#places.builder.lost(this.stream, container).has({ ...rows[0]!, fragments: rows.length });
  }

  /** The fragments of a segment. Rejects with PlaybackRefusal `not-found` and `forbidden`. */
  rows(name: SegmentName): Promise<readonly FragmentRow[]> {
    return this.#rows.find(name);
  }

  #scope(): { streamId: number; horizon: number } {
    return { streamId: this.stream.id, horizon: this.stream.horizon() };
  }

  /** A segment, with all that the session offers where it lacks that track; as it is where nobody can tell what that is. */
  async #having(track: number, rows: readonly FragmentRow[]): Promise<Mp4Segment> {
    const segment = await this.#mp4(rows);
    if (hasTracks(segment, this.#knownTracks, track)) return segment;
    const offered = this.#knownTracks ?? (await this.tracks().catch(() => []));
    if (hasTracks(segment, offered, track)) return segment;
    return withStandIns(segment, rows[0]!.sequence, offered, () => this.#first((each) => this.#mp4(each)));
  }

  #mp4(rows: readonly FragmentRow[]): Promise<Mp4Segment> {
    return this.#refusing(this.#places.builder.mp4(this.stream, rows));
  }

  async #refusing<Built>(building: Promise<Built>): Promise<Built> {
    try {
      return await building;
    } catch (error) {
      throw buildRefusal(error, this.stream);
    }
  }
}
