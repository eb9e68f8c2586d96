import { KeyedRate } from "../keyed-rate.ts";
import { PlaybackRefusal } from "./refusal.ts";

/** What players ask a session for, by the names that AWS gives these operations. */
export type SessionOperation =
  | "GetHLSMasterPlaylist"
  | "GetHLSMediaPlaylist"
  | "GetDASHManifest"
  | "GetMP4InitFragment"
  | "GetMP4MediaFragment"
  | "GetTSFragment";

/** How often each of them may be called on one session, a second. Infinity for no bound. */
export type SessionRateLimits = Readonly<Record<SessionOperation, number>>;

/** Kvass's own: what a session costs is bounded by what is built once for all of them. */
export const GENEROUS_SESSION_RATES: SessionRateLimits = Object.freeze({
  GetHLSMasterPlaylist: Number.POSITIVE_INFINITY,
  GetHLSMediaPlaylist: Number.POSITIVE_INFINITY,
  GetDASHManifest: Number.POSITIVE_INFINITY,
  GetMP4InitFragment: Number.POSITIVE_INFINITY,
  GetMP4MediaFragment: Number.POSITIVE_INFINITY,
  GetTSFragment: Number.POSITIVE_INFINITY,
});

/** The quotas of Kinesis Video Streams (AWS docs, "Kinesis Video Streams service quotas", "Archived media API service quotas"). */
export const AWS_SESSION_RATES: SessionRateLimits = Object.freeze({
  GetHLSMasterPlaylist: 5,
  GetHLSMediaPlaylist: 5,
  GetDASHManifest: 5,
  GetMP4InitFragment: 5,
  GetMP4MediaFragment: 20,
  GetTSFragment: 20,
});

/** Counts the calls on each session, and refuses one when there were too many. */
export class SessionRates {
  readonly #limits: SessionRateLimits;
  readonly #rates = new Map<SessionOperation, KeyedRate<string>>();

  constructor(limits: SessionRateLimits) {
    this.#limits = limits;
    for (const [operation, perSecond] of Object.entries(limits)) {
      if (perSecond < Number.POSITIVE_INFINITY)
        this.#rates.set(operation as SessionOperation, new KeyedRate(perSecond));
    }
  }

  /** Whether any call is counted. */
  get counts(): boolean {
    return this.#rates.size > 0;
  }

  /** Counts a call on the session of a token; `now` in milliseconds. Throws PlaybackRefusal `throttled`. */
  take(operation: SessionOperation, token: string, now: number): void {
    const rate = this.#rates.get(operation);
    if (rate === undefined || rate.tryTake(token, now)) return;
    throw new PlaybackRefusal(
      "throttled",
      `More than ${this.#limits[operation]} ${operation} calls a second on the session.`,
    );
  }
}
