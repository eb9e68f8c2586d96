import type { MediaCodec } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentPoints } from "../fragments/fragment-points.ts";
import type { Stream } from "../streams/stream.ts";
import type { Mp4Segment, TransportSegment } from "./built-segment.ts";
import { Follower } from "./follower.ts";
import type { PartFeed } from "./parts/part-feed.ts";
import type { PartFeeds } from "./parts/part-feeds.ts";
import type { SessionSegment } from "./placed-segment.ts";
import { PlaybackRefusal, streamDeleted } from "./refusal.ts";
import type { Segment, SegmentName } from "./segment.ts";
import { SegmentDelivery } from "./segment-delivery.ts";
import type { Segments } from "./segment-list.ts";
import { type MediaPlaces, SessionMedia } from "./session-media.ts";
import { SessionQuota } from "./session-quota.ts";
import { SessionSetUps } from "./session-set-ups.ts";
import { SessionTracks } from "./session-tracks.ts";
import { SessionWindow } from "./session-window.ts";
import type { SoundBandwidths } from "./sound-bandwidth.ts";
import type { PlaylistPreview, PlaylistWindow, SessionTimeline } from "./timeline.ts";
import type { SessionGrant } from "./token.ts";
import type { Track } from "./tracks.ts";

/** What sessions use. */
export interface SessionPlaces extends MediaPlaces {
  readonly points: FragmentPoints;
  readonly now: () => number;
}

const noParts = (): PlaybackRefusal =>
  new PlaybackRefusal("invalid", "LowLatency is for HLS sessions in LIVE mode with fragmented MP4.");

/** One session, as its token grants it. Holds nothing that cannot be made anew from the token and the index. */
export class PlaybackSession {
  readonly token: string;
  readonly grant: SessionGrant;
  readonly stream: Stream;
  readonly #feeds: PartFeeds;
  readonly #window: SessionWindow;
  readonly #quota: SessionQuota;
  readonly #media: SessionMedia;
  readonly #tracks: SessionTracks;
  readonly #setUps: SessionSetUps;
  readonly #segments: SegmentDelivery;

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
    this.#feeds = places.feeds;
    const window = new SessionWindow(grant, stream, timeline, places.now);
    this.#window = window;
    this.#quota = new SessionQuota(stream, places.points);
    this.#media = new SessionMedia(stream, window, this.#quota, places);
    this.#tracks = new SessionTracks(this.#media);
    this.#setUps = new SessionSetUps(window, this.#media, this.#tracks);
    this.#segments = new SegmentDelivery({
      stream,
      window,
      media: this.#media,
      tracks: this.#tracks,
      setUps: this.#setUps,
      feeds: places.feeds,
      follower: grant.parameters.mode === "live" ? undefined : new Follower(window, timeline),
    });
  }

  /** Milliseconds for which it goes on. */
  get remainingMs(): number {
    return this.#window.remainingMs;
  }

  /** Whether its playlists never change. */
  get isStatic(): boolean {
    return this.#window.isStatic;
  }

  /** Milliseconds for which the playlists of an ON_DEMAND session may be taken to stay as they are. Rejects as {@link window} does. */
  steadyMs(): Promise<number> {
    return this.#window.steadyMs();
  }

  /** Where a session without end is now, where nobody has to be waited for to tell. */
  get knownWindow(): PlaylistWindow | undefined {
    return this.#window.known;
  }

  /** Where the session is now. Rejects with PlaybackRefusal `not-found` where all that it would ever show has expired. */
  window(): Promise<PlaylistWindow> {
    return this.#window.current();
  }

  /** The same for a playlist, which counts against the stream's quota. Rejects with PlaybackRefusal `throttled`. */
  async playlistWindow(): Promise<PlaylistWindow> {
    const window = await this.window();
    this.spendPlaylist(window.segments.length);
    return window;
  }

  /** Counts a playlist that names no maximum of segments, but has so many, against the stream's quota. Throws PlaybackRefusal `throttled`. */
  spendPlaylist(segments = 1): void {
    this.#quota.spendPlaylist(this.grant.parameters.maxSegments ?? segments);
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
    return this.grant.joins ? undefined : this.#feeds.of(this.stream, await this.tracks());
  }

  /** Where the session is now, with what arrives. Rejects with PlaybackRefusal `gone`. */
  async preview(feed: PartFeed): Promise<PlaylistPreview> {
    const preview = await this.#window.preview(() => feed.arriving());
    if (this.stream.signal.aborted) throw streamDeleted();
    if (preview === undefined) throw noParts();
    return preview;
  }

  /** What plays: the tracks of the first segment. */
  tracks(): Promise<readonly Track[]> {
    return this.#tracks.all();
  }

  /** What plays with the set-up of `segment`, as its first segment tells; the session's tracks where that cannot be read any more. */
  tracksOf(segment: Segment): Promise<readonly Track[]> {
    return this.#setUps.tracksOf(segment);
  }

  /** What the session's sounds take at the peak, measured when it is asked for first, so that manifests go on telling the same. */
  soundBandwidths(segments: Segments): Promise<SoundBandwidths> {
    return this.#tracks.soundBandwidths(segments);
  }

  /** The track of that number. Rejects with PlaybackRefusal `not-found` where there is none. */
  track(number: number): Promise<Track> {
    return this.#tracks.numbered(number);
  }

  /** The same where nobody has to be waited for to tell. */
  knownTrack(number: number): Track | undefined {
    return this.#tracks.known?.[number - 1];
  }

  /**
   * A segment of the session, built. Rejects with PlaybackRefusal `invalid`, `forbidden` where it is not within the session, `not-found`
   * where it is no longer or never was, `unplayable` where it cannot be packaged, `throttled`.
   * @param track that is wanted of it: where it lacks that, silence or a picture stands in for it
   */
  segment(name: SegmentName, track = 1): Promise<SessionSegment<Mp4Segment>> {
    return this.#segments.mp4(name, track);
  }

  /** The same where nobody has to be waited for: it is kept, as what many watch is, and so are its fragments. Throws what {@link segment} rejects with. */
  keptSegment(name: SegmentName, track = 1): SessionSegment<Mp4Segment> | undefined {
    return this.#segments.kept(name, track);
  }

  /** The same as MPEG-TS: the bytes of a track, of which the first stands for the picture and its sound. */
  transport(
    name: SegmentName,
    track = 1,
  ): Promise<SessionSegment<TransportSegment> & { readonly payload: Uint8Array }> {
    return this.#segments.transport(name, track);
  }

  /** The segment that has the number in the session, or had it a short while ago; as {@link segment}. */
  numbered(number: number, track = 1): Promise<SessionSegment<Mp4Segment>> {
    return this.#segments.numbered(number, track);
  }

  /** The initialization segment of a track that arrives and is not archived yet. Rejects as {@link tracks} does. */
  arrivingInit(name: SegmentName, track: number): Promise<{ codec: MediaCodec; init: Uint8Array } | undefined> {
    return this.#segments.arrivingInit(name, track);
  }

  /** A segment with the set-up that this one began, which may have expired since; the session's first where none is named. */
  setUp(name: SegmentName | undefined, track = 1): Promise<Mp4Segment> {
    return this.#setUps.segment(name, track);
  }

  /** The fragments of a segment. Rejects with PlaybackRefusal `not-found` and `forbidden`. */
  rows(name: SegmentName): Promise<readonly FragmentRow[]> {
    return this.#media.rows(name);
  }
}
