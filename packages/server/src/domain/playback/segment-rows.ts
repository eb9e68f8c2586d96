import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { type FragmentNumber, parseFragmentNumber } from "../fragments/fragment-number.ts";
import type { Stream } from "../streams/stream.ts";
import { areJoined } from "./joined-fragments.ts";
import { Lru } from "./lru.ts";
import type { PartFeeds } from "./parts/part-feeds.ts";
import type { RecentRows } from "./recent-rows.ts";
import { PlaybackRefusal } from "./refusal.ts";
import type { SegmentName } from "./segment.ts";
import type { SessionGrant } from "./token.ts";

/** Segments whose fragments a session remembers: the one that is fetched, the one that is built ahead, and those of a player that fetches two. */
const MAX_FOUND = 4;

/** How long a segment that is complete is waited for until the archive has it, in milliseconds: a disk's worst moments. */
const ARCHIVING_MS = 5000;

/** Where fragments are looked up. */
export interface RowPlaces {
  readonly index: FragmentIndex;
  readonly recent: RecentRows;
  readonly feeds: PartFeeds;
}

const keyOf = ({ fragmentNumber, fragments }: SegmentName): string => `${fragmentNumber}/${fragments}`;

const isNumbered = (row: FragmentRow, { serverTimestamp, random }: FragmentNumber): boolean =>
  row.serverTimestamp === serverTimestamp && row.random === random;

/** Looks up the fragments of a session's segments by the names that clients give, and remembers the last ones. */
export class SegmentRows {
  readonly #grant: SessionGrant;
  readonly #stream: Stream;
  readonly #places: RowPlaces;
  readonly #found = new Lru<readonly FragmentRow[]>(MAX_FOUND);

  constructor(grant: SessionGrant, stream: Stream, places: RowPlaces) {
    this.#grant = grant;
    this.#stream = stream;
    this.#places = places;
  }

  /**
   * The fragments of a segment, which is asked for track by track, and built ahead before. Rejects with PlaybackRefusal `not-found`, and
   * `forbidden` where it lies outside the session.
   */
  async find(name: SegmentName): Promise<readonly FragmentRow[]> {
    const kept = this.kept(name);
    if (kept !== undefined) return kept;
    const number = parseFragmentNumber(name.fragmentNumber);
    const row = number && (await this.#archived(number.sequence));
    if (row === undefined || !isNumbered(row, number!)) {
      throw new PlaybackRefusal("not-found", `Fragment ${name.fragmentNumber} does not exist or has expired.`);
    }
    if (!this.#includes(row)) {
      throw new PlaybackRefusal("forbidden", `Fragment ${name.fragmentNumber} lies outside the session.`);
    }
    const rows = await this.#joined(row, name);
    this.#found.set(keyOf(name), rows, 1);
    return rows;
  }

  /** The same where nobody has to be waited for: it was looked up lately, or has just arrived. */
  kept(name: SegmentName): readonly FragmentRow[] | undefined {
    const key = keyOf(name);
    const found = this.#found.get(key);
    if (found !== undefined && found[0]!.serverTimestamp >= this.#stream.horizon()) return found;
    const number = name.fragments === 1 ? parseFragmentNumber(name.fragmentNumber) : undefined;
    const row = number && this.#places.recent.kept(this.#stream, number.sequence);
    if (row === undefined || !isNumbered(row, number!) || !this.#includes(row)) return undefined;
    const rows = [row];
    this.#found.set(key, rows, 1);
    return rows;
  }

  async #joined(row: FragmentRow, { fragmentNumber, fragments }: SegmentName): Promise<readonly FragmentRow[]> {
    if (fragments === 1) return [row];
    const rows = [row, ...(await this.#places.index.after(this.#scope(), row.sequence, fragments - 1))];
    // Whoever has a token may write any count: it buys no more than playlists offer.
    if (rows.length === fragments && areJoined(rows)) return rows;
    throw new PlaybackRefusal(
      "not-found",
      `Fragment ${fragmentNumber} has no ${fragments - 1} fragments to be joined.`,
    );
  }

  /** The row of a fragment, which may be on its way to the archive. */
  async #archived(sequence: number): Promise<FragmentRow | undefined> {
    const row =
      this.#places.recent.kept(this.#stream, sequence) ??
      (await this.#places.index.bySequence(this.#scope(), sequence));
    const feed = row === undefined ? this.#places.feeds.running(this.#stream) : undefined;
    if (feed === undefined) return row;
    const deadline = performance.now() + ARCHIVING_MS;
    for (;;) {
      const { changes } = feed;
      const { fragment } = feed.bySequence(sequence) ?? {};
      const pending = fragment?.state === "complete" && fragment.row === undefined;
      if (!pending || !(await feed.changedSince(changes, deadline - performance.now()))) break;
    }
    return this.#places.index.bySequence(this.#scope(), sequence);
  }

  #includes(row: FragmentRow): boolean {
    const { mode, clock, from = 0, to = Number.POSITIVE_INFINITY } = this.#grant.parameters;
    if (mode === "live") return row.sequence >= this.#grant.anchor;
    return row[clock] >= from && row[clock] <= to;
  }

  #scope(): { streamId: number; horizon: number } {
    return { streamId: this.#stream.id, horizon: this.#stream.horizon() };
  }
}
