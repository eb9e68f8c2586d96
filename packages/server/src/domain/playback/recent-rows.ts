import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { Stream } from "../streams/stream.ts";

/** Rows of one stream that are kept: two minutes of five fragments a second. */
const KEPT_ROWS = 600;
/** Rows that are read at once, which takes one to three milliseconds: whoever gets so many asks again. */
export const RECENT_PAGE_ROWS = 1000;
/** Streams whose rows are kept: some 100 KiB each. */
const MAX_STREAMS = 500;
/** How long what was read is taken for the newest, in milliseconds: little beside a segment's duration. */
const FRESH_MS = 50;

interface Tail {
  /** Ascending by sequence: every row above `floor` when it was read. */
  rows: FragmentRow[];
  floor: number;
  readAt: number;
  /** `FragmentIndex.insertions` when it was read. */
  insertions: number;
  reading: Promise<void> | undefined;
}

const NONE: readonly FragmentRow[] = [];

/** The rows of a tail with a sequence above `sequence`, which is not below its floor. */
function rowsBehind({ rows }: Tail, sequence: number): readonly FragmentRow[] {
  let first = rows.length;
  while (first > 0 && rows[first - 1]!.sequence > sequence) first--;
  return first === rows.length ? NONE : rows.slice(first);
}

/** The newest rows of the streams that are watched live: many viewers share one look at the index. */
export class RecentRows {
  readonly #index: FragmentIndex;
  readonly #now: () => number;
  /** In order of last use. */
  readonly #tails = new Map<number, Tail>();

  constructor(index: FragmentIndex, now: () => number) {
    this.#index = index;
    this.#now = now;
  }

  /** At most a page of rows with a sequence above `sequence`, ascending by it; an empty one where there is none yet. */
  async after(stream: Stream, sequence: number): Promise<readonly FragmentRow[]> {
    const tail = this.#tailOf(stream, sequence);
    if (sequence < tail.floor) return this.#read(stream, sequence);
    if (!this.#isFresh(tail, stream)) {
      tail.reading ??= this.#refresh(stream, tail).finally(() => {
        tail.reading = undefined;
      });
      await tail.reading;
    }
    if (sequence < tail.floor) return this.#read(stream, sequence);
    return rowsBehind(tail, sequence);
  }

  /** What {@link after} would give, where the index was looked at a moment ago, so that nobody has to be waited for. */
  known(stream: Stream, sequence: number): readonly FragmentRow[] | undefined {
    const tail = this.#tails.get(stream.id);
    if (tail === undefined || sequence < tail.floor || !this.#isFresh(tail, stream)) return undefined;
    return rowsBehind(tail, sequence);
  }

  /** The row of that sequence where it is kept and has not expired. */
  kept(stream: Stream, sequence: number): FragmentRow | undefined {
    const row = this.#tails.get(stream.id)?.rows.findLast((each) => each.sequence <= sequence);
    return row?.sequence === sequence && row.serverTimestamp >= stream.horizon() ? row : undefined;
  }

  #read(stream: Stream, sequence: number): Promise<FragmentRow[]> {
    return this.#index.after({ streamId: stream.id, horizon: stream.horizon() }, sequence, RECENT_PAGE_ROWS);
  }

  /** Whether its rows are the newest there are, or were a moment ago. */
  #isFresh({ readAt, insertions }: Tail, { id }: Stream): boolean {
    return insertions === this.#index.insertions(id) || this.#now() - readAt < FRESH_MS;
  }

  #tailOf(stream: Stream, sequence: number): Tail {
    const known = this.#tails.get(stream.id);
    const tail = known ?? { rows: [], floor: sequence, readAt: 0, insertions: -1, reading: undefined };
    this.#tails.delete(stream.id);
    this.#tails.set(stream.id, tail);
    if (this.#tails.size > MAX_STREAMS) this.#tails.delete(this.#tails.keys().next().value!);
    return tail;
  }

  async #refresh(stream: Stream, tail: Tail): Promise<void> {
    const readAt = this.#now();
    const insertions = this.#index.insertions(stream.id);
    let more = await this.#read(stream, tail.rows.at(-1)?.sequence ?? tail.floor);
    // Far behind: who asks for what lies between reads it by himself, and what is kept here is the newest all the same.
    if (more.length === RECENT_PAGE_ROWS) more = await this.#leap(stream, tail);
    tail.rows.push(...more);
    const surplus = tail.rows.length - KEPT_ROWS;
    if (surplus > 0) tail.floor = tail.rows.splice(0, surplus).at(-1)!.sequence;
    tail.readAt = readAt;
    tail.insertions = insertions;
  }

  /** Moves a tail to the newest rows, without those between. Sequences ascend by one at least, so that these are no more than are kept. */
  async #leap(stream: Stream, tail: Tail): Promise<FragmentRow[]> {
    const newest = await this.#index.newest({ streamId: stream.id, horizon: stream.horizon() });
    if (newest === undefined) return [];
    tail.rows = [];
    tail.floor = Math.max(tail.floor, newest.sequence - KEPT_ROWS);
    return this.#read(stream, tail.floor);
  }
}
