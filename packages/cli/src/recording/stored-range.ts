import type { Connection } from "@kvass/client";
import { END_OF_TIME, FIRST_FRAGMENTS, fragmentsInRange, LONGEST_FRAGMENT_MS } from "../archive.ts";
import { nothingStored } from "../retention.ts";
import type { Moment } from "../time.ts";

/** A range of what a stream holds. Times in milliseconds since the epoch, by the clock that is named. */
export interface RangeRequest {
  readonly connection: Connection;
  readonly stream: string;
  readonly from: Moment;
  /** Undefined: to the end of what is stored. */
  readonly to: number | undefined;
  readonly clock: "producer" | "server";
}

/** A range of time that is not empty, in milliseconds since the epoch. */
export interface RangeSpan {
  readonly start: number;
  readonly end: number;
  /** Where the first fragment begins that lies in the range that was asked for, and behind the longest that one call takes. */
  readonly beyond: number | undefined;
}

/** The longest range of clips and sessions (AWS docs, "ClipTimestampRange", "HLSTimestampRange"). */
const LONGEST_RANGE_MS = 24 * 3_600_000;

/**
 * Where the fragment begins that `from` lies in, since clips and sessions have only those that begin in their range, or else the next one, up to
 * `to`. Throws CliError where there is nothing.
 */
export async function beginOfRange(request: RangeRequest): Promise<number> {
  const { connection, stream, from, to = END_OF_TIME, clock } = request;
  const first = from === "earliest" ? 0 : from;
  const start =
    (await beginOfFragmentAt(request, Math.min(to, first))) ?? (await earliest(request, { from: first, to }));
  if (start === undefined) throw await nothingStored(connection, stream, clock);
  return start;
}

/** The range from {@link beginOfRange} on, as one call takes it. Throws CliError where there is nothing. */
export async function spanOfRange(request: RangeRequest): Promise<RangeSpan> {
  const { to = END_OF_TIME, clock } = request;
  const start = await beginOfRange(request);
  const last = start + LONGEST_RANGE_MS;
  const beyond = to > last ? await earliest(request, { from: last + 1, to }) : undefined;
  // Nothing has arrived yet that lies ahead on the server's clock, and the service takes no such end.
  const end = Math.min(to, last, clock === "server" ? Date.now() : last);
  // Also where the very last fragment alone is asked for.
  return { start, end: Math.max(end, start + 1), beyond };
}

/** Where the fragment begins that a moment lies in: of several the last, since the sound of one often reaches into the next. */
async function beginOfFragmentAt(request: RangeRequest, moment: number): Promise<number | undefined> {
  let start: number | undefined;
  for await (const { time, durationMs } of listed(request, { from: moment - LONGEST_FRAGMENT_MS, to: moment })) {
    const holds = time === moment || time + durationMs > moment;
    if (holds && (start === undefined || time > start)) start = time;
  }
  return start;
}

/** Where the first of the fragments begins that begin in the range. */
async function earliest(request: RangeRequest, range: TimeRange): Promise<number | undefined> {
  let start: number | undefined;
  let left = FIRST_FRAGMENTS;
  for await (const { time } of listed(request, range)) {
    if (start === undefined || time < start) start = time;
    if (--left === 0) break;
  }
  return start;
}

/** The stored fragments of a range in the order of their numbers, each with when it begins by the clock of the request. */
async function* listed(
  { connection, stream, clock }: RangeRequest,
  { from, to }: TimeRange,
): AsyncGenerator<{ time: number; durationMs: number }, void> {
  for await (const fragment of fragmentsInRange(connection, stream, { from: Math.max(0, from), to, clock })) {
    const time = clock === "producer" ? fragment.producerTimestamp : fragment.serverTimestamp;
    yield { time, durationMs: fragment.durationMs };
  }
}

interface TimeRange {
  readonly from: number;
  readonly to: number;
}
