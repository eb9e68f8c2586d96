import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type {
  FragmentClock,
  FragmentCursor,
  FragmentIndex,
  FragmentScope,
} from "../../storage/ports/fragment-index.ts";
import { continuesGroup, MAX_REORDER_MS } from "../fragments/group-of-pictures.ts";

/** How far before a picture its key frame may lie, in milliseconds: cameras that send few of them stay below a minute. */
const LOOK_BACK_MS = 60_000;
/** A pause this long between two fragments is jitter, or some lost frames: the last picture stays on the screen over it. In milliseconds. */
export const MAX_HOLD_MS = 1000;
/** Rows that are looked up at once. */
const PAGE_ROWS = 1000;
/** Most rows of a timeline: two minutes of fragments of which 80 come in a second. */
const MAX_ROWS = 10_000;

/** The fragments around some moments of a stream, to find the one that was on the screen. */
export class FragmentTimeline {
  readonly #clock: FragmentClock;
  /** By start on the clock, then by sequence. */
  readonly #rows: readonly FragmentRow[];

  private constructor(clock: FragmentClock, rows: readonly FragmentRow[]) {
    this.#clock = clock;
    this.#rows = rows;
  }

  /** Looks up what moments from `first` to `last` (milliseconds since the epoch on `clock`) can need. */
  static async load(
    index: FragmentIndex,
    scope: FragmentScope,
    clock: FragmentClock,
    { first, last }: { readonly first: number; readonly last: number },
  ): Promise<FragmentTimeline> {
    const span = { from: first - LOOK_BACK_MS, to: last + Math.max(MAX_HOLD_MS, MAX_REORDER_MS) };
    const rows: FragmentRow[] = [];
    for (let after: FragmentCursor | undefined; rows.length < MAX_ROWS; ) {
      const page = await index.range(scope, clock, span, after, PAGE_ROWS);
      rows.push(...page);
      const end = page.at(-1);
      if (end === undefined || page.length < PAGE_ROWS) break;
      after = { time: end[clock], sequence: end.sequence };
    }
    // A fragment longer than what is looked back over begins before all of these.
    const around = await index.at(scope, clock, first);
    if (around !== undefined && around[clock] < span.from) rows.unshift(around);
    return new FragmentTimeline(clock, rows);
  }

  /** The fragment that was on the screen at a moment: of several, that which began last, and of those that began together the newest. */
  at(moment: number): FragmentRow | undefined {
    const next = this.#rows.findIndex((row) => row[this.#clock] > moment);
    const begun = next === -1 ? this.#rows : this.#rows.slice(0, next);
    const covering = begun.findLast((row) => this.#end(row) > moment);
    return covering ?? this.#held(begun, this.#rows[next]);
  }

  /** The fragment that another one goes on from: the last one sent before it, with the same set-up, and without a pause in between. */
  before(row: FragmentRow): FragmentRow | undefined {
    let found: FragmentRow | undefined;
    for (const other of this.#rows) {
      if (other.sequence >= row.sequence || other.sequence < (found?.sequence ?? 0)) continue;
      if (goesOn(other, row)) found = other;
    }
    return found;
  }

  /** The fragment that goes on from another one, by the same rules. */
  after(row: FragmentRow): FragmentRow | undefined {
    let found: FragmentRow | undefined;
    for (const other of this.#rows) {
      if (other.sequence <= row.sequence || other.sequence > (found?.sequence ?? Number.POSITIVE_INFINITY)) continue;
      if (goesOn(row, other)) found = other;
    }
    return found;
  }

  #end(row: FragmentRow): number {
    return row[this.#clock] + row.duration;
  }

  /** The fragment before a short pause. */
  #held(begun: readonly FragmentRow[], next: FragmentRow | undefined): FragmentRow | undefined {
    let latest: FragmentRow | undefined;
    for (const row of begun) if (latest === undefined || this.#end(row) >= this.#end(latest)) latest = row;
    if (latest === undefined || next === undefined) return undefined;
    return next[this.#clock] - this.#end(latest) <= MAX_HOLD_MS ? latest : undefined;
  }
}

function goesOn(row: FragmentRow, next: FragmentRow): boolean {
  if (continuesGroup(row, next)) return true;
  const distance = next.producerTimestamp - row.producerTimestamp;
  return next.configuration === row.configuration && distance >= 0 && distance - row.duration <= MAX_HOLD_MS;
}
