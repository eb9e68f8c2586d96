import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { dashManifest } from "../../domain/playback/dash.ts";
import { hlsMedia, hlsMultivariant } from "../../domain/playback/hls.ts";
import { hlsLowLatency, lowLatencyPart } from "../../domain/playback/low-latency/requests.ts";
import { PlaybackRefusal } from "../../domain/playback/refusal.ts";
import { type PlaybackSession, placedTrack } from "../../domain/playback/session.ts";
import type { PlaybackSessions } from "../../domain/playback/sessions.ts";
import { SharedCache } from "../../domain/playback/shared-cache.ts";
import type { Track } from "../../domain/playback/tracks.ts";
import { type EncodedText, encodeText, mediaAnswer, plain, refuse, textAnswer } from "./answers.ts";
import { PlaybackQuery } from "./request.ts";

/** Memory for playlists that will not change, and their compressed forms: one of 24 hours has some 12 MB. */
const TEXTS_BYTES = 96 * 2 ** 20;
/** How long a shared cache may keep a playlist that changes: no more than a viewer's own polling would notice, in seconds. */
const CHANGING_SECONDS = 1;
/** How long it may keep one that was asked for by the part that it shall have, in seconds: six target durations of a second. */
const HELD_SECONDS = 6;
const DASH_TYPE = "application/dash+xml";
const HLS_TYPE = "application/vnd.apple.mpegurl";
const TRANSPORT_TYPE = "video/mp2t";
const MP4_TYPES = { video: "video/mp4", audio: "audio/mp4" } as const;

type Answering = (request: WireRequest, session: PlaybackSession, query: PlaybackQuery) => Promise<WireResponse>;

/** What playback routes need of the house. */
export interface PlaybackRoutesOptions {
  readonly sessions: PlaybackSessions;
  /** Told of what no refusal explains, with the id that the client got. */
  readonly onInternalError: (error: unknown, requestId: string) => void;
}

/** The resources of streaming sessions: `GET /hls/v1/...` and `/dash/v1/...`, let in by the session token alone. */
export class PlaybackRoutes {
  readonly #options: PlaybackRoutesOptions;
  readonly #texts = new SharedCache<EncodedText>(TEXTS_BYTES);
  readonly #routes: ReadonlyMap<string, Answering>;

  constructor(options: PlaybackRoutesOptions) {
    this.#options = options;
    const init: Answering = (request, session, query) => this.#init(request, session, query);
    const media: Answering = (request, session, query) => this.#media(request, session, query);
    this.#routes = new Map<string, Answering>([
      ["/hls/v1/getHLSMasterPlaylist.m3u8", (request, session, query) => this.#multivariant(request, session, query)],
      ["/hls/v1/getHLSMediaPlaylist.m3u8", (request, session, query) => this.#playlist(request, session, query)],
      ["/dash/v1/getDASHManifest.mpd", (request, session) => this.#manifest(request, session)],
      ["/hls/v1/getMP4InitFragment.mp4", init],
      ["/dash/v1/getMP4InitFragment.mp4", init],
      ["/hls/v1/getMP4MediaFragment.mp4", media],
      ["/dash/v1/getMP4MediaFragment.mp4", media],
      ["/hls/v1/getTSFragment.ts", (request, session, query) => this.#transport(request, session, query)],
    ]);
  }

  /** Answers a request for a playback resource; undefined where it is none. Never rejects. */
  answer(request: WireRequest): Promise<WireResponse> | undefined {
    const { target } = request;
    if (!target.startsWith("/hls/v1/") && !target.startsWith("/dash/v1/")) return undefined;
    return this.#answer(request).catch((error: unknown) => {
      if (error instanceof PlaybackRefusal) return refuse(error);
      this.#options.onInternalError(error, request.id);
      return plain(500, "The request failed because of an internal error.", { "x-amzn-ErrorType": "InternalFailure" });
    });
  }

  async #answer(request: WireRequest): Promise<WireResponse> {
    const { method, target } = request;
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const route = this.#routes.get(path);
    if (route === undefined) throw new PlaybackRefusal("not-found", `There is no resource at ${path}.`);
    if (method !== "GET" && method !== "HEAD") {
      return plain(405, `${method} is not allowed here; use GET or HEAD.`, { Allow: "GET, HEAD" });
    }
    const query = new PlaybackQuery(mark < 0 ? "" : target.slice(mark + 1));
    const session = await this.#options.sessions.open(query.token);
    const protocol = path.startsWith("/dash/") ? "dash" : "hls";
    if (session.grant.parameters.protocol !== protocol) {
      throw new PlaybackRefusal("forbidden", `The session is none of ${protocol.toUpperCase()}.`);
    }
    return route(request, session, query);
  }

  async #multivariant(
    request: WireRequest,
    session: PlaybackSession,
    { lowLatency }: PlaybackQuery,
  ): Promise<WireResponse> {
    const low = lowLatency && (await session.feed()) !== undefined;
    const name = low ? "hls/low" : "hls";
    return this.#text(request, session, { name, type: HLS_TYPE, isStatic: true }, () => hlsMultivariant(session, low));
  }

  #manifest(request: WireRequest, session: PlaybackSession): Promise<WireResponse> {
    const make = () => dashManifest(session, request.receivedAt);
    return this.#text(request, session, { name: "dash", type: DASH_TYPE, isStatic: session.isStatic }, make);
  }

  async #playlist(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const track = await session.track(query.track);
    const low = query.lowLatency ? await this.#lowLatency(request, session, track, query) : undefined;
    if (low !== undefined) return low;
    return this.#text(
      request,
      session,
      { name: `hls/${track.number}`, type: HLS_TYPE, isStatic: session.isStatic },
      () => hlsMedia(session, track),
    );
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
    const lasts = reload.segment === undefined ? CHANGING_SECONDS : HELD_SECONDS;
    const headers = {
      "Content-Type": HLS_TYPE,
      "Cache-Control": `public, max-age=${Math.min(lasts, remainingSeconds(session))}`,
    };
    return textAnswer(request, await encodeText(playlist), headers);
  }

  /** A text that does not change is made once, and kept as it is sent for as long as there is room. */
  async #text(
    request: WireRequest,
    session: PlaybackSession,
    { name, type, isStatic }: { name: string; type: string; isStatic: boolean },
    make: () => Promise<string | Uint8Array>,
  ): Promise<WireResponse> {
    const encode = async (): Promise<EncodedText> => encodeText(await make());
    const encoded = await (isStatic ? this.#texts.get(`${session.token}/${name}`, encode) : encode());
    const left = remainingSeconds(session);
    const seconds = isStatic ? left : Math.min(CHANGING_SECONDS, left);
    return textAnswer(request, encoded, { "Content-Type": type, "Cache-Control": `public, max-age=${seconds}` });
  }

  async #init(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const name = query.optionalSegment;
    const number = query.track;
    const arriving = name && session.arrivingInit(name, number);
    const track = arriving ?? (await session.setUp(name)).tracks[number - 1];
    if (track === undefined) throw new PlaybackRefusal("not-found", `There is no track ${number} in the fragment.`);
    const headers = { "Content-Type": MP4_TYPES[track.codec.kind], "Cache-Control": lasting(session) };
    const etag = `init-${name?.fragmentNumber ?? "first"}-${number}`;
    return mediaAnswer(request, [track.init], headers, etag);
  }

  async #media(request: WireRequest, session: PlaybackSession, query: PlaybackQuery): Promise<WireResponse> {
    const number = query.track;
    const { sequenceNumber } = query;
    if (query.part !== undefined) return this.#part(request, session, query);
    const named = query.optionalSegment;
    if (named === undefined && sequenceNumber === undefined)
      throw new PlaybackRefusal("invalid", "FragmentNumber is missing.");
    const found = named === undefined ? await session.numbered(sequenceNumber! - 1) : await session.segment(named);
    const track = found.segment.tracks[number - 1];
    if (track === undefined) throw new PlaybackRefusal("not-found", `There is no track ${number} in the fragment.`);
    const headers = { "Content-Type": MP4_TYPES[track.codec.kind], "Cache-Control": lasting(session) };
    const etag = `${found.version}-${number}-${found.base.toString(36)}`;
    return mediaAnswer(request, placedTrack(found, number), headers, etag);
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
    const { segment, version } = await session.transport(query.segment);
    const headers = { "Content-Type": TRANSPORT_TYPE, "Cache-Control": lasting(session) };
    return mediaAnswer(request, [segment.payload], headers, `${version}-ts`);
  }
}

const remainingSeconds = ({ remainingMs }: PlaybackSession): number => Math.floor(remainingMs / 1000);

/** What a URL names never changes; it is of no use when the session is over. */
const lasting = (session: PlaybackSession): string => `public, max-age=${remainingSeconds(session)}, immutable`;
