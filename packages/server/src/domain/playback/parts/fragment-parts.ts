import {
  CodecError,
  MatroskaDemuxer,
  MatroskaError,
  type MatroskaHeader,
  type MatroskaPacket,
  type MatroskaTrack,
} from "@kvass/media";
import type { TimedFragment } from "../../../storage/ports/fragment.ts";
import { clusterUs, headOf } from "../../fragments/demux-fragment.ts";
import type { LiveFragment } from "../../live/live-fragment.ts";
import type { ArrivingFragment } from "../segment-source.ts";
import type { Track } from "../tracks.ts";
import { TrackParts } from "./track-parts.ts";

const US_PER_MS = 1000;
/** sequence_number of a movie fragment has 32 bits. */
const SEQUENCE_RANGE = 2 ** 32;

/** What parts are cut of. */
export type PartSource = Pick<
  LiveFragment,
  | "identity"
  | "head"
  | "bodyStart"
  | "state"
  | "released"
  | "clusterEnd"
  | "media"
  | "configuration"
  | "row"
  | "buffered"
  | "lastDataAt"
  | "holds"
> & { readonly log: Pick<LiveFragment["log"], "copy"> };

/** One fragment, cut into parts while it arrives, and for a while after that. */
export class FragmentParts {
  readonly fragment: PartSource;
  /** The video track first, where there is one, and those of sound behind it. */
  tracks: readonly TrackParts[] = [];
  /** Whether no further part will come. */
  finished = false;
  readonly #targetMs: (place: number) => number;
  readonly #demuxer: MatroskaDemuxer;
  readonly #byNumber = new Map<number, TrackParts>();
  #offset: number;
  #hasVideo = false;
  #timecodeScaleNs = 0;
  #offsetUs = 0;
  /** What its place in the archive was when it was looked at last. */
  #known = "";
  /** Whether its first video frame is a key frame. */
  #startsClean: boolean | undefined;

  /** @param targetMs the part target of the track at a place among `tracks`, in milliseconds */
  constructor(fragment: PartSource, targetMs: (place: number) => number) {
    this.fragment = fragment;
    this.#targetMs = targetMs;
    this.#offset = fragment.bodyStart;
    this.#demuxer = new MatroskaDemuxer({
      onHeader: (header) => this.#begin(header),
      onClusterStart: ({ timecode }) => {
        this.#offsetUs = fragment.identity.producerTimestamp * US_PER_MS - clusterUs(timecode, this.#timecodeScaleNs);
      },
      onPacket: (packet) => this.#take(packet),
    });
    this.#read(headOf(fragment));
  }

  /**
   * What a session plays as its track of that number: the pictures, or the sound that has the same place among sounds; undefined where the producer
   * has left that out.
   * @param offered the session's tracks
   */
  trackFor(offered: readonly Pick<Track, "codec">[], number: number): TrackParts | undefined {
    const kind = offered[number - 1]?.codec.kind;
    const place = offered.slice(0, number - 1).filter(({ codec }) => codec.kind === kind).length;
    return this.tracks.filter(({ track }) => track.type === kind)[place];
  }

  /** Bytes of all parts. */
  get bytes(): number {
    return this.tracks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Reads what has arrived since the last call; returns whether there are more parts, or more is known of it. */
  advance(): boolean {
    const { fragment } = this;
    const known = `${fragment.state} ${fragment.row === undefined}`;
    const moved = known !== this.#known;
    this.#known = known;
    return this.#follow() || moved;
  }

  #follow(): boolean {
    if (this.finished) return false;
    const { fragment } = this;
    if (fragment.state === "failed") return this.#finish();
    if (fragment.released > this.#offset) {
      // What has gone to the archive before it was looked at is not cut any more; the whole segment will be there.
      if (!fragment.holds(this.#offset)) return this.#finish();
      const bytes = fragment.log.copy(this.#offset, fragment.released);
      this.#offset = fragment.released;
      this.#read(bytes);
    }
    const { clusterEnd = Number.POSITIVE_INFINITY } = fragment;
    const whole = fragment.state === "complete" || this.#offset >= clusterEnd;
    const more = this.#cut(whole);
    return whole ? this.#finish() : more;
  }

  /** Whether nothing will become of it that is not known: the archive has it, or it is lost. */
  get settled(): boolean {
    return this.fragment.row !== undefined || this.fragment.state === "failed";
  }

  /** Makes no more parts, and forgets those that there are. */
  abandon(): void {
    this.tracks = [];
    this.finished = true;
  }

  /** How the timeline shall know it, as far as it has come; undefined before there is anything to show. */
  get arriving(): ArrivingFragment | undefined {
    const { fragment } = this;
    if (fragment.row !== undefined) return { row: fragment.row, state: "complete" };
    if (fragment.state === "complete" && fragment.media !== undefined) {
      return { row: { ...fragment.identity, ...fragment.media, size: fragment.released }, state: "complete" };
    }
    const row = this.#soFar();
    return row && { row, state: fragment.state === "failed" ? "failed" : "open" };
  }

  #soFar(): TimedFragment | undefined {
    const parts = this.tracks[0]?.parts ?? [];
    if (parts.length === 0) return undefined;
    const duration = Math.round(parts.reduce((sum, { durationMs }) => sum + durationMs, 0));
    const startsClean = this.#startsClean ?? !this.#hasVideo;
    const lacksPictures = this.#hasVideo && this.#startsClean === undefined;
    const { identity, released, configuration } = this.fragment;
    return { ...identity, duration, size: released, startsClean, lacksPictures, configuration };
  }

  #begin(header: MatroskaHeader): void {
    this.#hasVideo = header.tracks.some(({ type }) => type === "video");
    this.#timecodeScaleNs = header.timecodeScaleNs;
    const sequence = this.fragment.identity.sequence % SEQUENCE_RANGE;
    this.tracks = playable(header.tracks).map(
      (track, place) => new TrackParts(track, { sequence, targetMs: this.#targetMs(place) }),
    );
    for (const parts of this.tracks) this.#byNumber.set(parts.track.number, parts);
  }

  #take({ track, timestampUs, durationUs, keyframe, data }: MatroskaPacket): void {
    if (track.type === "video") this.#startsClean ??= keyframe;
    this.#byNumber.get(track.number)?.add({ data, timestampUs: timestampUs + this.#offsetUs, durationUs, keyframe });
  }

  #read(bytes: Uint8Array): void {
    this.#attempt(() => this.#demuxer.feed(bytes));
  }

  #cut(whole: boolean): boolean {
    let more = false;
    this.#attempt(() => {
      const pictures = this.tracks.find(({ track }) => track.type === "video");
      // They come first, so that it is known then what sound shall cover.
      for (const track of this.tracks) more = track.cut(whole, pictures?.span) || more;
    });
    return more;
  }

  /** What cannot be read or described is not cut; whoever plays the whole segment is told why. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof MatroskaError || error instanceof CodecError)) throw error;
      this.#finish();
    }
  }

  #finish(): true {
    this.finished = true;
    return true;
  }
}

/** The tracks that sessions have: the first one of video, and those of sound, each in the order of their numbers. */
function playable(tracks: readonly MatroskaTrack[]): MatroskaTrack[] {
  const sorted = tracks.toSorted((a, b) => a.number - b.number);
  const video = sorted.find(({ type }) => type === "video");
  const audio = sorted.filter(({ type }) => type === "audio");
  return video === undefined ? audio : [video, ...audio];
}
