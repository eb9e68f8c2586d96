import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { Mp4Segment } from "./built-segment.ts";
import { PlaybackRefusal } from "./refusal.ts";
import type { Segments } from "./segment-list.ts";
import type { SessionMedia } from "./session-media.ts";
import { type SoundBandwidths, SoundMeter } from "./sound-bandwidth.ts";
import { hasTracks, withStandIns } from "./stand-in.ts";
import { type Track, tracksOf } from "./tracks.ts";

/** The tracks that a session offers, those of its first segment, and segments that have them all. */
export class SessionTracks {
  readonly #media: SessionMedia;
  readonly #sounds: SoundMeter;
  #tracks: Promise<readonly Track[]> | undefined;
  /** The same once they are there. */
  #known: readonly Track[] | undefined;

  constructor(media: SessionMedia) {
    this.#media = media;
    this.#sounds = new SoundMeter((segment) => media.frameTables(segment));
  }

  /** The tracks. Rejects as the media's `first` does. */
  all(): Promise<readonly Track[]> {
    if (this.#tracks === undefined) {
      this.#tracks = this.#media.first().then(tracksOf);
      this.#tracks.then(
        (tracks) => {
          this.#known = tracks;
        },
        () => {
          this.#tracks = undefined;
        },
      );
    }
    return this.#tracks;
  }

  /** The same where nobody has to be waited for to tell. */
  get known(): readonly Track[] | undefined {
    return this.#known;
  }

  /** The track of that number. Rejects with PlaybackRefusal `not-found` where there is none. */
  async numbered(number: number): Promise<Track> {
    const track = (await this.all())[number - 1];
    if (track === undefined) throw new PlaybackRefusal("not-found", `The session has no track ${number}.`);
    return track;
  }

  /** What the session's sounds take at the peak, measured when it is asked for first, so that manifests go on telling the same. */
  soundBandwidths(segments: Segments): Promise<SoundBandwidths> {
    return this.#sounds.measured(segments, () => this.all());
  }

  /** A segment with all of them, where it lacks the one of that number; as it is where nobody can tell what they are. */
  async completed(rows: readonly FragmentRow[], number: number): Promise<Mp4Segment> {
    const segment = await this.#media.mp4(rows);
    if (hasTracks(segment, this.#known, number)) return segment;
    const offered = this.#known ?? (await this.all().catch(() => []));
    if (hasTracks(segment, offered, number)) return segment;
    return withStandIns(segment, rows[0]!.sequence, offered, () => this.#media.firstMp4());
  }
}
