import type { StoredFragment } from "../archive.ts";

type Placed = Pick<StoredFragment, "number" | "producerTimestamp" | "durationMs">;

/** Fragments that arrived one after the other and lie so in time. */
interface Run<T> {
  readonly fragments: T[];
  readonly begin: number;
  /** Of the newest fragment. */
  lastBegin: number;
  end: number;
}

/** The sound of a fragment often reaches into the next, by less than this. */
const INTERLEAVING_MS = 1000;
/** A longer pause between fragments may be where another recording belongs. */
const PAUSE_MS = 2000;

/** Compares by the fragment numbers, which ascend in the order of arrival. */
const inOrderOfArrival = (a: Placed, b: Placed): number =>
  a.number.length - b.number.length || (a.number < b.number ? -1 : a.number > b.number ? 1 : 0);

/**
 * The fragments in the order in which they shall play: by the producer's clock, but recordings that lie over one another in time each as a whole,
 * in the order in which they arrived.
 */
export function playingOrder<T extends Placed>(fragments: readonly T[]): T[] {
  const runs = runsOf(fragments.toSorted(inOrderOfArrival)).sort((a, b) => a.begin - b.begin);
  return overlapping(runs).flatMap((group) => group.flatMap((run) => run.fragments).sort(inOrderOfArrival));
}

/**
 * For how long fragments play, one recording after the other: each from its first to the end of its last fragment, though sound of one may reach
 * into the next; in milliseconds. Pauses between recordings do not count.
 */
export const playingTime = (fragments: readonly Placed[]): number =>
  runsOf(fragments.toSorted(inOrderOfArrival)).reduce((sum, { begin, end }) => sum + end - begin, 0);

function runsOf<T extends Placed>(arrived: readonly T[]): Run<T>[] {
  const runs: Run<T>[] = [];
  for (const fragment of arrived) {
    const begin = fragment.producerTimestamp;
    const end = begin + fragment.durationMs;
    const run = runs.at(-1);
    if (run !== undefined && begin > run.lastBegin && Math.abs(begin - run.end) <= toleranceAt(begin, run.end)) {
      run.fragments.push(fragment);
      run.lastBegin = begin;
      run.end = Math.max(run.end, end);
    } else {
      runs.push({ fragments: [fragment], begin, lastBegin: begin, end });
    }
  }
  return runs;
}

const toleranceAt = (begin: number, end: number): number => (begin < end ? INTERLEAVING_MS : PAUSE_MS);

/** Groups of runs, in order of time, that lie over one another. */
function overlapping<T>(runs: readonly Run<T>[]): Run<T>[][] {
  const groups: Run<T>[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const run of runs) {
    const group = groups.at(-1);
    if (group !== undefined && run.begin < end - INTERLEAVING_MS) group.push(run);
    else groups.push([run]);
    end = Math.max(end, run.end);
  }
  return groups;
}
