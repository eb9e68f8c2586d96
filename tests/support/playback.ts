/** Streaming sessions over the whole domain in one process: on a clock that tests set, with an archive that tests damage. */
import { createSecretKey, randomBytes } from "node:crypto";
import { FragmentArchive } from "../../packages/server/src/domain/fragments/archive.ts";
import { FragmentPoints, GENEROUS_POINT_LIMITS } from "../../packages/server/src/domain/fragments/fragment-points.ts";
import { dashManifest } from "../../packages/server/src/domain/playback/dash.ts";
import { hlsMedia } from "../../packages/server/src/domain/playback/hls.ts";
import { GENEROUS_PLAYBACK_LIMITS, type SessionRequest } from "../../packages/server/src/domain/playback/parameters.ts";
import type { PlaybackRefusal, RefusalReason } from "../../packages/server/src/domain/playback/refusal.ts";
import type { PlaybackSession } from "../../packages/server/src/domain/playback/session.ts";
import { type PlaybackOptions, PlaybackSessions } from "../../packages/server/src/domain/playback/sessions.ts";
import type { Stream } from "../../packages/server/src/domain/streams/stream.ts";
import { RecordDamaged } from "../../packages/server/src/storage/ports/journal.ts";
import { InProcessServer, TestSession } from "./in-process.ts";
import { bodyHeader, fragment } from "./matroska-body.ts";

const START = Date.UTC(2026, 4, 17);

/** Milliseconds. */
export const HOUR = 3_600_000;

/** A session of what is live. */
export const LIVE: SessionRequest = {
  protocol: "hls",
  selector: { clock: "producerTimestamp" },
  expiresSeconds: 43_200,
};

/** The sessions of a server that has just started: without limits, over what `server` has stored, with a small cache. */
export function sessionsOf(
  server: InProcessServer,
  options: Pick<PlaybackOptions, "report" | "now"> & Partial<PlaybackOptions>,
): PlaybackSessions {
  const { streams, index, journal, keys, live } = server;
  return new PlaybackSessions({
    streams,
    index,
    archive: new FragmentArchive({ index, journal, keys }),
    points: new FragmentPoints(GENEROUS_POINT_LIMITS),
    live,
    tokenKey: createSecretKey(randomBytes(32)),
    limits: GENEROUS_PLAYBACK_LIMITS,
    cacheBytes: 2 ** 20,
    ...options,
  });
}

/** Counts what is read of the archive, and finds some of it damaged. */
class CountingArchive extends FragmentArchive {
  opened = 0;
  /** Fragments, by when they began on the producer's clock. */
  readonly damaged = new Set<number>();
  override async open(...args: Parameters<FragmentArchive["open"]>): ReturnType<FragmentArchive["open"]> {
    this.opened++;
    if (this.damaged.has(args[1].producerTimestamp)) throw new RecordDamaged("a flipped bit");
    return super.open(...args);
  }
}

/** A server's domain with its producers and viewers. */
export class PlaybackFixture {
  /** Milliseconds since the epoch; tests set it. */
  now = START;
  readonly server = new InProcessServer({ now: () => this.now });
  readonly archive: CountingArchive;
  /** What sessions told the log. */
  readonly reported: unknown[] = [];
  readonly #tokenKey = createSecretKey(randomBytes(32));

  constructor() {
    const { index, journal, keys } = this.server;
    this.archive = new CountingArchive({ index, journal, keys });
  }

  /** The sessions of a server that has just started: they take the tokens of those before. */
  started(): PlaybackSessions {
    const report = (error: unknown): void => void this.reported.push(error);
    return sessionsOf(this.server, { archive: this.archive, tokenKey: this.#tokenKey, report, now: () => this.now });
  }

  /** Sends `count` fragments of a second each, the first of which began a second ago; time passes with each. */
  async send(stream: Stream, count: number): Promise<void> {
    await this.#send(stream, async (producer) => {
      for (let sent = 0; sent < count; sent++) {
        await producer.send(fragment(this.now, 5, 100, 1000));
        this.now += 1000;
      }
    });
  }

  /** Sends fragments of a second each that began at these moments on the producer's clock. */
  async sendOf(stream: Stream, moments: readonly number[]): Promise<void> {
    await this.#send(stream, async (producer) => {
      for (const moment of moments) await producer.send(fragment(moment, 5, 100, 1000));
    });
  }

  async #send(stream: Stream, fragments: (producer: TestSession) => Promise<void>): Promise<void> {
    const producer = await TestSession.open(this.server, stream);
    await producer.send(bodyHeader());
    await fragments(producer);
    producer.session.end();
    await producer.ended;
  }

  /** All that went wrong and was not expected. */
  get faults(): unknown[] {
    return [...this.reported, ...this.server.errors];
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

/** Begins a session, of what is live unless told otherwise, and opens it. */
export async function openSession(
  sessions: PlaybackSessions,
  stream: Stream,
  request: Partial<SessionRequest> = {},
): Promise<PlaybackSession> {
  return sessions.open(await sessions.create(stream, { ...LIVE, ...request }));
}

/** The Media Playlist of a session's first track. */
export async function playlistOf(session: PlaybackSession): Promise<string> {
  return Buffer.from(hlsMedia(session, await session.track(1), await session.playlistWindow(), false)).toString();
}

/** What a playlist says of its place: `MEDIA-SEQUENCE/DISCONTINUITY-SEQUENCE`, and its segments. */
export function placeOf(text: string): { sequence: string; segments: string[] } {
  const tag = (name: string): string => new RegExp(`#EXT-X-${name}:(\\d+)`).exec(text)?.[1] ?? "-";
  const segments = text.match(/(?<=MediaFragment\.mp4\?FragmentNumber=)\d+/g) ?? [];
  return { sequence: `${tag("MEDIA-SEQUENCE")}/${tag("DISCONTINUITY-SEQUENCE")}`, segments };
}

const PERIODS =
  /mediaPresentationDuration="[^"]*"|<Period [^>]*>|startNumber="\d+" presentationTimeOffset="\d+"|<S t="\d+"/g;

/** The periods of a session's manifest, where their times begin, and what they list. */
export async function periodsOf(session: PlaybackSession, now: number): Promise<string[]> {
  return (await dashManifest(session, now)).match(PERIODS) ?? [];
}

/** What {@link periodsOf} has of segments that begin at these seconds. */
export const atSeconds = (...seconds: number[]): string[] => seconds.map((second) => `<S t="${second * 1000}"`);

/** Checks for `assert.rejects` that a session refused, and why. */
export const refusal = (reason: RefusalReason) => (error: unknown) =>
  (error as PlaybackRefusal).name === "PlaybackRefusal" && (error as PlaybackRefusal).reason === reason;
