import type { FragmentRow, TimedFragment } from "../../storage/ports/fragment.ts";
import type { FragmentCursor, FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { Stream } from "../streams/stream.ts";
import { MAX_JOINED_FRAGMENTS } from "./joined-fragments.ts";
import { RECENT_PAGE_ROWS, type RecentRows } from "./recent-rows.ts";
import type { Segment } from "./segment.ts";
import { SegmentCutter } from "./segment-cutter.ts";
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
  /** Whether the last call of `next` left some of what is known for the next one, so that no call takes long. */
  readonly behind?: boolean;
  /** The same as `next` where nobody has to be waited for; undefined else. A source without it has to be waited for. */
  nextKnown?(): Segment[] | undefined;
  /** As `LiveSource.expectPreviews`; a source without it has no previews. */
  expectPreviews?(): void;
  /** As `LiveSource.preview`. */
  preview?(fragments: Iterable<ArrivingFragment>): PreviewedSegment[];
}

/** Where segments come from. */
export interface SourcePlaces {
  readonly stream: Stream;
  readonly index: FragmentIndex;
  readonly recent: Pick<RecentRows, "after" | "known">;
}

/**
 * What arrives, as far as it is known before the archive has it. Fragments ascend by sequence; each is whole but the last, which may be in
 * progress.
 */
export interface ArrivingFragment {
  readonly row: TimedFragment;
  /** `open`: more of it comes; `failed`: it will never be complete. */
  readonly state: "open" | "complete" | "failed";
}

/** How many segments there may have been before `first`, where a session's first fragments have expired since it began. */
function lostBefore(first: TimedFragment, { anchor, parameters }: SessionGrant): number {
  return parameters.mode === "on-demand" ? 0 : Math.max(0, first.sequence - anchor);
}

/** A segment that is shown before the archive has it. */
export interface PreviewedSegment {
  readonly segment: Segment;
  /** Whether it is in progress. */
  readonly open: boolean;
}

/** Each connection begins its sequences so far above those of the one before it; one shows at most one fragment that is lost. */
const CONNECTION_STRIDE = 1000;

/**
 * Counts, page by page, how many segments at most were shown while they arrived and then lost, in what arrived since the session began: where
 * sequences have a hole, connections broke. Nobody remembers after a restart, and numbers must not go back.
 */
class LostCount {
  readonly #createdAt: number;
  /** Sequence of the last row that was counted. */
  reached: number | undefined;
  total = 0;

  constructor({ createdAt }: SessionGrant) {
    this.#createdAt = createdAt;
  }

  add(rows: readonly FragmentRow[]): void {
    for (const { sequence, serverTimestamp } of rows) {
      const hole = this.reached === undefined ? 0 : sequence - this.reached - 1;
      if (hole > 0 && serverTimestamp > this.#createdAt) this.total += 1 + Math.ceil(hole / CONNECTION_STRIDE);
      this.reached = sequence;
    }
  }
}

function cutterFor(grant: SessionGrant, first: TimedFragment, lost = 0): SegmentCutter {
  const { parameters, joins, base } = grant;
  const { clock, discontinuities, mode } = parameters;
  const liveSince = mode === "live" ? presentationStart(grant) : undefined;
  const rules = { clock, discontinuities, joins, looksAhead: mode === "on-demand", liveSince, base };
  return new SegmentCutter(rules, lostBefore(first, grant) + lost);
}

/** What arrives, from the session's first fragment on, in the order in which it arrived. */
export class LiveSource implements SegmentSource {
  readonly ended = false;
  behind = false;
  readonly #places: SourcePlaces;
  readonly #grant: SessionGrant;
  readonly #selection: LiveSelection | undefined;
  #cutter: SegmentCutter | undefined;
  #after: number;
  /** What was shown before the archive had it, ascending by sequence. */
  readonly #previewed = new Map<number, TimedFragment>();
  /** Present while it is counted what was lost before the first segment. */
  #counting: LostCount | undefined;
  /** What that came to. */
  #lost: number | undefined;

  constructor(places: SourcePlaces, grant: SessionGrant) {
    this.#places = places;
    this.#grant = grant;
    this.#after = grant.anchor - 1;
    this.#selection = grant.parameters.clock === "producerTimestamp" ? new LiveSelection() : undefined;
  }

  /** Says that previews are shown, and may have been before this process began. */
  expectPreviews(): void {
    if (this.#lost === undefined) this.#counting ??= new LostCount(this.#grant);
  }

  nextKnown(): Segment[] | undefined {
    const counts = this.#cutter === undefined && this.#counting !== undefined;
    const rows = this.behind ? undefined : this.#places.recent.known(this.#places.stream, this.#after);
    return rows === undefined || (counts && rows.length > 0) ? undefined : this.#take(rows);
  }

  /** The segments of one page of rows: what arrived since the session was last asked for may be half a day of them. */
  async next(): Promise<Segment[]> {
    const { stream, recent } = this.#places;
    const counting = this.#cutter === undefined ? this.#counting : undefined;
    const rows = await recent.after(stream, counting?.reached ?? this.#after);
    this.behind = rows.length >= RECENT_PAGE_ROWS;
    if (counting === undefined) return this.#take(rows);
    const isFirst = counting.reached === undefined;
    counting.add(rows);
    if (!this.behind && counting.reached !== undefined) {
      this.#lost = counting.total;
      this.#counting = undefined;
    }
    if (isFirst && !this.behind) return this.#take(rows);
    // Pages are counted first and read again then: to keep them would take megabytes for each of many sessions.
    this.behind = true;
    return [];
  }

  #take(rows: readonly FragmentRow[]): Segment[] {
    this.#after = rows.at(-1)?.sequence ?? this.#after;
    const segments: Segment[] = [];
    for (const row of rows) this.#push(row, segments);
    return segments;
  }

  /**
   * The segments that fragments which are on their way to the archive will be; the last one may be in progress. What is shown once keeps its
   * number. Only for a session that joins no fragments.
   */
  preview(fragments: Iterable<ArrivingFragment>): PreviewedSegment[] {
    const cutter = this.#cutter?.fork();
    const selection = this.#selection?.fork();
    const segments: PreviewedSegment[] = [];
    if (cutter === undefined) return segments;
    let reached = this.#after;
    for (const { row, state } of fragments) {
      if (row.sequence <= this.#after) continue;
      // What was shown, and nobody knows of any more, is as lost as what is known to have failed.
      const behind = state === "failed" ? row.sequence : row.sequence - 1;
      for (const [sequence, lost] of this.#previewed) {
        if (sequence > reached && sequence <= behind) segments.push({ segment: cutter.lose(lost), open: false });
      }
      reached = row.sequence;
      if (state === "failed" || selection?.takes(row) === false) continue;
      cutter.push(row);
      const segment = cutter.flush();
      if (segment === undefined) continue;
      this.#previewed.set(row.sequence, row);
      segments.push({ segment, open: state === "open" });
      if (state === "open") break;
    }
    return segments;
  }

  #push(row: FragmentRow, segments: Segment[]): void {
    this.#settle(row.sequence, segments);
    if (this.#selection?.takes(row) === false) return;
    this.#cutter ??= cutterFor(this.#grant, row, this.#lost);
    const closed = this.#cutter.push(row);
    if (closed !== undefined) segments.push(closed);
    // Where nothing can be joined to it, a fragment is a segment at once.
    const own = this.#grant.joins ? undefined : this.#cutter.flush();
    if (own !== undefined) segments.push(own);
  }

  /** What was shown before this sequence, and did not come, is a gap. */
  #settle(sequence: number, segments: Segment[]): void {
    for (const [previewed, row] of this.#previewed) {
      if (previewed > sequence) break;
      this.#previewed.delete(previewed);
      if (previewed < sequence && this.#cutter !== undefined) segments.push(this.#cutter.lose(row));
    }
  }
}

/** A range of the archive, in the order of the session's clock, page by page; it may reach into what arrives. */
export class RangeSource implements SegmentSource {
  ended = false;
  readonly #places: SourcePlaces;
  readonly #grant: SessionGrant;
  readonly #selection: ProducerSelection<TimedFragment> | undefined;
  #cutter: SegmentCutter | undefined;
  #cursor: FragmentCursor | undefined;
  #newest: TimedFragment | undefined;

  constructor(places: SourcePlaces, grant: SessionGrant) {
    this.#places = places;
    this.#grant = grant;
    this.#selection =
      grant.parameters.clock === "producerTimestamp" ? new ProducerSelection<TimedFragment>() : undefined;
  }

  async next(now: number): Promise<Segment[]> {
    if (this.ended) return [];
    const { parameters } = this.#grant;
    const { to = Number.MAX_SAFE_INTEGER, clock, mode } = parameters;
    const rows = await this.#page(to);
    const last = rows.at(-1);
    if (last !== undefined) this.#cursor = { time: last[clock], sequence: last.sequence };
    const segments: Segment[] = [];
    const more = rows.length === PAGE_ROWS;
    for (const row of this.#selection?.select(rows, more) ?? rows) this.#push(row, segments);
    const whole = rows.length < PAGE_ROWS && (mode === "on-demand" || to < now);
    if (whole) await this.#finish(segments);
    return segments;
  }

  #page(to: number): Promise<TimedFragment[]> {
    const { stream, index } = this.#places;
    const { clock, from = 0 } = this.#grant.parameters;
    const scope = { streamId: stream.id, horizon: stream.horizon() };
    return index.timeline(scope, clock, { from, to }, this.#cursor, PAGE_ROWS);
  }

  #push(row: TimedFragment, segments: Segment[]): void {
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
        if (row.startsClean || !this.#cutter.join(row)) break;
      }
    }
    const last = this.#cutter.flush();
    if (last !== undefined) segments.push(last);
  }
}
