import { AsciiWriter, asciiText, uriBytes } from "./ascii-writer.ts";
import { decimalInteger, decimalSeconds, quotedUri } from "./attributes.ts";
import { ClockWriter } from "./clock.ts";
import type { LowLatency, MediaPlaylist, PlaylistPart, PlaylistSegment, SegmentStart } from "./model.ts";

/** With EXT-X-MAP outside I-frame playlists: 6 would do (RFC 8216, section 7), 7 is what Kinesis Video Streams says. */
const VERSION_WITH_MAP = 7;
/** With EXT-X-SKIP (rfc8216bis, section 8). */
const VERSION_WITH_SKIP = 9;
/** With fractions in EXTINF (RFC 8216, section 7). */
const VERSION_OF_FRACTIONS = 3;

/** In part targets, target durations and target durations: the least that rfc8216bis, section 4.4.3.8, advises. */
const LEAST_PART_HOLD_BACK = 3;
const LEAST_HOLD_BACK = 3;
const LEAST_SKIP_BOUNDARY = 6;

/** Room for the tags before the segments, and for EXTINF and another line of each segment. */
const HEAD_BYTES = 1024;
const LINES_BYTES = 72;

/**
 * The target duration in seconds that segments with at most `longestMs` milliseconds allow: a whole number, at least 1
 * (RFC 8216, section 4.3.3.1).
 */
export function targetDurationFor(longestMs: number): number {
  return Math.max(1, Math.ceil(longestMs / 1000));
}

/** The target duration that is given, if the segments keep to it, else the one that they need. */
function targetDuration(playlist: MediaPlaylist): number {
  let longestMs = 0;
  for (const { durationMs } of playlist.segments) longestMs = Math.max(longestMs, durationMs);
  const seconds = playlist.targetDurationSeconds ?? targetDurationFor(longestMs);
  if (!Number.isSafeInteger(seconds) || seconds < 1) throw new RangeError(`no target duration: ${seconds}`);
  if (!(Math.round(longestMs / 1000) <= seconds))
    throw new RangeError(`a segment of ${longestMs} ms exceeds the target duration of ${seconds} s`);
  return seconds;
}

function atLeast(name: string, ms: number, leastMs: number): string {
  if (!(ms >= leastMs)) throw new RangeError(`${name} is ${ms} ms, at least ${leastMs} ms`);
  return `${name}=${decimalSeconds(ms)}`;
}

/** EXT-X-SERVER-CONTROL (rfc8216bis, section 4.4.3.8), or nothing where the server promises nothing. */
function serverControl(playlist: MediaPlaylist, targetSeconds: number): string {
  const { canBlockReload, canSkipUntilMs, holdBackMs, lowLatency } = playlist;
  const targetMs = targetSeconds * 1000;
  const attributes: string[] = [];
  if (canBlockReload) attributes.push("CAN-BLOCK-RELOAD=YES");
  if (lowLatency !== undefined) {
    const leastMs = LEAST_PART_HOLD_BACK * lowLatency.partTargetMs;
    attributes.push(atLeast("PART-HOLD-BACK", lowLatency.partHoldBackMs ?? leastMs, leastMs));
  }
  if (holdBackMs !== undefined) attributes.push(atLeast("HOLD-BACK", holdBackMs, LEAST_HOLD_BACK * targetMs));
  if (canSkipUntilMs !== undefined)
    attributes.push(atLeast("CAN-SKIP-UNTIL", canSkipUntilMs, LEAST_SKIP_BOUNDARY * targetMs));
  return attributes.length === 0 ? "" : `#EXT-X-SERVER-CONTROL:${attributes.join(",")}\n`;
}

function version({ canSkipUntilMs, lowLatency, open, segments }: MediaPlaylist): number {
  if (canSkipUntilMs !== undefined || lowLatency !== undefined) return VERSION_WITH_SKIP;
  return (segments[0] ?? open)?.map === undefined ? VERSION_OF_FRACTIONS : VERSION_WITH_MAP;
}

/** The tags that stand before the segments, each once. */
function head(playlist: MediaPlaylist): string {
  const { lowLatency } = playlist;
  const target = targetDuration(playlist);
  let text = `#EXTM3U\n#EXT-X-VERSION:${version(playlist)}\n`;
  if (playlist.type !== undefined) text += `#EXT-X-PLAYLIST-TYPE:${playlist.type}\n`;
  text += `#EXT-X-TARGETDURATION:${target}\n${serverControl(playlist, target)}`;
  if (lowLatency !== undefined) text += `#EXT-X-PART-INF:PART-TARGET=${decimalSeconds(lowLatency.partTargetMs)}\n`;
  text += `#EXT-X-MEDIA-SEQUENCE:${decimalInteger("mediaSequence", playlist.mediaSequence ?? 0)}\n`;
  if (playlist.independentSegments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (playlist.discontinuitySequence !== undefined)
    text += `#EXT-X-DISCONTINUITY-SEQUENCE:${decimalInteger("discontinuitySequence", playlist.discontinuitySequence)}\n`;
  return text;
}

function partLines(parts: readonly PlaylistPart[], lowLatency: LowLatency | undefined): string {
  if (lowLatency === undefined) throw new RangeError("parts without a part target");
  let text = "";
  for (const part of parts) {
    if (part.durationMs > lowLatency.partTargetMs)
      throw new RangeError(`a part of ${part.durationMs} ms exceeds the part target of ${lowLatency.partTargetMs} ms`);
    text += `#EXT-X-PART:DURATION=${decimalSeconds(part.durationMs)},URI=${quotedUri(part.uri)}`;
    if (part.independent) text += ",INDEPENDENT=YES";
    text += part.gap ? ",GAP=YES\n" : "\n";
  }
  return text;
}

/** What writing one segment needs of those before. */
interface Progress {
  readonly out: AsciiWriter;
  readonly clock: ClockWriter;
  readonly lowLatency: LowLatency | undefined;
  /** The initialization section that holds so far. */
  map: string | undefined;
}

/** The lines before EXTINF. */
function writeStart(start: SegmentStart, progress: Progress): void {
  const { clock, lowLatency, out } = progress;
  if (start.discontinuity) out.text("#EXT-X-DISCONTINUITY\n");
  if (start.map !== progress.map) {
    if (start.map === undefined) throw new RangeError("a segment without map after one with a map");
    out.text(`#EXT-X-MAP:URI=${quotedUri(start.map)}\n`);
    progress.map = start.map;
  }
  if (start.programDateTimeMs !== undefined) {
    out.text("#EXT-X-PROGRAM-DATE-TIME:");
    clock.write(out, start.programDateTimeMs);
    out.text("\n");
  }
  if (start.parts !== undefined && start.parts.length > 0) out.text(partLines(start.parts, lowLatency));
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

/** The segments, from `first` on, and the open one. */
function writeSegments(out: AsciiWriter, playlist: MediaPlaylist, first: number): void {
  const { lowLatency, open, segments } = playlist;
  const progress: Progress = { out, clock: new ClockWriter(), lowLatency, map: undefined };
  const afterName = uriBytes("", playlist.uriSuffix, "\n");
  // Most segments are as long as the one before.
  let beforeName: Uint8Array = new Uint8Array(0);
  let durationMs: number | undefined;
  for (let i = first; i < segments.length; i++) {
    const segment: PlaylistSegment = segments[i]!;
    writeStart(segment, progress);
    if (segment.gap) out.text("#EXT-X-GAP\n");
    if (segment.durationMs !== durationMs) {
      durationMs = segment.durationMs;
      beforeName = uriBytes(`#EXTINF:${decimalSeconds(durationMs)},\n`, playlist.uriPrefix, "");
    }
    out.bytes(beforeName);
    out.uri(segment.name);
    out.bytes(afterName);
  }
  if (open !== undefined) writeStart(open, progress);
}

/** About how many bytes the playlist takes: enough where segments have one line beside their URI, or two. */
function expectedBytes({ segments, uriPrefix, uriSuffix }: MediaPlaylist): number {
  const name = segments.at(-1)?.name.length ?? 0;
  return HEAD_BYTES + segments.length * (LINES_BYTES + uriPrefix.length + name + uriSuffix.length);
}

/** What stands behind the segments of a low-latency playlist. */
function tail({ preloadHint, renditionReports }: LowLatency): string {
  let text = preloadHint === undefined ? "" : `#EXT-X-PRELOAD-HINT:TYPE=PART,URI=${quotedUri(preloadHint)}\n`;
  for (const { uri, lastMsn, lastPart } of renditionReports ?? []) {
    text += `#EXT-X-RENDITION-REPORT:URI=${quotedUri(uri)},LAST-MSN=${decimalInteger("lastMsn", lastMsn)}`;
    text += lastPart === undefined ? "\n" : `,LAST-PART=${decimalInteger("lastPart", lastPart)}\n`;
  }
  return text;
}

/**
 * A Media Playlist (RFC 8216, section 4; rfc8216bis for low latency and delta updates) as the bytes of its text, which
 * is ASCII. Throws a `RangeError` where the data contradicts itself or cannot be said.
 *
 * A delta update repeats the map that holds for its first segment: it says nothing new, and spares players that look
 * for it there.
 */
export function mediaPlaylistBytes(playlist: MediaPlaylist): Uint8Array {
  const { ended, lowLatency, open } = playlist;
  if (ended && (open !== undefined || lowLatency?.preloadHint !== undefined))
    throw new RangeError("an ended playlist has no open segment and nothing to preload");
  const out = new AsciiWriter(expectedBytes(playlist));
  out.text(head(playlist));
  const skipped = playlist.delta ? skippableSegments(playlist) : 0;
  if (skipped > 0) out.text(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}\n`);
  writeSegments(out, playlist, skipped);
  if (playlist.endsInDiscontinuity) out.text("#EXT-X-DISCONTINUITY\n");
  if (lowLatency !== undefined) out.text(tail(lowLatency));
  if (ended) out.text("#EXT-X-ENDLIST\n");
  return out.finish();
}

/** The same as text. */
export function mediaPlaylist(playlist: MediaPlaylist): string {
  return asciiText(mediaPlaylistBytes(playlist));
}
