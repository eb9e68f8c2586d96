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
    try {
      this.#points.spendMetadata(this.#stream, segments);
    } catch (error) {
      throw throttled(error);
    }
  }

  /** Counts a segment of so many fragments. Throws PlaybackRefusal `throttled`. */
  spendMedia(fragments: number): void {
    try {
      this.#points.spendMedia(this.#stream, fragments);
    } catch (error) {
      throw throttled(error);
    }
  }
}

/** What a session's client is told where the quota is used up; other errors as they are. */
function throttled(cause: unknown): unknown {
  return cause instanceof DomainError ? new PlaybackRefusal("throttled", cause.message, { cause }) : cause;
}
