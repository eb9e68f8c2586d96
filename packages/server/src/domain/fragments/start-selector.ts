import type { FragmentIdentity } from "../../storage/ports/fragment.ts";
import type { FragmentClock, FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { LiveFragment } from "../live/live-fragment.ts";
import type { LiveStream } from "../live/live-stream.ts";
import type { Stream } from "../streams/stream.ts";
import { parseFragmentNumber } from "./fragment-number.ts";

/** Where reading begins (AWS docs, "StartSelector"). */
export type StartSelector =
  /** With the fragment in progress, else with the next one. */
  | { readonly type: "now" }
  /** With the oldest fragment. */
  | { readonly type: "earliest" }
  /** Behind the fragment of this number, which a continuation token is too. */
  | { readonly type: "after"; readonly number: string }
  /** With the fragment that contains the moment (ms since the epoch), else with the next one. */
  | { readonly type: FragmentClock; readonly time: number };

/** Reading goes on behind `after`, a sequence; fragments before `from` on its clock are passed over where one is given. */
export interface StartPosition {
  readonly after: number;
  readonly from?: { readonly clock: FragmentClock; readonly time: number };
}

/** What positions are found in. */
interface Places {
  readonly stream: Stream;
  readonly index: FragmentIndex;
  readonly live: LiveStream;
}

/** Finds where to begin; undefined where the fragment to begin behind is not known. */
export async function findStart(places: Places, selector: StartSelector): Promise<StartPosition | undefined> {
  switch (selector.type) {
    case "earliest":
      return { after: 0 };
    case "now":
      return startNow(places);
    case "after":
      return startAfter(places, selector.number);
    default:
      return startAt(places, selector.type, selector.time);
  }
}

const scopeOf = ({ stream }: Places) => ({ streamId: stream.id, horizon: stream.horizon() });

async function startNow(places: Places): Promise<StartPosition> {
  const newest = await places.index.newest(scopeOf(places));
  const inProgress = places.live.inProgress();
  if (inProgress !== undefined) return { after: inProgress.identity.sequence - 1 };
  return { after: Math.max(places.live.lastBegun, newest?.sequence ?? 0) };
}

async function startAfter(places: Places, text: string): Promise<StartPosition | undefined> {
  const number = parseFragmentNumber(text);
  if (number === undefined) return undefined;
  const isIt = (identity: FragmentIdentity | undefined): boolean =>
    identity?.serverTimestamp === number.serverTimestamp && identity.random === number.random;
  // In this order: a fragment leaves memory only after the archive has it.
  const live = places.live.bySequence(number.sequence);
  if (isIt(live?.identity)) return { after: number.sequence };
  const row = await places.index.bySequence(scopeOf(places), number.sequence);
  return isIt(row) ? { after: number.sequence } : undefined;
}

async function startAt(places: Places, clock: FragmentClock, time: number): Promise<StartPosition> {
  const { live } = places;
  for (;;) {
    const { departures } = live;
    const row = await places.index.at(scopeOf(places), clock, time);
    // A fragment that left memory meanwhile was perhaps in neither place when it was looked for.
    if (live.departures !== departures) continue;
    const candidates: Candidate[] = live.fragments.map((fragment) => liveCandidate(fragment, clock, time));
    if (row !== undefined) {
      candidates.push({ sequence: row.sequence, start: row[clock], contains: row[clock] <= time });
    }
    const best = candidates.filter(({ contains, start }) => contains || start >= time).sort(byPreference)[0];
    if (best !== undefined) return { after: best.sequence - 1 };
    return { after: (await startNow(places)).after, from: { clock, time } };
  }
}

interface Candidate {
  readonly sequence: number;
  readonly start: number;
  readonly contains: boolean;
}

function liveCandidate({ identity, media }: LiveFragment, clock: FragmentClock, time: number): Candidate {
  const start = identity[clock];
  const contains = start <= time && (media === undefined || time < start + media.duration);
  return { sequence: identity.sequence, start, contains };
}

/**
 * Fragments that contain the moment first, and of those the one that begins last: producers overlap fragments by an audio frame, and a bulk
 * upload overlaps all of them on the server's clock. Then those that begin soonest; of equals the one that arrived first.
 */
function byPreference(a: Candidate, b: Candidate): number {
  if (a.contains !== b.contains) return a.contains ? -1 : 1;
  return (a.contains ? b.start - a.start : a.start - b.start) || a.sequence - b.sequence;
}
