import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentCursor, FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { Stream } from "../streams/stream.ts";
import type { RecentRows } from "./recent-rows.ts";
import { MAX_JOINED_FRAGMENTS, type Segment, SegmentCutter } from "./segment.ts";
import { LiveSelection, ProducerSelection } from "./selection.ts";
import { presentationStart, type SessionGrant } from "./token.ts";

/** Rows of a range that are read at once: one to three milliseconds. */
const PAGE_ROWS = 1000;

/** Segments of a session, in order, as they become known. */
export interface SegmentSource {
  /** The segments that have become known since the last call; none where there is nothing new. Calls must not overlap. */
  next(now: number): Promise<Segment[]>;
  /** Whether no further segment will come. */
  readonly ended: boolean;
}

/** Where segments come from. */
export interface SourcePlaces {
  readonly stream: Stream;
  readonly index: FragmentIndex;
  readonly recent: RecentRows;
}

/** How many segments there may have been before `first`, where a session's first fragments have expired since it began. */
function lostBefore(first: FragmentRow, { anchor, parameters }: SessionGrant): number {
  return parameters.mode === "on-demand" ? 0 : Math.max(0, first.sequence - anchor);
}

function cutterFor(grant: SessionGrant, first: FragmentRow): SegmentCutter {
  const { parameters, joins } = grant;
  const { clock, discontinuities, mode } = parameters;
  const liveSince = mode === "live" ? presentationStart(grant) : undefined;
  const rules = { clock, discontinuities, joins, looksAhead: mode === "on-demand", liveSince };
  return new SegmentCutter(rules, lostBefore(first, grant));
}

/** What arrives, from the session's first fragment on, in the order in which it arrived. */
export class LiveSource implements SegmentSource {
  readonly ended = false;
  readonly #places: SourcePlaces;
  readonly #grant: SessionGrant;
  readonly #selection: LiveSelection | undefined;
  #cutter: SegmentCutter | undefined;
  #after: number;

  constructor(places: SourcePlaces, grant: SessionGrant) {
    this.#places = places;
    this.#grant = grant;
    this.#after = grant.anchor - 1;
    this.#selection = grant.parameters.clock === "producerTimestamp" ? new LiveSelection() : undefined;
  }

  async next(): Promise<Segment[]> {
    const { stream, recent } = this.#places;
    const segments: Segment[] = [];
    for (;;) {
      const rows = await recent.after(stream, this.#after);
      if (rows.length === 0) return segments;
      for (const row of rows) this.#push(row, segments);
      this.#after = rows.at(-1)!.sequence;
    }
  }

  #push(row: FragmentRow, segments: Segment[]): void {
    if (this.#selection?.takes(row) === false) return;
    this.#cutter ??= cutterFor(this.#grant, row);
    const closed = this.#cutter.push(row);
    if (closed !== undefined) segments.push(closed);
    // Where nothing can be joined to it, a fragment is a segment at once.
    const own = this.#grant.joins ? undefined : this.#cutter.flush();
    if (own !== undefined) segments.push(own);
  }
}

/** A range of the archive, in the order of the session's clock, page by page; it may reach into what arrives. */
export class RangeSource implements SegmentSource {
  ended = false;
  readonly #places: SourcePlaces;
  readonly #grant: SessionGrant;
  readonly #selection: ProducerSelection | undefined;
  #cutter: SegmentCutter | undefined;
  #cursor: FragmentCursor | undefined;
  #newest: FragmentRow | undefined;

  constructor(places: SourcePlaces, grant: SessionGrant) {
    this.#places = places;
    this.#grant = grant;
    this.#selection = grant.parameters.clock === "producerTimestamp" ? new ProducerSelection() : undefined;
  }

  async next(now: number): Promise<Segment[]> {
    if (this.ended) return [];
    const { parameters } = this.#grant;
    const { to = Number.MAX_SAFE_INTEGER, clock, mode } = parameters;
    const rows = await this.#page(to);
    const last = rows.at(-1);
    if (last !== undefined) this.#cursor = { time: last[clock], sequence: last.sequence };
    const segments: Segment[] = [];
    for (const row of this.#selection?.select(rows) ?? rows) this.#push(row, segments);
    const whole = rows.length < PAGE_ROWS && (mode === "on-demand" || to < now);
    if (whole) await this.#finish(segments);
    return segments;
  }

  #page(to: number): Promise<FragmentRow[]> {
    const { stream, index } = this.#places;
    const { clock, from = 0 } = this.#grant.parameters;
    const scope = { streamId: stream.id, horizon: stream.horizon() };
    return index.range(scope, clock, { from, to }, this.#cursor, PAGE_ROWS);
  }

  #push(row: FragmentRow, segments: Segment[]): void {
    this.#cutter ??= cutterFor(this.#grant, row);
    this.#newest = row;
    const closed = this.#cutter.push(row);
    if (closed !== undefined) segments.push(closed);
    const { joins, parameters } = this.#grant;
    const own = joins || parameters.mode === "on-demand" ? undefined : this.#cutter.flush();
    if (own !== undefined) segments.push(own);
  }

  /** The last segment is whole too: what belongs to it may begin behind the range. */
  async #finish(segments: Segment[]): Promise<void> {
    this.ended = true;
    if (this.#cutter === undefined || this.#newest === undefined) return;
    const { stream, index } = this.#places;
    if (this.#grant.joins) {
      const scope = { streamId: stream.id, horizon: stream.horizon() };
      for (const row of await index.after(scope, this.#newest.sequence, MAX_JOINED_FRAGMENTS)) {
        if (!this.#cutter.join(row)) break;
      }
    }
    const last = this.#cutter.flush();
    if (last !== undefined) segments.push(last);
  }
}
