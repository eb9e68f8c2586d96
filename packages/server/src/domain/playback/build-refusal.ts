import { CodecError } from "@kvass/media";
import { DomainError } from "../errors.ts";
import { FragmentGone } from "../fragments/archive.ts";
import type { Stream } from "../streams/stream.ts";
import { isDamage } from "./lost-segments.ts";
import { PlaybackRefusal, streamDeleted } from "./refusal.ts";

/** Why a segment of the stream that could not be built is refused; the cause itself where no refusal explains it. */
export function buildRefusal(cause: unknown, stream: Stream): unknown {
  if (stream.signal.aborted) return streamDeleted();
  if (cause instanceof DomainError && cause.code === "archive-unavailable") {
    return new PlaybackRefusal("unavailable", cause.message, { cause });
  }
  if (cause instanceof FragmentGone) return new PlaybackRefusal("not-found", "The fragment has expired.", { cause });
  if (cause instanceof CodecError) {
    return new PlaybackRefusal("unplayable", `The fragment cannot be packaged: ${cause.message}.`, { cause });
  }
  if (!isDamage(cause)) return cause;
  return new PlaybackRefusal("unplayable", "The fragment is damaged and cannot be read.", { cause });
}
