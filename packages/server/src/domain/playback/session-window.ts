import type { Stream } from "../streams/stream.ts";
import { PlaybackRefusal } from "./refusal.ts";
import type { Segment } from "./segment.ts";
import type { ArrivingFragment } from "./segment-source.ts";
import type { PlaylistPreview, PlaylistWindow, SessionTimeline } from "./timeline.ts";
import { expiryOf, type SessionGrant } from "./token.ts";

/** For how long an ON_DEMAND playlist is taken to stay as it is, in milliseconds: meanwhile a segment may be found that cannot be built. */
const STEADY_MS = 60_000;

/** Why a session is refused of which nothing is left. */
export const allExpired = (): PlaybackRefusal =>
  new PlaybackRefusal("not-found", "The session's fragments have expired.");

/** Where a session is on its timeline. */
export class SessionWindow {
  readonly grant: SessionGrant;
  readonly #stream: Stream;
  readonly #timeline: Promise<SessionTimeline>;
  /** The same once it is there: most that is asked for needs no waiting. */
  #knownTimeline: SessionTimeline | undefined;
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(grant: SessionGrant, stream: Stream, timeline: Promise<SessionTimeline>, now: () => number) {
    this.grant = grant;
    this.#stream = stream;
    this.#timeline = timeline;
    this.#now = now;
  }

  /** Milliseconds for which the session goes on. */
  get remainingMs(): number {
    return Math.max(0, expiryOf(this.grant) - this.#now());
  }

  /** Whether its playlists never change. */
  get isStatic(): boolean {
    return this.grant.parameters.mode === "on-demand";
  }

  /** Milliseconds for which the playlists of an ON_DEMAND session may be taken to stay as they are. Rejects as {@link current} does. */
  async steadyMs(): Promise<number> {
    const { oldest = Number.POSITIVE_INFINITY } = await this.current();
    return Math.min(this.remainingMs, STEADY_MS, Math.max(0, oldest - this.#stream.horizon()));
  }

  /** Where a session without end is now, where nobody has to be waited for to tell. */
  get known(): PlaylistWindow | undefined {
    return this.#knownTimeline?.current?.(this.#now());
  }

  /** Where the session is now. Rejects with PlaybackRefusal `not-found` where all that it would ever show has expired. */
  async current(): Promise<PlaylistWindow> {
    this.#knownTimeline ??= await this.#timeline;
    const window = this.known ?? (await this.#knownTimeline.window(this.#now()));
    if (this.isStatic && window.segments.length === 0) throw allExpired();
    return window;
  }

  /** Where the session is now, with what arrives; undefined where its kind has nothing arrive. */
  async preview(arriving: () => Iterable<ArrivingFragment>): Promise<PlaylistPreview | undefined> {
    const timeline = await this.#timeline;
    return timeline.preview?.(this.#now(), arriving);
  }

  /** The segment that has the number in the session, or had it a short while ago. Rejects with PlaybackRefusal `not-found` where there is none. */
  async numbered(number: number): Promise<Segment> {
    const timeline = await this.#timeline;
    if (timeline.find(number) === undefined) await timeline.window(this.#now());
    const segment = timeline.find(number);
    if (segment === undefined) throw new PlaybackRefusal("not-found", `The session has no segment ${number} now.`);
    return segment;
  }
}
