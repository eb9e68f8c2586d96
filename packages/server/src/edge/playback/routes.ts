import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import type { Caller } from "../../domain/events/events.ts";
import type { Mp4Segment } from "../../domain/playback/built-segment.ts";
import { dashManifest } from "../../domain/playback/dash.ts";
import { hlsMultivariant, isLong } from "../../domain/playback/hls.ts";
import { hlsLowLatency, lowLatencyPart } from "../../domain/playback/low-latency/requests.ts";
import type { SessionParameters } from "../../domain/playback/parameters.ts";
import { placedTrack, type SessionSegment } from "../../domain/playback/placed-segment.ts";
import { PlaybackRefusal } from "../../domain/playback/refusal.ts";
import type { PlaybackSession } from "../../domain/playback/session.ts";
import type { SessionOperation } from "../../domain/playback/session-rates.ts";
import type { PlaybackSessions } from "../../domain/playback/sessions.ts";
import type { Track } from "../../domain/playback/tracks.ts";
import { EncodedText, mediaAnswer, plain, refuse, textAnswer } from "./answers.ts";
import type { KeptText } from "./kept-text.ts";
import { PlaylistTexts } from "./playlist-texts.ts";
import { PlaybackQuery } from "./request.ts";

/** How long a shared cache may keep a playlist that changes: no more than a viewer's own polling would notice, in milliseconds. */
const CHANGING_MS = 1000;
/** How long it may keep one that was asked for by the part that it shall have, in seconds: six target durations of a second. */
const HELD_SECONDS = 6;
const MS_PER_SECOND = 1000;
const DASH_TYPE = "application/dash+xml";
const HLS_TYPE = "application/vnd.apple.mpegurl";
const TRANSPORT_TYPE = "video/mp2t";
/** A resource in the folder of its session's token. */
const IN_FOLDER = /^(\/(?:hls|dash)\/v1\/)([A-Za-z0-9_-]+~)\/([^/]*)$/;
const MP4_TYPES = { video: "video/mp4", audio: "audio/mp4" } as const;

/** What nobody has to be waited for is answered at once: most of what live viewers ask for. */
type Answer = Promise<WireResponse> | WireResponse;
type Answering = (request: WireRequest, session: PlaybackSession, query: PlaybackQuery) => Answer;

/** A resource: how it is answered, and as which operation it counts. */
interface Route {
  readonly operation: SessionOperation;
  readonly answering: Answering;
}

const counted = (operation: SessionOperation, answering: Answering): Route => ({ operation, answering });

/** What playback routes need of the house. */
export interface PlaybackRoutesOptions {
  readonly sessions: PlaybackSessions;
  /** Told of what no refusal explains, with the id that the client got. */
  readonly onInternalError: (error: unknown, requestId: string) => void;
  /** Told of a request with a session token that is none of this server's. */
  readonly onForged?: (request: Pick<Caller, "requestId" | "remoteAddress">) => void;
}

/** The resources of streaming sessions: `GET /hls/v1/...` and `/dash/v1/...`, let in by the session token alone. */
export class PlaybackRoutes {
  readonly #options: PlaybackRoutesOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #texts = new PlaylistTexts();

  constructor(options: PlaybackRoutesOptions) {
    this.#options = options;
    const multivariant = counted("GetHLSMasterPlaylist", (...asked) => this.#multivariant(...asked));
    const init = counted("GetMP4InitFragment", (...asked) => this.#init(...asked));
    const media = counted("GetMP4MediaFragment", (...asked) => this.#media(...asked));
    this.#routes = new Map<string, Route>([
      ["/hls/v1/getHLSMasterPlaylist.m3u8", multivariant],
      ["/hls/v1/getHLSMediaPlaylist.m3u8", counted("GetHLSMediaPlaylist", (...asked) => this.#playlist(...asked))],
      [
        "/dash/v1/getDASHManifest.mpd",
        counted("GetDASHManifest", (request, session) => this.#manifest(request, session)),
      ],
      ["/hls/v1/getMP4InitFragment.mp4", init],
      ["/dash/v1/getMP4InitFragment.mp4", init],
      ["/hls/v1/getMP4MediaFragment.mp4", media],
      ["/dash/v1/getMP4MediaFragment.mp4", media],
      ["/hls/v1/getTSFragment.ts", counted("GetTSFragment", (...asked) => this.#transport(...asked))],
    ]);
  }

  /** Answers a request for a playback resource; undefined where it is none. Never rejects or throws. */
  answer(request: WireRequest): Answer | undefined {
    const { target } = request;
    if (!target.startsWith("/hls/v1/") && !target.startsWith("/dash/v1/")) return undefined;
    const refused = (error: unknown): WireResponse => this.#refuse(error, request);
    try {
      const answer = this.#answer(request, target);
      return answer instanceof Promise ? answer.catch(refused) : answer;
    } catch (error) {
      return refused(error);
    }
  }

  #answer(request: WireRequest, target: string): Answer {
    const mark = target.indexOf("?");
    const [path, folder] = placeOf(mark < 0 ? target : target.slice(0, mark));
    const route = this.#routes.get(path);
    if (route === undefined) throw new PlaybackRefusal("not-found", `There is no resource at ${path}.`);
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      return plain(405, `${method} is not allowed here; use GET or HEAD.`, { Allow: "GET, HEAD" });
    }
    const query = new PlaybackQuery(mark < 0 ? "" : target.slice(mark + 1), folder);
    const { token } = query;
    const within = (session: PlaybackSession): Answer => {
      checkProtocol(session, path.startsWith("/dash/") ? "dash" : "hls");
      const { sessions } = this.#options;
      if (sessions.countsCalls && !isLowLatency(session, route.operation, query)) {
        sessions.spendCall(session, route.operation);
      }
      return route.answering(request, session, query);
    };
    const session = this.#options.sessions.opened(token);
    return session === undefined ? this.#open(request, token).then(within) : within(session);
  }

  async #open({ id: requestId, remoteAddress }: WireRequest, token: string): Promise<PlaybackSession> {
    try {
      return await this.#options.sessions.open(token);
    } catch (error) {
      if (error instanceof PlaybackRefusal && error.reason === "forbidden") {
        this.#options.onForged?.({ requestId, remoteAddress });
      }
      throw error;
    }
  }

  #refuse(error: unknown, { id }: WireRequest): WireResponse {
    if (error instanceof PlaybackRefusal) return refuse(error);
    this.#options.onInternalError(error, id);
    return plain(500, "The request failed because of an internal error.", { "x-amzn-ErrorType": "InternalFailure" });
  }

  async #multivariant(
    request: WireRequest,
    session: PlaybackSession,
    { lowLatency }: PlaybackQuery,
  ): Promise<WireResponse> {
    const low = lowLatency && (await session.feed()) !== undefined;
    if (session.isStatic && isLong(await session.window())) this.#texts.prepare(request, session);
    const key = `${session.token}/${low ? "hls/low" : "hls"}`;
    const text = await this.#texts.kept(key, () => hlsMultivariant(session, low));
    return answerKept(request, session, text, HLS_TYPE, session.remainingMs);
  }

  async #manifest(request: WireRequest, session: PlaybackSession): Promise<WireResponse> {
    const make = () => dashManifest(session, request.receivedAt);
    if (!session.isStatic) return answerText(request, session, new EncodedText(await make()), DASH_TYPE, CHANGING_MS);
    const lastsMs = await session.steadyMs();
    const text = await this.#texts.kept(`${session.token}/dash/${(await session.window()).list}`, make);
    return answerKept(request, session, text, DASH_TYPE, lastsMs);
  }

  #playlist(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Answer {
    const track = session.knownTrack(query.track);
    const window = query.lowLatency || session.isStatic ? undefined : session.knownWindow;
    if (track === undefined || window === undefined) return this.#awaitedPlaylist(request, session, query);
    session.spendPlaylist(window.segments.length);
    return answerText(request, session, this.#texts.current(session, track, window, query), HLS_TYPE, CHANGING_MS);
  }

  async #awaitedPlaylist(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const track = await session.track(query.track);
    const low = query.lowLatency ? await this.#lowLatency(request, session, track, query) : undefined;
    if (low !== undefined) return low;
    if (!session.isStatic) {
      const text = this.#texts.current(session, track, await session.playlistWindow(), query);
      return answerText(request, session, text, HLS_TYPE, CHANGING_MS);
    }
    const lastsMs = await session.steadyMs();
    const text = await this.#texts.lasting(request, session, track, query.inFolder);
    return answerKept(request, session, text, HLS_TYPE, lastsMs);
  }

  /** Undefined where the session has no parts: its ordinary playlist serves. */
  async #lowLatency(
    request: WireRequest,
    session: PlaybackSession,
    track: Track,
    { reload }: PlaybackQuery,
  ): Promise<WireResponse | undefined> {
    const playlist = await hlsLowLatency(session, track, reload, request.signal);
    if (playlist === undefined) return undefined;
    // What was waited for is true for longer than what is there by chance (rfc8216bis, section 6.2.5).
    const lasts = reload.segment === undefined ? CHANGING_MS / MS_PER_SECOND : HELD_SECONDS;
    const headers = {
      "Content-Type": HLS_TYPE,
      "Cache-Control": `public, max-age=${Math.min(lasts, remainingSeconds(session))}`,
    };
    return textAnswer(request, new EncodedText(playlist), headers);
  }

  async #init(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const name = query.optionalSegment;
    const number = query.track;
    const arriving = name && (await session.arrivingInit(name, number));
    const track = arriving ?? (await session.setUp(name, number)).tracks[number - 1];
    if (track === undefined) throw new PlaybackRefusal("not-found", `There is no track ${number} in the fragment.`);
    const headers = { "Content-Type": MP4_TYPES[track.codec.kind], "Cache-Control": lasting(session) };
    const etag = `init-${name?.fragmentNumber ?? "first"}-${number}`;
    return mediaAnswer(request, [track.init], headers, etag);
  }

  #media(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Answer {
    const { track, sequenceNumber } = query;
    if (query.part !== undefined) return this.#part(request, session, query);
    const named = query.optionalSegment;
    const answer = (found: SessionSegment<Mp4Segment>): WireResponse => trackAnswer(request, session, found, track);
    if (named !== undefined) {
      const kept = session.keptSegment(named, track);
      return kept === undefined ? session.segment(named, track).then(answer) : answer(kept);
    }
    if (sequenceNumber === undefined) throw new PlaybackRefusal("invalid", "FragmentNumber is missing.");
    return session.numbered(sequenceNumber - 1, track).then(answer);
  }

  async #part(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const { sequenceNumber, part, track } = query;
    if (sequenceNumber === undefined || part === undefined)
      throw new PlaybackRefusal("invalid", "SequenceNumber is missing.");
    const { kind, pieces, version } = await lowLatencyPart(
      session,
      { segment: sequenceNumber, track, part },
      request.signal,
    );
    const headers = { "Content-Type": MP4_TYPES[kind], "Cache-Control": lasting(session) };
    return mediaAnswer(request, pieces, headers, version);
  }

  async #transport(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const { optionalTrack: track } = query;
    const { payload, version, release } = await session.transport(query.segment, track);
    const headers = { "Content-Type": TRANSPORT_TYPE, "Cache-Control": lasting(session) };
    return { ...mediaAnswer(request, [payload], headers, `${version}-ts${track === 1 ? "" : track}`), release };
  }
}

/** One track of a segment, which is released with the answer. */
function trackAnswer(
  request: WireRequest,
  session: PlaybackSession,
  found: SessionSegment<Mp4Segment>,
  number: number,
): WireResponse {
  const { release } = found;
  const track = found.segment.tracks[number - 1];
  if (track === undefined) {
    release();
    throw new PlaybackRefusal("not-found", `There is no track ${number} in the fragment.`);
  }
  const headers = { "Content-Type": MP4_TYPES[track.codec.kind], "Cache-Control": lasting(session) };
  const etag = `${found.version}-${number}-${found.base}`;
  return { ...mediaAnswer(request, placedTrack(found, number), headers, etag), release };
}

/**
 * Whether a call is one of low latency, which is Kvass's own, and takes several of these two a second by design. Sessions that join fragments have
 * none: they answer with their ordinary playlists.
 */
function isLowLatency({ grant }: PlaybackSession, operation: SessionOperation, query: PlaybackQuery): boolean {
  if (grant.parameters.mode !== "live" || grant.joins) return false;
  if (operation === "GetMP4MediaFragment") return query.part !== undefined;
  return operation === "GetHLSMediaPlaylist" && query.lowLatency;
}

/** Throws PlaybackRefusal `forbidden` where a session's resources are those of the other protocol. */
function checkProtocol({ grant }: PlaybackSession, protocol: SessionParameters["protocol"]): void {
  if (grant.parameters.protocol === protocol) return;
  throw new PlaybackRefusal("forbidden", `The session is none of ${protocol.toUpperCase()}.`);
}

/** The path of a resource, and the folder that it may lie in: the session's token. */
function placeOf(path: string): [path: string, folder: string | undefined] {
  const match = path.includes("~") ? IN_FOLDER.exec(path) : null;
  return match === null ? [path, undefined] : [`${match[1]}${match[3]}`, match[2]];
}

/** A text that caches may keep for so long, unless the session ends before. */
function answerText(
  request: WireRequest,
  session: PlaybackSession,
  text: EncodedText,
  type: string,
  lastsMs: number,
): Promise<WireResponse> | WireResponse {
  const seconds = Math.floor(Math.min(lastsMs, session.remainingMs) / MS_PER_SECOND);
  return textAnswer(request, text, { "Content-Type": type, "Cache-Control": `public, max-age=${seconds}` });
}

/** The same of a text that is held for the answer. */
async function answerKept(
  request: WireRequest,
  session: PlaybackSession,
  text: KeptText,
  type: string,
  lastsMs: number,
): Promise<WireResponse> {
  const release = (): void => text.memory?.letGo();
  try {
    return { ...(await answerText(request, session, text, type, lastsMs)), release };
  } catch (error) {
    release();
    throw error;
  }
}

const remainingSeconds = ({ remainingMs }: PlaybackSession): number => Math.floor(remainingMs / MS_PER_SECOND);

/** What a URL names never changes; it is of no use when the session is over. */
const lasting = (session: PlaybackSession): string => `public, max-age=${remainingSeconds(session)}, immutable`;
