import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import type { FrameTable } from "../fragments/frame-table.ts";
import type { Stream } from "../streams/stream.ts";
import { buildRefusal } from "./build-refusal.ts";
import type { BuiltSegment, Mp4Segment, TransportSegment } from "./built-segment.ts";
import { MAX_JOINED_FRAGMENTS, upToPictures } from "./joined-fragments.ts";
import { nameOf, type Segment, type SegmentName } from "./segment.ts";
import type { SegmentBuilder } from "./segment-builder.ts";
import { type RowPlaces, SegmentRows } from "./segment-rows.ts";
import type { SessionQuota } from "./session-quota.ts";
import { allExpired, type SessionWindow } from "./session-window.ts";

/** Where a session's media comes from. */
export interface MediaPlaces extends RowPlaces {
  readonly builder: SegmentBuilder;
}

/** The fragments of a session's segments, and what is built of them: as the producer sent it, with the tracks that it has. */
export class SessionMedia {
  readonly #stream: Stream;
  readonly #window: SessionWindow;
  readonly #quota: SessionQuota;
  readonly #index: FragmentIndex;
  readonly #builder: SegmentBuilder;
  readonly #rows: SegmentRows;

  constructor(stream: Stream, window: SessionWindow, quota: SessionQuota, places: MediaPlaces) {
    this.#stream = stream;
    this.#window = window;
    this.#quota = quota;
    this.#index = places.index;
    this.#builder = places.builder;
    this.#rows = new SegmentRows(window.grant, stream, places);
  }

  /** The fragments of a segment. Rejects with PlaybackRefusal `not-found` and `forbidden`. */
  rows(name: SegmentName): Promise<readonly FragmentRow[]> {
    return this.#rows.find(name);
  }

  /** The same for a client that asks for the segment, which counts against the stream's quota. Throws PlaybackRefusal `throttled`. */
  asked(name: SegmentName): Promise<readonly FragmentRow[]> {
    this.spend(name);
    return this.rows(name);
  }

  /** Counts a segment that a client asks for against the stream's quota. Throws PlaybackRefusal `throttled`. */
  spend({ fragments }: SegmentName): void {
    this.#quota.spendMedia(fragments);
  }

  /** A segment that is kept, and held for the caller, with its fragments, where nobody has to be waited for to tell. */
  kept(name: SegmentName): { readonly rows: readonly FragmentRow[]; readonly segment: Mp4Segment } | undefined {
    const rows = this.#rows.kept(name);
    const segment = rows && this.#builder.keptMp4(this.#stream, rows);
    return rows && segment && { rows, segment };
  }

  /** A segment as fragmented MP4. Rejects with the PlaybackRefusal that `buildRefusal` tells. */
  mp4(rows: readonly FragmentRow[]): Promise<Mp4Segment> {
    return this.#refusing(this.#builder.mp4(this.#stream, rows));
  }

  /** The same as MPEG-TS. */
  transport(rows: readonly FragmentRow[]): Promise<TransportSegment> {
    return this.#refusing(this.#builder.transport(this.#stream, rows));
  }

  /** Has a segment built that nobody has asked for yet; see `SegmentBuilder.ahead`. */
  ahead(segment: Segment): Promise<void> {
    const { container } = this.#window.grant.parameters;
    return this.#builder.ahead(this.#stream, segment, container, () => this.rows(nameOf(segment)));
  }

  /** The tables of frames of a segment's fragments, as far as there are any. Rejects as {@link rows} does. */
  async frameTables(segment: Segment): Promise<readonly (FrameTable | undefined)[]> {
    return this.#builder.frameTables(this.#stream, await this.rows(nameOf(segment)));
  }

  /** What the session begins with, in its container. Rejects with PlaybackRefusal `not-found` where nothing is left, and as {@link mp4} does. */
  first(): Promise<BuiltSegment> {
    if (this.#window.grant.parameters.container === "fmp4") return this.firstMp4();
    return this.#first((rows) => this.transport(rows));
  }

  /** The same as fragmented MP4. */
  firstMp4(): Promise<Mp4Segment> {
    return this.#first((rows) => this.mp4(rows));
  }

  /** What is built of the first fragments, or of others where those turn out to be lost. */
  async #first<Built>(build: (rows: readonly FragmentRow[]) => Promise<Built>): Promise<Built> {
    const rows = await this.#firstRows();
    return build(rows).catch(async (error: unknown) => {
      if (!this.#isLost(rows)) throw error;
      return build(await this.#firstRows());
    });
  }

  /** The fragment that the session began with, or the first that is left of it. */
  async #firstRows(): Promise<readonly FragmentRow[]> {
    const scope = { streamId: this.#stream.id, horizon: this.#stream.horizon() };
    const row = await this.#index.bySequence(scope, this.#window.grant.anchor);
    if (row !== undefined) {
      const behind = row.lacksPictures ? await this.#index.after(scope, row.sequence, MAX_JOINED_FRAGMENTS) : [];
      const rows = upToPictures([row, ...behind]);
      if (!this.#isLost(rows)) return rows;
    }
    for (const segment of (await this.#window.current()).segments) if (!segment.gap) return this.rows(nameOf(segment));
    throw allExpired();
  }

  #isLost(rows: readonly FragmentRow[]): boolean {
    const { container } = this.#window.grant.parameters;
    return this.#builder.lost(this.#stream, container).has({ ...rows[0]!, fragments: rows.length });
  }

  async #refusing<Built>(building: Promise<Built>): Promise<Built> {
    try {
      return await building;
    } catch (error) {
      throw buildRefusal(error, this.#stream);
    }
  }
}
