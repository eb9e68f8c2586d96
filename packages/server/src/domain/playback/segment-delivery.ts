import type { MediaCodec } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { formatFragmentNumber, parseFragmentNumber } from "../fragments/fragment-number.ts";
import type { Stream } from "../streams/stream.ts";
import type { BuiltSegment, Mp4Segment, TransportSegment } from "./built-segment.ts";
import type { Follower } from "./follower.ts";
import { isDamage } from "./lost-segments.ts";
import type { PartFeeds } from "./parts/part-feeds.ts";
import { baseFor, type SessionSegment } from "./placed-segment.ts";
import { PlaybackRefusal } from "./refusal.ts";
import { nameOf, type Segment, type SegmentName } from "./segment.ts";
import type { SessionMedia } from "./session-media.ts";
import type { SessionSetUps } from "./session-set-ups.ts";
import type { SessionTracks } from "./session-tracks.ts";
import type { SessionWindow } from "./session-window.ts";
import { emptySegment, hasTracks, transportTrack } from "./stand-in.ts";

/** What segments are delivered from. */
export interface DeliveryPlaces {
  readonly stream: Stream;
  readonly window: SessionWindow;
  readonly media: SessionMedia;
  readonly tracks: SessionTracks;
  readonly setUps: SessionSetUps;
  readonly feeds: PartFeeds;
  /** Tells which segment will be asked for next; not for what is live, where it may not have come. */
  readonly follower: Follower | undefined;
}

/** Delivers a session's segments to its viewers: with what it offers, at their places on its timeline. */
export class SegmentDelivery {
  readonly #places: DeliveryPlaces;

  constructor(places: DeliveryPlaces) {
    this.#places = places;
  }

  /** See `PlaybackSession.segment`. */
  async mp4(name: SegmentName, track: number): Promise<SessionSegment<Mp4Segment>> {
    const { media, tracks } = this.#places;
    const rows = await media.asked(name);
    const building = tracks.completed(rows, track);
    this.#expectNext(rows);
    return this.#place(rows, await building);
  }

  /** The same where nobody has to be waited for. Throws what {@link mp4} rejects with. */
  kept(name: SegmentName, track: number): SessionSegment<Mp4Segment> | undefined {
    const { media, tracks } = this.#places;
    const kept = media.kept(name);
    if (kept === undefined) return undefined;
    const { rows, segment } = kept;
    try {
      if (!hasTracks(segment, tracks.known, track)) return undefined;
      media.spend(name);
      this.#expectNext(rows);
      segment.memory?.hold();
      return this.#place(rows, segment);
    } finally {
      segment.memory?.letGo();
    }
  }

  /** See `PlaybackSession.transport`. */
  async transport(
    name: SegmentName,
    track: number,
  ): Promise<SessionSegment<TransportSegment> & { readonly payload: Uint8Array }> {
    const { media, tracks } = this.#places;
    const rows = await media.asked(name);
    const building = media.transport(rows);
    this.#expectNext(rows);
    const placed = this.#place(rows, await building);
    try {
      const { payload } = placed.segment;
      return { ...placed, payload: track === 1 ? payload : transportTrack(placed.segment, track, await tracks.all()) };
    } catch (error) {
      placed.release();
      throw error;
    }
  }

  /** See `PlaybackSession.numbered`. */
  async numbered(number: number, track: number): Promise<SessionSegment<Mp4Segment>> {
    const segment = await this.#places.window.numbered(number);
    return this.mp4(nameOf(segment), track).catch((error: unknown) => this.#emptied(segment, error));
  }

  /**
   * A segment without frames in place of one that is damaged: manifests cannot take back what they have listed, and Shaka Player asks for it again and
   * again, where it jumps over what has no frames.
   */
  async #emptied(segment: Segment, error: unknown): Promise<SessionSegment<Mp4Segment>> {
    if (!(error instanceof PlaybackRefusal && isDamage(error.cause))) throw error;
    const { media, setUps } = this.#places;
    const tracks = await setUps.tracksOf(segment).catch(() => {
      throw error;
    });
    return this.#place(await media.rows(nameOf(segment)), emptySegment(tracks, segment.sequence));
  }

  /** See `PlaybackSession.arrivingInit`. */
  async arrivingInit(name: SegmentName, track: number): Promise<{ codec: MediaCodec; init: Uint8Array } | undefined> {
    const { feeds, stream, tracks, window } = this.#places;
    const sequence = parseFragmentNumber(name.fragmentNumber)?.sequence ?? 0;
    const arriving = feeds.running(stream)?.bySequence(sequence);
    const { anchor, parameters } = window.grant;
    if (arriving === undefined || parameters.mode !== "live" || sequence < anchor) return undefined;
    if (formatFragmentNumber(arriving.fragment.identity) !== name.fragmentNumber) return undefined;
    const { codec, init } = arriving.trackFor(await tracks.all(), track) ?? {};
    return codec && init && { codec, init };
  }

  /** Has the segment built that a viewer who watches on asks for behind this one. */
  #expectNext(rows: readonly FragmentRow[]): void {
    const { follower, media } = this.#places;
    if (follower === undefined) return;
    const ahead = async (next: Segment | undefined): Promise<void> => {
      if (next !== undefined && !next.gap) await media.ahead(next);
    };
    // What fails fails again for whoever asks, or is a gap for all.
    follower
      .next(rows)
      .then(ahead)
      .catch(() => undefined);
  }

  #place<Built extends BuiltSegment>(rows: readonly FragmentRow[], segment: Built): SessionSegment<Built> {
    const first = rows[0]!;
    return {
      segment,
      base: baseFor(this.#places.window.grant, first),
      version: `${first.streamId}-${first.sequence}-${first.random}-${rows.length}`,
      release: () => segment.memory?.letGo(),
    };
  }
}
