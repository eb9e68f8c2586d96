import type { FragmentRow, TimedFragment } from "../../storage/ports/fragment.ts";
import { continuesGroup, type GroupMember, MAX_REORDER_MS } from "../fragments/group-of-pictures.ts";

/**
 * Footage that is sent again within this time after what it repeats was lost on its way and repeated by the producer; later, it is another
 * ingestion of the same period. Producers keep some minutes of media for what they may have to repeat.
 */
const REPEAT_MS = 10 * 60_000;

/** Fragments in the order in which they were sent: one that a decoder can begin with, and those that go on with its group of pictures. */
type Group<Row> = [Row, ...Row[]];

/**
 * Selects fragments by the producer's clock (AWS docs, "HLSFragmentSelector"): of those with the same start the one with the largest
 * number counts, and of several ingestions of one period the oldest. Rows are handed over page by page in the order of the producer's
 * clock, and come back in that order, but for those that go on with a group of pictures: these stay behind what they go on with.
 */
export class ProducerSelection<Row extends TimedFragment = FragmentRow> {
  #newest: Row | undefined;
  #last: Row | undefined;
  /** What is so near to the end of a page that it may go on with a group on the next one. */
  #held: readonly Row[] = [];

  /** @param more whether another page follows: the end of this one may come back with that */
  select(page: readonly Row[], more = false): Row[] {
    const rows = [...this.#held, ...page];
    const end = more ? rows.at(-1)!.producerTimestamp - MAX_REORDER_MS : Number.POSITIVE_INFINITY;
    this.#held = rows.filter(({ producerTimestamp }) => producerTimestamp > end);
    const whole = rows.filter(({ producerTimestamp }) => producerTimestamp <= end);
    const byStart = new Map<number, Group<Row>>();
    const going: Row[] = [];
    for (const group of groupsOf(whole)) {
      if (this.#last !== undefined && continuesGroup(this.#last, group[0])) going.push(...group);
      else if (this.#belongs(group)) byStart.set(group[0].producerTimestamp, group);
    }
    const groups = [...byStart.values()].sort(([a], [b]) => a.producerTimestamp - b.producerTimestamp);
    const selected = [...going, ...groups.flat()];
    this.#last = selected.at(-1) ?? this.#last;
    return selected;
  }

  /** Whether fragments go on with the ingestion that the ones before them make up, or repeat a part of it at once. */
  #belongs(group: Group<Row>): boolean {
    const newest = this.#newest;
    const belongs =
      newest === undefined ||
      group[0].producerTimestamp > newest.producerTimestamp ||
      group[0].serverTimestamp - newest.serverTimestamp <= REPEAT_MS;
    if (belongs) for (const row of group) this.#reach(row);
    return belongs;
  }

  #reach(row: Row): void {
    if (row.producerTimestamp > (this.#newest?.producerTimestamp ?? Number.NEGATIVE_INFINITY)) this.#newest = row;
  }
}

function groupsOf<Row extends TimedFragment>(rows: readonly Row[]): Group<Row>[] {
  const groups: Group<Row>[] = [];
  for (const row of rows.toSorted((a, b) => a.sequence - b.sequence)) {
    const group = groups.at(-1);
    if (group !== undefined && continuesGroup(group.at(-1)!, row)) group.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** A producer's clock that goes back by less than this repeats; by more, it was set. In milliseconds. */
const CLOCK_SET_MS = 60_000;

/**
 * Which fragments a LIVE session by the producer's clock shows, in the order in which they arrive: what repeats the last minute is left
 * out (AWS docs, "HLSFragmentSelector"), while a clock that was set back by more is followed.
 */
export class LiveSelection {
  #newest = Number.NEGATIVE_INFINITY;
  #last: GroupMember | undefined;

  /** A selection that goes on from here by itself. */
  fork(): LiveSelection {
    const fork = new LiveSelection();
    fork.#newest = this.#newest;
    fork.#last = this.#last;
    return fork;
  }

  takes(row: GroupMember): boolean {
    const ahead = row.producerTimestamp - this.#newest;
    const goesOn = this.#last !== undefined && continuesGroup(this.#last, row);
    if (!goesOn && ahead <= 0 && ahead > -CLOCK_SET_MS) return false;
    this.#newest = goesOn ? Math.max(this.#newest, row.producerTimestamp) : row.producerTimestamp;
    this.#last = row;
    return true;
  }
}
