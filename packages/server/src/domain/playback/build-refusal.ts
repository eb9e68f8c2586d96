import { CodecError, MatroskaError } from "@kvass/media";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { DomainError } from "../errors.ts";
import { FragmentGone } from "../fragments/archive.ts";
import { LayoutError } from "../fragments/layout.ts";
import type { Stream } from "../streams/stream.ts";
import { PlaybackRefusal, streamDeleted } from "./refusal.ts";

/**
 * Why a segment of the stream that could not be built is refused; the cause itself where no refusal explains it.
 * @param report told of what is the server's own fault
 */
export function buildRefusal(cause: unknown, stream: Stream, report: (error: unknown) => void): unknown {
  if (stream.signal.aborted) return streamDeleted();
  if (cause instanceof DomainError && cause.code === "archive-unavailable") {
    return new PlaybackRefusal("unavailable", cause.message, { cause });
  }
  if (cause instanceof FragmentGone) return new PlaybackRefusal("not-found", "The fragment has expired.", { cause });
  if (cause instanceof CodecError) {
    return new PlaybackRefusal("unplayable", `The fragment cannot be packaged: ${cause.message}.`, { cause });
  }
  const damaged = cause instanceof RecordDamaged || cause instanceof MatroskaError || cause instanceof LayoutError;
  if (!damaged) return cause;
  report(cause);
  return new PlaybackRefusal("unplayable", "The fragment is damaged and cannot be read.", { cause });
}
