import { DomainError } from "../errors.ts";
import type { FragmentPoints } from "../fragments/fragment-points.ts";
import type { Stream } from "../streams/stream.ts";
import { PlaybackRefusal } from "./refusal.ts";

/** Counts what a session takes against its stream's quotas. */
export class SessionQuota {
  readonly #stream: Stream;
  readonly #points: FragmentPoints;

  constructor(stream: Stream, points: FragmentPoints) {
    this.#stream = stream;
    this.#points = points;
  }

  /** Counts a playlist of so many segments. Throws PlaybackRefusal `throttled`. */
  spendPlaylist(segments: number): void {
    refusing(() => this.#points.spendMetadata(this.#stream, segments));
  }

  /** Counts a segment of so many fragments. Throws PlaybackRefusal `throttled`. */
  spendMedia(fragments: number): void {
    refusing(() => this.#points.spendMedia(this.#stream, fragments));
  }
}

function refusing(take: () => void): void {
  try {
    take();
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause;
    throw new PlaybackRefusal("throttled", cause.message, { cause });
  }
}
