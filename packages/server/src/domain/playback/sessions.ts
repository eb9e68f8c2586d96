import type { KeyObject } from "node:crypto";
import { CodecError } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import type { Caller, Tell } from "../events/events.ts";
import type { FragmentArchive } from "../fragments/archive.ts";
import { codecRefusal } from "../fragments/codec-errors.ts";
import type { FragmentPoints } from "../fragments/fragment-points.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import type { StreamRegistry } from "../streams/registry.ts";
import type { Stream } from "../streams/stream.ts";
import { type Beginning, findBeginning } from "./beginning.ts";
import type { BuiltSegment } from "./built-segment.ts";
import { isDamage } from "./lost-segments.ts";
import { Lru } from "./lru.ts";
import { type PlaybackLimits, type SessionParameters, type SessionRequest, sessionParameters } from "./parameters.ts";
import { PartFeeds } from "./parts/part-feeds.ts";
import { RangeTimeline } from "./range-timeline.ts";
import { RecentRows } from "./recent-rows.ts";
import { PlaybackRefusal, streamDeleted } from "./refusal.ts";
import { SegmentBuilder } from "./segment-builder.ts";
import { LiveSource, RangeSource } from "./segment-source.ts";
import { PlaybackSession } from "./session.ts";
import { type SessionOperation, SessionRates } from "./session-rates.ts";
import { SharedCache } from "./shared-cache.ts";
import { type SessionTimeline, Timeline } from "./timeline.ts";
import { expiryOf, type SessionGrant, SessionTokens } from "./token.ts";
import { checkPlayable, tracksOf } from "./tracks.ts";
import type { SegmentWorkshop } from "./workshop/workshop.ts";

/** Sessions kept, weighed by the segments that each may hold: 10,000 with the usual window, at some 100 MiB. */
const SESSIONS_WEIGHT = 400_000;
/** What a session weighs beside its window, in segments: what it remembers behind it. */
const SESSION_WEIGHT = 40;
/** Memory for the segment lists of ON_DEMAND ranges, which sessions of the same range share: three weeks of 2 s fragments. */
const LISTS_BYTES = 64 * 2 ** 20;

/** How long what was received may be on its way to the archive, in milliseconds: the longest fragment, its sync, and time to spare. */
const SETTLED_MS = 60_000;
/** Sessions that begin in the same stretch of this length share the list of a range that may still change, in milliseconds. */
const SHARED_MS = 1000;
/** Lists of new sessions that are read ahead of the first request for them, at a time: what nobody may ask for keeps nobody waiting for long. */
const MAX_PREPARING = 4;
/** Damaged segments that are skipped to begin a session, each of which is read for it: those of a minute, some tenths of a second. */
const MAX_DAMAGED = 30;
const BITS = 8;
const MS_PER_SECOND = 1000;

/** What playback is made of. */
export interface PlaybackOptions {
  readonly streams: StreamRegistry;
  readonly index: FragmentIndex;
  readonly archive: FragmentArchive;
  readonly points: FragmentPoints;
  readonly live: LiveStreams;
  /** 32 secret bytes that survive a restart: what session tokens are sealed with. */
  readonly tokenKey: KeyObject;
  readonly limits: PlaybackLimits;
  /** Memory for built segments, in bytes. */
  readonly cacheBytes: number;
  readonly report: (error: unknown) => void;
  readonly tell?: Tell;
  /** Makes segments beside this thread; they are made in it where absent. */
  readonly workshop?: SegmentWorkshop;
  /** Milliseconds since the epoch; the system's clock where absent. */
  readonly now?: () => number;
}

/** Streaming sessions: makes their tokens, and finds them again by these. */
export class PlaybackSessions {
  readonly #options: PlaybackOptions;
  readonly #now: () => number;
  readonly #tokens: SessionTokens;
  readonly #builder: SegmentBuilder;
  readonly #recent: RecentRows;
  readonly #rates: SessionRates;
  readonly #feeds: PartFeeds;
  readonly #sessions = new Lru<PlaybackSession>(SESSIONS_WEIGHT);
  readonly #lists = new SharedCache<RangeTimeline>(LISTS_BYTES);
  /** What is read page by page is read for one session at a time, so that a page is the longest that anybody waits for them. */
  readonly #backlogs = new Semaphore(1);
  #preparing = 0;
  /** Streams whose deletion is waited for. */
  readonly #watched = new WeakSet<Stream>();

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#tokens = new SessionTokens(options.tokenKey);
    this.#rates = new SessionRates(options.limits.sessionRates);
    this.#builder = new SegmentBuilder(options.archive, options.cacheBytes, options.report, options.workshop);
    this.#recent = new RecentRows(options.index, this.#now);
    const { live, archive, report } = options;
    this.#feeds = new PartFeeds({ live, archive, now: this.#now, report });
  }

  /** Ends what runs by itself: requests that wait for what arrives are answered. */
  stop(): void {
    this.#feeds.stop();
  }

  /**
   * Begins a session; resolves to its token. Rejects with DomainError `no-data-retention`, `invalid-argument`, `not-found`
   * where the range has no fragments or nothing is live, `stream-not-found`, and `unsupported-media`, `missing-codec-data` or `invalid-codec-data` where the
   * first fragment cannot be played.
   */
  async create(stream: Stream, request: SessionRequest, caller?: Caller): Promise<string> {
    const { limits } = this.#options;
    const now = this.#now();
    if (!stream.archives) {
      throw new DomainError("no-data-retention", "The stream keeps no data: set a data retention period first.");
    }
    const asked = sessionParameters(request, { now, horizon: stream.horizon(), limits });
    const { segment, rows, parameters, ...measured } = await this.#begin(stream, asked, now);
    const isTransport = parameters.container === "ts";
    checkPlayable(tracksOf(segment), parameters, limits.awsCodecs);
    const identity = { streamId: stream.id, streamCreation: stream.record.creationTime, createdAt: now };
    // Sound may begin before the picture; all times of the session shall be positive.
    const { producerTimestamp } = rows[0]!;
    const starts = segment.tracks.map(({ start }) => Math.floor(start ?? producerTimestamp));
    const base = Math.max(0, Math.min(producerTimestamp, ...starts));
    const beginning = isTransport ? inPackets(measured, rows, segment) : measured;
    const grant = { parameters, ...identity, ...beginning, base };
    // Read now, a long list is there when a player asks for it. What fails here fails again when it does.
    if (parameters.mode === "on-demand") this.#prepare(grant, stream);
    const { protocol, mode, expiresSeconds } = parameters;
    this.#options.tell?.("playback session created", {
      stream: stream.name,
      protocol,
      mode,
      expiresSeconds,
      ...caller,
    });
    return this.#tokens.seal(grant);
  }

  /** What a session begins with, built: its first segment that is not damaged, as far as is looked. */
  async #begin(
    stream: Stream,
    asked: SessionParameters,
    now: number,
  ): Promise<Beginning & { readonly segment: BuiltSegment }> {
    const damaged = new Set<number>();
    const places = { stream, index: this.#options.index, damaged };
    for (;;) {
      const beginning = await findBeginning(places, asked, now);
      const { rows } = beginning;
      const building =
        asked.container === "ts" ? this.#builder.transport(stream, rows) : this.#builder.mp4(stream, rows);
      try {
        return { ...beginning, segment: await building };
      } catch (error) {
        if (error instanceof CodecError) {
          throw codecRefusal(error, `The stream's media cannot be played: ${error.message}.`);
        }
        if (!isDamage(error) || damaged.size === MAX_DAMAGED) throw stream.explain(error);
        damaged.add(rows[0]!.sequence);
      }
    }
  }

  /** Whether any call on a session is counted. */
  get countsCalls(): boolean {
    return this.#rates.counts;
  }

  /** Counts a call on a session. Throws PlaybackRefusal `throttled` where there are more in a second than are allowed. */
  spendCall({ token }: PlaybackSession, operation: SessionOperation): void {
    this.#rates.take(operation, token, this.#now());
  }

  /** The session of a token where it is open and goes on. */
  opened(token: string): PlaybackSession | undefined {
    const known = this.#sessions.get(token);
    return known !== undefined && known.remainingMs > 0 && !known.stream.signal.aborted ? known : undefined;
  }

  /** The session of a token. Rejects with PlaybackRefusal `forbidden`, `expired` or `gone`. */
  async open(token: string): Promise<PlaybackSession> {
    const known = this.opened(token);
    if (known !== undefined) return known;
    const grant = this.#sessions.get(token)?.grant ?? this.#tokens.open(token);
    if (grant === undefined) throw new PlaybackRefusal("forbidden", "The session token is not valid.");
    if (expiryOf(grant) <= this.#now()) throw new PlaybackRefusal("expired", "The session has expired.");
    this.#sessions.delete(token);
    const stream = await this.#options.streams.byId(grant.streamId);
    if (stream?.record.creationTime !== grant.streamCreation || stream.signal.aborted) {
      throw streamDeleted();
    }
    // Another request may have opened it meanwhile.
    return this.#sessions.get(token) ?? this.#adopt(token, grant, stream);
  }

  #adopt(token: string, grant: SessionGrant, stream: Stream): PlaybackSession {
    const { index, points } = this.#options;
    const own = { recent: this.#recent, builder: this.#builder, feeds: this.#feeds, now: this.#now };
    const { mode, maxSegments = 0 } = grant.parameters;
    const timeline =
      mode === "on-demand"
        ? this.#sharedTimeline(grant, stream)
        : Promise.resolve(this.#ownTimeline(grant, stream, mode));
    timeline.catch(() => this.#sessions.delete(token));
    this.#watch(stream);
    const session = new PlaybackSession(token, grant, stream, timeline, { index, points, ...own });
    this.#sessions.set(token, session, SESSION_WEIGHT + (mode === "on-demand" ? 0 : 2 * maxSegments));
    return session;
  }

  /** Lets go of a stream's sessions and lists when it is deleted: they hold it, and nobody can use them any more. */
  #watch(stream: Stream): void {
    if (this.#watched.has(stream)) return;
    this.#watched.add(stream);
    const forget = (): void => {
      this.#sessions.deleteWhere((_, session) => session.stream === stream);
      this.#lists.forget(`${stream.id}/`);
    };
    stream.signal.addEventListener("abort", forget, { once: true });
  }

  /** Sessions that are kept in memory. */
  get kept(): number {
    return this.#sessions.size;
  }

  #ownTimeline(grant: SessionGrant, stream: Stream, mode: "live" | "live-replay"): SessionTimeline {
    const places = { stream, index: this.#options.index, recent: this.#recent };
    const { maxSegments, container } = grant.parameters;
    const source = mode === "live" ? new LiveSource(places, grant) : new RangeSource(places, grant);
    const rules = {
      mode,
      maxSegments,
      createdAt: grant.createdAt,
      base: grant.base,
      horizon: () => stream.horizon(),
      lost: this.#builder.lost(stream, container),
    };
    return new Timeline(source, rules, this.#backlogs);
  }

  /** The list of an ON_DEMAND range, read for the first of its sessions. */
  #sharedTimeline(grant: SessionGrant, stream: Stream): Promise<RangeTimeline> {
    const { parameters, streamId, createdAt, base } = grant;
    const { clock, from, to = 0, discontinuities, maxSegments, container } = parameters;
    // By the server's clock, nothing more is added to what is long past; by the producer's, footage may be sent late.
    const isSettled = clock === "serverTimestamp" && to < createdAt - SETTLED_MS;
    const moment = isSettled ? "" : Math.floor(createdAt / SHARED_MS);
    const key = [streamId, container, clock, from, to, discontinuities, maxSegments ?? "", base, moment].join("/");
    return this.#lists.get(key, async () => {
      const source = new RangeSource({ stream, index: this.#options.index, recent: this.#recent }, grant);
      const timeline = new RangeTimeline(source, {
        maxSegments,
        horizon: () => stream.horizon(),
        lost: this.#builder.lost(stream, container),
      });
      await this.#backlogs.run(() => timeline.window(this.#now()));
      return timeline;
    });
  }

  /** Begins to read the list of a session that nobody has asked for yet. */
  #prepare(grant: SessionGrant, stream: Stream): void {
    if (this.#preparing >= MAX_PREPARING) return;
    this.#preparing++;
    const done = (): void => {
      this.#preparing--;
    };
    this.#sharedTimeline(grant, stream).then(done, done);
  }
}

/**
 * What was measured of fragments, with the bandwidths of their segments as MPEG-TS, by what packets added to the first of them: it grows with the
 * pictures, and does not shrink with them, since sound takes the same of it all the time.
 */
function inPackets<Measured extends Pick<Beginning, "peakBandwidth" | "averageBandwidth">>(
  measured: Measured,
  rows: readonly FragmentRow[],
  { bytes, tracks }: BuiltSegment,
): Measured {
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  const added = ((bytes - size) * BITS * MS_PER_SECOND) / Math.max(1, ...tracks.map(({ durationMs }) => durationMs));
  const grown = (bandwidth: number): number => Math.ceil(Math.max((bandwidth * bytes) / size, bandwidth + added));
  const { peakBandwidth, averageBandwidth } = measured;
  return { ...measured, peakBandwidth: grown(peakBandwidth), averageBandwidth: grown(averageBandwidth) };
}
