import type { Mp4Segment } from "./built-segment.ts";
import { nameOf, type Segment, type SegmentName } from "./segment.ts";
import type { SessionMedia } from "./session-media.ts";
import type { SessionTracks } from "./session-tracks.ts";
import type { SessionWindow } from "./session-window.ts";
import { type Track, tracksOf } from "./tracks.ts";

/** Set-ups whose tracks a session remembers: a camera that is switched between modes has a few. */
const MAX_SET_UPS = 32;

/** The set-ups of a session's segments, as fragmented MP4: what its tracks are decoded with, which a producer may change. */
export class SessionSetUps {
  readonly #window: SessionWindow;
  readonly #media: SessionMedia;
  readonly #offered: SessionTracks;
  readonly #tracks = new Map<number, Promise<readonly Track[]>>();

  /** @param offered the session's tracks */
  constructor(window: SessionWindow, media: SessionMedia, offered: SessionTracks) {
    this.#window = window;
    this.#media = media;
    this.#offered = offered;
  }

  /** What plays with the set-up of `segment`, as its first segment tells; the session's tracks where that cannot be read any more. */
  async tracksOf({ configuration, setUp }: Segment): Promise<readonly Track[]> {
    let tracks = this.#tracks.get(configuration);
    if (tracks === undefined) {
      tracks = this.segment(setUp, Number.POSITIVE_INFINITY).then(tracksOf);
      this.#tracks.set(configuration, tracks);
      if (this.#tracks.size > MAX_SET_UPS) this.#tracks.delete(this.#tracks.keys().next().value!);
    }
    try {
      return await tracks;
    } catch {
      this.#tracks.delete(configuration);
      return this.#offered.all();
    }
  }

  /** A segment with the set-up that this one began, which may have expired since; the session's first where none is named. */
  async segment(name: SegmentName | undefined, track = 1): Promise<Mp4Segment> {
    if (name === undefined) return this.#media.firstMp4();
    try {
      return await this.#offered.completed(await this.#media.asked(name), track);
    } catch (error) {
      for (const segment of (await this.#window.current()).segments) {
        if (segment.gap || segment.setUp.fragmentNumber !== name.fragmentNumber) continue;
        return this.#offered.completed(await this.#media.asked(nameOf(segment)), track);
      }
      throw error;
    }
  }
}
