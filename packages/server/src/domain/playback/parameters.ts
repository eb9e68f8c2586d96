import type { FragmentClock } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import { AWS_SESSION_RATES, GENEROUS_SESSION_RATES, type SessionRateLimits } from "./session-rates.ts";

/** What a session plays: what arrives, an archived range paced as if it were arriving, or an archived range as a whole. */
export type PlaybackMode = "live" | "live-replay" | "on-demand";

/** Where playlists mark discontinuities: at every segment, nowhere that can be helped, or where the timeline breaks. */
export type DiscontinuityMode = "always" | "never" | "on-discontinuity";

/** What a session was asked for, its defaults filled in. */
export interface SessionParameters {
  readonly protocol: "hls" | "dash";
  readonly mode: PlaybackMode;
  readonly container: "fmp4" | "ts";
  /** By which of their clocks fragments are selected, and which one is shown. */
  readonly clock: FragmentClock;
  /** Milliseconds since the epoch; undefined in `live`. */
  readonly from: number | undefined;
  /** Milliseconds since the epoch, inclusive; undefined in `live`, and in a `live-replay` that goes on into what arrives. */
  readonly to: number | undefined;
  readonly discontinuities: DiscontinuityMode;
  /** Whether each segment tells when it was recorded. */
  readonly showTimestamps: boolean;
  /** Whether a DASH manifest tells fragment numbers. */
  readonly showNumbers: boolean;
  /** Most segments in one playlist; undefined for all there are. */
  readonly maxSegments: number | undefined;
  /** How long the session lasts. */
  readonly expiresSeconds: number;
}

/** What a request says of a session; what it leaves out has a default. */
export interface SessionRequest {
  readonly protocol: SessionParameters["protocol"];
  readonly mode?: PlaybackMode | undefined;
  readonly container?: SessionParameters["container"] | undefined;
  readonly selector?:
    | {
        readonly clock?: FragmentClock | undefined;
        readonly range?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined;
      }
    | undefined;
  readonly discontinuities?: DiscontinuityMode | undefined;
  readonly showTimestamps?: boolean | undefined;
  readonly showNumbers?: boolean | undefined;
  readonly maxSegments?: number | undefined;
  readonly expiresSeconds?: number | undefined;
}

/** Defaults and bounds that are not the same in Kvass and AWS. */
export interface PlaybackLimits {
  /** Segments of an ON_DEMAND playlist that names no maximum; undefined for the whole range. */
  readonly onDemandSegments: number | undefined;
  /** Whether a range by server time may begin before the oldest fragment that the stream still has. */
  readonly beginsBeforeHorizon: boolean;
  /** Whether only what AWS plays is played: one audio track, and the codecs of its documentation. */
  readonly awsCodecs: boolean;
  /** How often a session may be asked for what it plays. */
  readonly sessionRates: SessionRateLimits;
}

/** Kvass's own: everything that the range and the codecs allow. */
export const GENEROUS_PLAYBACK_LIMITS: PlaybackLimits = Object.freeze({
  onDemandSegments: undefined,
  beginsBeforeHorizon: true,
  awsCodecs: false,
  sessionRates: GENEROUS_SESSION_RATES,
});

/** The defaults and quotas of Kinesis Video Streams (AWS docs, "GetHLSStreamingSessionURL", "Kinesis Video Streams service quotas"). */
export const AWS_PLAYBACK_LIMITS: PlaybackLimits = Object.freeze({
  onDemandSegments: 1000,
  beginsBeforeHorizon: false,
  awsCodecs: true,
  sessionRates: AWS_SESSION_RATES,
});

/** Latest moment that a token can carry: in the year 10889. */
const MAX_TIME = 2 ** 48 - 1;
/** Longest range of one session (AWS docs, "HLSTimestampRange"). */
const MAX_RANGE_MS = 24 * 3_600_000;
/** Segments of a playlist that moves on (AWS docs, "MaxMediaPlaylistFragmentResults"). */
const MOVING_WINDOW = 5;
/** Seconds (AWS docs, "Expires"). */
const DEFAULT_EXPIRES = 300;

/** What the moment of the request and its stream contribute. */
export interface SessionContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds since the epoch before which the stream's fragments are gone. */
  readonly horizon: number;
  readonly limits: PlaybackLimits;
}

/**
 * Fills in the defaults of a request and checks its rules (AWS docs, "GetHLSStreamingSessionURL", "GetDASHStreamingSessionURL").
 * @throws DomainError `invalid-argument`, with the member named
 */
export function sessionParameters(request: SessionRequest, context: SessionContext): SessionParameters {
  const mode = request.mode ?? "live";
  const clock = request.selector?.clock ?? "serverTimestamp";
  const range = rangeOf(mode, clock, request, context);
  return {
    protocol: request.protocol,
    mode,
    container: request.container ?? "fmp4",
    clock,
    ...range,
    discontinuities: request.discontinuities ?? (clock === "serverTimestamp" ? "always" : "never"),
    showTimestamps: request.showTimestamps ?? false,
    showNumbers: request.showNumbers ?? false,
    maxSegments: request.maxSegments ?? (mode === "on-demand" ? context.limits.onDemandSegments : MOVING_WINDOW),
    expiresSeconds: request.expiresSeconds ?? DEFAULT_EXPIRES,
  };
}

function rangeOf(
  mode: PlaybackMode,
  clock: FragmentClock,
  { selector, protocol }: SessionRequest,
  context: SessionContext,
): { from: number | undefined; to: number | undefined } {
  const name = `${protocol.toUpperCase()}FragmentSelector`;
  if (mode === "live") {
    if (selector?.range !== undefined) throw invalid(`${name}.TimestampRange must not be given in LIVE mode.`);
    return { from: undefined, to: undefined };
  }
  const { from, to } = selector?.range ?? {};
  const word = mode === "on-demand" ? "ON_DEMAND" : "LIVE_REPLAY";
  if (selector?.clock === undefined) throw invalid(`${name}.FragmentSelectorType is required in ${word} mode.`);
  if (from === undefined) throw invalid(`${name}.TimestampRange.StartTimestamp is required in ${word} mode.`);
  if (to === undefined) {
    if (mode === "on-demand") throw invalid(`${name}.TimestampRange.EndTimestamp is required in ${word} mode.`);
  } else checkEnd(`${name}.TimestampRange.EndTimestamp`, clock, from, to, context.now);
  if (clock === "serverTimestamp" && from < context.horizon && !context.limits.beginsBeforeHorizon) {
    throw invalid(`${name}.TimestampRange.StartTimestamp lies before the stream's retention period.`);
  }
  return { from: toTime(from), to: to === undefined ? undefined : toTime(to) };
}

const toTime = (ms: number): number => Math.min(Math.max(0, ms), MAX_TIME);

function checkEnd(member: string, clock: FragmentClock, from: number, to: number, now: number): void {
  if (to <= from) throw invalid(`${member} must be later than StartTimestamp.`);
  if (to - from > MAX_RANGE_MS) throw invalid(`${member} must be within 24 hours of StartTimestamp.`);
  if (clock === "serverTimestamp" && to > now) {
    throw invalid(`${member} must be in the past where FragmentSelectorType is SERVER_TIMESTAMP.`);
  }
}

const invalid = (message: string): DomainError => new DomainError("invalid-argument", message);
