import { MediaPlaylistWriter } from "./media-playlist-writer.ts";
import type { MediaPlaylist } from "./model.ts";
import { TextWriter } from "./text-writer.ts";

/**
 * The target duration in seconds that segments with at most `longestMs` milliseconds allow: a whole number, at least 1
 * (RFC 8216, section 4.3.3.1).
 */
export function targetDurationFor(longestMs: number): number {
  return Math.max(1, Math.ceil(longestMs / 1000));
}

function longest({ segments }: MediaPlaylist): number {
  return segments.reduce((longestMs, { durationMs }) => Math.max(longestMs, durationMs), 0);
}

/**
 * How many segments a delta update of the playlist leaves out: those that end `canSkipUntilMs` or more before the last
 * one does (rfc8216bis, section 6.2.5.1). 0 where the playlist offers no delta updates.
 */
export function skippableSegments(playlist: Pick<MediaPlaylist, "segments" | "canSkipUntilMs">): number {
  const { segments, canSkipUntilMs } = playlist;
  if (canSkipUntilMs === undefined) return 0;
  let kept = segments.length;
  for (let keptMs = 0; kept > 0 && keptMs < canSkipUntilMs; kept--) keptMs += segments[kept - 1]!.durationMs;
  return kept;
}

/**
 * A Media Playlist (RFC 8216, section 4; rfc8216bis for low latency and delta updates), which is ASCII. Throws a `RangeError` where the data contradicts itself or cannot be said.
 *
 * A delta update repeats the map that holds for its first segment: it says nothing new, and spares players that look
 * for it there.
 */
export function mediaPlaylist(playlist: MediaPlaylist): string {
  const { ended, lowLatency, open, segments } = playlist;
  if (ended && (open !== undefined || lowLatency?.preloadHint !== undefined))
    throw new RangeError("an ended playlist has no open segment and nothing to preload");
  const targetDurationSeconds = playlist.targetDurationSeconds ?? targetDurationFor(longest(playlist));
  const hasMaps = (segments[0] ?? open)?.map !== undefined;
  const writer = new MediaPlaylistWriter({ ...playlist, targetDurationSeconds, hasMaps }, new TextWriter());
  const skipped = playlist.delta ? skippableSegments(playlist) : 0;
  if (skipped > 0) writer.skip(skipped);
  for (let place = skipped; place < segments.length; place++) writer.segment(segments[place]!);
  if (open !== undefined) writer.start(open);
  return writer.finish(playlist);
}
