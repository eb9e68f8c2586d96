import { targetDurationFor } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import type { Stream } from "../streams/stream.ts";
import { upToPictures } from "./joined-fragments.ts";
import type { SessionParameters } from "./parameters.ts";
import type { Segment } from "./segment.ts";
import { SegmentCutter } from "./segment-cutter.ts";
import { ProducerSelection } from "./selection.ts";
import type { SessionGrant } from "./token.ts";

/** A stream whose newest fragment ended longer ago than this is not live (AWS docs, "GetHLSStreamingSessionURL"), in milliseconds. */
const LIVE_MS = 30_000;
/** Rows that are looked at to see what a session is about to show. */
const SAMPLE_ROWS = 1000;
/** How far a LIVE session looks back for its first window, in milliseconds: further each time. */
const LOOK_BACK_MS = [60_000, 10 * 60_000, 3_600_000, 24 * 3_600_000];
/** It looks back no further when it has found so many rows: some milliseconds of work. */
const MANY_ROWS = 10_000;
const BITS = 8;
const MS_PER_SECOND = 1000;

/** What a session begins with, and what is measured of the fragments there. */
export interface Beginning
  extends Pick<SessionGrant, "anchor" | "since" | "targetSeconds" | "peakBandwidth" | "averageBandwidth" | "joins"> {
  /** The fragments that tell what the tracks are: the first one, and those behind it up to the first picture. */
  readonly rows: readonly FragmentRow[];
  /** What the session wants, its range without the damaged segments that it would begin with. */
  readonly parameters: SessionParameters;
}

interface Places {
  readonly stream: Stream;
  readonly index: FragmentIndex;
  /** Sequences of fragments that it cannot begin with. */
  readonly damaged: ReadonlySet<number>;
}

/**
 * Finds the fragment that a new session begins with: the first of its range that a decoder can begin with, but for those that are known to be damaged, or of the newest ones
 * in LIVE.
 * @throws DomainError `not-found` where there is none
 */
export async function findBeginning(places: Places, parameters: SessionParameters, now: number): Promise<Beginning> {
  const live = parameters.mode === "live";
  const rows = live ? await liveRows(places, parameters, now) : await rangeRows(places, parameters);
  const joins = parameters.mode === "on-demand" || rows.some(({ startsClean }) => !startsClean);
  const segments = cut(rows, parameters, joins);
  const window = live ? segments.slice(-(parameters.maxSegments ?? segments.length)) : segments;
  const clean = window.filter(({ startsClean }) => startsClean);
  const first = clean.find(({ sequence }) => !places.damaged.has(sequence));
  const place = rows.findIndex(({ sequence }) => sequence === first?.sequence);
  const row = rows[place];
  if (row === undefined) {
    throw new DomainError("not-found", "No fragments found in the stream for the streaming request.");
  }
  const skips = !live && first !== clean[0];
  return {
    rows: upToPictures(rows.slice(place)),
    parameters: skips ? { ...parameters, from: row[parameters.clock] } : parameters,
    anchor: row.sequence,
    since: row.serverTimestamp,
    joins,
    ...measure(window),
  };
}

/** The first rows of a range, in the order in which the session shows them. */
async function rangeRows({ stream, index }: Places, parameters: SessionParameters): Promise<FragmentRow[]> {
  const { clock, from = 0, to = Number.MAX_SAFE_INTEGER } = parameters;
  const scope = { streamId: stream.id, horizon: stream.horizon() };
  const rows = await index.range(scope, clock, { from, to }, undefined, SAMPLE_ROWS);
  return clock === "producerTimestamp" ? new ProducerSelection().select(rows) : rows;
}

/** The newest rows, as many as a window may need, that arrived without the stream having been silent between them. */
async function liveRows({ stream, index }: Places, parameters: SessionParameters, now: number): Promise<FragmentRow[]> {
  const scope = { streamId: stream.id, horizon: stream.horizon() };
  const newest = await index.newest(scope);
  if (newest === undefined || now - newest.serverTimestamp - newest.duration > LIVE_MS) return [];
  let rows: FragmentRow[] = [];
  for (const lookBack of LOOK_BACK_MS) {
    const span = { from: newest.serverTimestamp - lookBack, to: Number.MAX_SAFE_INTEGER };
    rows = await index.range(scope, "serverTimestamp", span, undefined, Number.MAX_SAFE_INTEGER);
    const enough = rows.filter(({ startsClean }) => startsClean).length > (parameters.maxSegments ?? 0);
    if (enough || rows.length > MANY_ROWS) break;
  }
  rows.sort((a, b) => a.sequence - b.sequence);
  const silence = rows.findLastIndex((row, place) => {
    const before = rows[place - 1];
    return before !== undefined && row.serverTimestamp - before.serverTimestamp - before.duration > LIVE_MS;
  });
  return rows.slice(Math.max(0, silence));
}

function cut(rows: readonly FragmentRow[], { clock, discontinuities }: SessionParameters, joins: boolean): Segment[] {
  const cutter = new SegmentCutter({ clock, discontinuities, joins, looksAhead: false });
  return [...rows.map((row) => cutter.push(row)), cutter.flush()].filter((segment) => segment !== undefined);
}

function measure(
  segments: readonly Segment[],
): Pick<Beginning, "targetSeconds" | "peakBandwidth" | "averageBandwidth"> {
  let longest = 0;
  let peak = 0;
  let size = 0;
  let duration = 0;
  for (const segment of segments) {
    longest = Math.max(longest, segment.duration);
    peak = Math.max(peak, segment.size / segment.duration);
    size += segment.size;
    duration += segment.duration;
  }
  return {
    targetSeconds: targetDurationFor(longest),
    peakBandwidth: Math.ceil(peak * BITS * MS_PER_SECOND),
    averageBandwidth: Math.ceil((size / Math.max(1, duration)) * BITS * MS_PER_SECOND),
  };
}
