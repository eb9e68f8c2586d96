import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segment-list.ts";
import type { SessionWindow } from "./session-window.ts";
import type { SessionTimeline } from "./timeline.ts";

/** Whether the segment is made of these rows. */
const isMadeOf = (segment: Segment | undefined, rows: readonly FragmentRow[]): boolean =>
  segment?.sequence === rows[0]!.sequence && segment.fragments === rows.length;

/** What is followed. */
type Followed = Pick<SessionWindow, "grant" | "isStatic" | "current">;

/** Follows a viewer through the segments of a session, to tell which one comes next. */
export class Follower {
  readonly #session: Followed;
  readonly #timeline: Promise<SessionTimeline>;
  /** The segment furthest on of those that were asked for in a row. */
  #reached: Segment | undefined;
  /** The segments of a session whose segments are always the same. */
  #all: Segments | undefined;

  /** @param timeline the session's */
  constructor(session: Followed, timeline: Promise<SessionTimeline>) {
    this.#session = session;
    this.#timeline = timeline;
  }

  /**
   * The segment behind the one that was asked for, which is made of `rows`; undefined where there is none yet, and where that was told before, as
   * for the second track of a segment.
   * Rejects as the session's `current` does.
   */
  async next(rows: readonly FragmentRow[]): Promise<Segment | undefined> {
    const timeline = await this.#timeline;
    const reached = this.#reached?.number;
    if (reached !== undefined) {
      if (isMadeOf(this.#reached, rows) || isMadeOf(timeline.find(reached - 1), rows)) return undefined;
      const following = timeline.find(reached + 1);
      if (isMadeOf(following, rows)) return this.#reach(following, timeline);
    }
    return this.#reach(this.#search(await this.#segments(), rows), timeline);
  }

  #reach(segment: Segment | undefined, timeline: SessionTimeline): Segment | undefined {
    this.#reached = segment;
    return segment && timeline.find(segment.number + 1);
  }

  /** The session's segments. Those of a range are looked through once for what has expired: they keep their places, and may be many. */
  async #segments(): Promise<Segments> {
    const segments = this.#all ?? (await this.#session.current()).segments;
    if (this.#session.isStatic) this.#all = segments;
    return segments;
  }

  #search(segments: Segments, rows: readonly FragmentRow[]): Segment | undefined {
    const shown = rows[0]![this.#session.grant.parameters.clock];
    let [from, to] = [0, segments.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (segments.at(middle)!.shownStart < shown) from = middle + 1;
      else to = middle;
    }
    for (let place = from; segments.at(place)?.shownStart === shown; place++) {
      const segment = segments.at(place);
      if (isMadeOf(segment, rows)) return segment;
    }
    return undefined;
  }
}
