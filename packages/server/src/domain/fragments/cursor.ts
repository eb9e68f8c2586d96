import type { FragmentIdentity, FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { LiveFragment } from "../live/live-fragment.ts";
import type { LiveStream } from "../live/live-stream.ts";
import type { Stream } from "../streams/stream.ts";
import type { StartPosition } from "./start-selector.ts";

/** Rows that are looked up at once. A reader that is far behind asks again for each such page. */
const PAGE_ROWS = 64;

/** The next fragment to read: in memory, or in the archive. */
export type NextFragment =
  | { readonly identity: FragmentIdentity; readonly live: LiveFragment }
  | { readonly identity: FragmentIdentity; readonly live?: undefined; readonly row: FragmentRow };

/**
 * A place in a stream's order of fragments that moves from the archive into what is live, without a gap and without a duplicate:
 * the next fragment is always the one with the lowest sequence above the last, wherever it is.
 */
export class FragmentCursor {
  readonly #stream: Stream;
  readonly #index: FragmentIndex;
  readonly #live: LiveStream;
  readonly #from: StartPosition["from"];
  #after: number;
  #page: FragmentRow[] = [];
  /** `LiveStream.departures` when the page was asked for. */
  #pageDepartures = -1;
  /** True once the archive had nothing above the cursor: from then on only what leaves memory can add to it. */
  #caughtUp = false;
  readonly #skipped: () => void;

  /** `skipped` is called when fragments were no longer held when the cursor came to them. */
  constructor(
    places: { stream: Stream; index: FragmentIndex; live: LiveStream },
    start: StartPosition,
    skipped: () => void,
  ) {
    this.#stream = places.stream;
    this.#index = places.index;
    this.#live = places.live;
    this.#after = start.after;
    this.#from = start.from;
    this.#skipped = skipped;
  }

  /** Moves behind a fragment. */
  pass(sequence: number): void {
    this.#after = sequence;
  }

  /** The next fragment, or undefined where none has begun. */
  async next(): Promise<NextFragment | undefined> {
    for (;;) {
      this.#noteEviction();
      const row = await this.#nextRow();
      const live = this.#live.nextAfter(this.#after);
      const next = choose(row, live);
      if (next === undefined || !this.#isEarly(next)) return next;
      this.#after = next.identity.sequence;
    }
  }

  /** The archived fragment behind `row`, where it is known without a lookup: to read ahead. */
  peekBehind(row: FragmentRow): FragmentRow | undefined {
    return this.#page.find(({ sequence }) => sequence > row.sequence);
  }

  async #nextRow(): Promise<FragmentRow | undefined> {
    if (!this.#stream.archives) return undefined;
    for (;;) {
      const horizon = this.#stream.horizon();
      if (this.#caughtUp && this.#live.lastArchived <= this.#after) return undefined;
      if (this.#pageDepartures === this.#live.departures) {
        while (this.#page.length > 0 && !this.#isAhead(this.#page[0]!, horizon)) this.#page.shift();
        if (this.#page.length > 0) return this.#page[0];
      }
      const { departures } = this.#live;
      this.#page = await this.#index.after({ streamId: this.#stream.id, horizon }, this.#after, PAGE_ROWS);
      this.#pageDepartures = departures;
      this.#caughtUp = this.#page.length === 0;
      if (this.#caughtUp && this.#live.departures === departures) return undefined;
    }
  }

  #isAhead(row: FragmentRow, horizon: number): boolean {
    return row.sequence > this.#after && row.serverTimestamp >= horizon;
  }

  #isEarly({ identity }: NextFragment): boolean {
    return this.#from !== undefined && identity[this.#from.clock] < this.#from.time;
  }

  /** A stream without retention has forgotten fragments that the cursor had not reached. */
  #noteEviction(): void {
    if (this.#after > 0 && this.#live.lastEvicted > this.#after) {
      this.#skipped();
      this.#after = this.#live.lastEvicted;
    }
  }
}

function choose(row: FragmentRow | undefined, live: LiveFragment | undefined): NextFragment | undefined {
  if (live !== undefined && (row === undefined || live.identity.sequence <= row.sequence)) {
    return { identity: live.identity, live };
  }
  return row === undefined ? undefined : { identity: row, row };
}
