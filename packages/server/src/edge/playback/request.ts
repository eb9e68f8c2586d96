import { MAX_JOINED_FRAGMENTS } from "../../domain/playback/joined-fragments.ts";
import type { ReloadRequest } from "../../domain/playback/low-latency/requests.ts";
import { PlaybackRefusal } from "../../domain/playback/refusal.ts";
import type { SegmentName } from "../../domain/playback/segment.ts";

/** Longest query that is looked at: a session token and a fragment number have some 200 characters. */
const MAX_QUERY = 2048;
/** Tracks are numbered from 1; a Matroska file declares at most 127. */
const MAX_TRACK = 127;
const FRAGMENT_NUMBER = /^[0-9]{1,128}$/;
const INTEGER = /^(0|[1-9][0-9]{0,14})$/;

/** What stands for something else in a query (URL standard, "application/x-www-form-urlencoded parsing"). */
const ENCODED = /[%+]/;

/** The query of a request to a playback resource, read with care: it comes from anyone. Its methods throw PlaybackRefusal `invalid`. */
export class PlaybackQuery {
  /** Names and values of its parameters, in turn. */
  readonly #parameters: readonly string[];
  readonly #folder: string | undefined;

  /**
   * @param query what follows the question mark
   * @param folder the token, where the resource lies in a folder of that name
   */
  constructor(query: string, folder?: string) {
    this.#folder = folder;
    if (query.length > MAX_QUERY) throw invalid(`The query is longer than ${MAX_QUERY} characters.`);
    // Those in playlists need no decoding.
    this.#parameters = ENCODED.test(query) ? [...new URLSearchParams(query)].flat() : parametersOf(query);
  }

  get token(): string {
    return this.#folder ?? this.#required("SessionToken");
  }

  /** Whether the resource lies in the folder of its token. */
  get inFolder(): boolean {
    return this.#folder !== undefined;
  }

  get track(): number {
    return this.#trackOf(this.#required("TrackNumber"));
  }

  /** The same where it may be left out: 1. */
  get optionalTrack(): number {
    return this.#trackOf(this.#one("TrackNumber") ?? "1");
  }

  /** The segment of `FragmentNumber` and `FragmentCount`. */
  get segment(): SegmentName {
    return this.#segmentOf(this.#required("FragmentNumber"));
  }

  /** The same where it may be left out. */
  get optionalSegment(): SegmentName | undefined {
    const fragmentNumber = this.#one("FragmentNumber");
    return fragmentNumber === undefined ? undefined : this.#segmentOf(fragmentNumber);
  }

  /** The segment's number in the session, where the query names it by that. */
  get sequenceNumber(): number | undefined {
    return this.#optionalInteger("SequenceNumber");
  }

  /** Whether low-latency playlists are asked for: Kvass's own `LowLatency=1`. */
  get lowLatency(): boolean {
    const text = this.#one("LowLatency") ?? "0";
    if (text !== "0" && text !== "1") throw invalid("LowLatency must be 0 or 1.");
    return text === "1";
  }

  /** The part's place in its segment, where the query names one. */
  get part(): number | undefined {
    return this.#optionalInteger("Part");
  }

  /** Delivery directives (rfc8216bis, section 6.2.5). */
  get reload(): ReloadRequest {
    const segment = this.#optionalInteger("_HLS_msn");
    const part = this.#optionalInteger("_HLS_part");
    if (part !== undefined && segment === undefined) throw invalid("_HLS_part needs _HLS_msn.");
    const skip = this.#one("_HLS_skip");
    return { segment, part, skip: skip === "YES" || skip === "v2" };
  }

  #trackOf(text: string): number {
    const number = this.#integer("TrackNumber", text);
    if (number < 1 || number > MAX_TRACK) throw invalid(`TrackNumber must be a number from 1 to ${MAX_TRACK}.`);
    return number;
  }

  #segmentOf(fragmentNumber: string): SegmentName {
    if (!FRAGMENT_NUMBER.test(fragmentNumber)) throw invalid("FragmentNumber must be 1 to 128 digits.");
    const fragments = this.#integer("FragmentCount", this.#one("FragmentCount") ?? "1");
    if (fragments < 1 || fragments > MAX_JOINED_FRAGMENTS) {
      throw invalid(`FragmentCount must be a number from 1 to ${MAX_JOINED_FRAGMENTS}.`);
    }
    return { fragmentNumber, fragments };
  }

  #integer(name: string, text: string): number {
    if (!INTEGER.test(text)) throw invalid(`${name} must be a whole number.`);
    return Number(text);
  }

  #optionalInteger(name: string): number | undefined {
    const text = this.#one(name);
    return text === undefined ? undefined : this.#integer(name, text);
  }

  #required(name: string): string {
    const value = this.#one(name);
    if (value === undefined) throw invalid(`${name} is missing.`);
    return value;
  }

  #one(name: string): string | undefined {
    const parameters = this.#parameters;
    let value: string | undefined;
    for (let place = 0; place < parameters.length; place += 2) {
      if (parameters[place] !== name) continue;
      if (value !== undefined) throw invalid(`${name} is given more than once.`);
      value = parameters[place + 1];
    }
    return value;
  }
}

/** Names and values of the parameters, in turn, of a query that is not encoded. */
function parametersOf(query: string): string[] {
  const parameters: string[] = [];
  for (let start = 0; start < query.length; ) {
    const mark = query.indexOf("&", start);
    const end = mark < 0 ? query.length : mark;
    const equals = query.indexOf("=", start);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    if (end > start) parameters.push(query.slice(start, nameEnd), query.slice(nameEnd + 1, end));
    start = end + 1;
  }
  return parameters;
}

const invalid = (message: string): PlaybackRefusal => new PlaybackRefusal("invalid", message);
