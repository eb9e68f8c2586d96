import { Piece, type PlaylistOutput } from "./ascii-writer.ts";
import { decimalInteger, decimalSeconds, quotedUri } from "./attributes.ts";
import { ClockWriter } from "./clock.ts";
import type {
  LowLatency,
  MediaPlaylistEnd,
  MediaPlaylistHead,
  PlaylistPart,
  PlaylistSegment,
  SegmentStart,
} from "./model.ts";

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

const GAP_LINE = "#EXT-X-GAP\n";
const DISCONTINUITY = new Piece("#EXT-X-DISCONTINUITY\n", "", "");
const NOTHING = new Piece("", "", "");

/** Room for the tags before the segments, and behind them. */
const HEAD_BYTES = 1024;

function atLeast(name: string, ms: number, leastMs: number): string {
  if (!(ms >= leastMs)) throw new RangeError(`${name} is ${ms} ms, at least ${leastMs} ms`);
  return `${name}=${decimalSeconds(ms)}`;
}

/** EXT-X-SERVER-CONTROL (rfc8216bis, section 4.4.3.8), or nothing where the server promises nothing. */
function serverControl(head: MediaPlaylistHead, targetSeconds: number): string {
  const { canBlockReload, canSkipUntilMs, holdBackMs, lowLatency } = head;
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

function version({ canSkipUntilMs, lowLatency, hasMaps }: WriterHead): number {
  if (canSkipUntilMs !== undefined || lowLatency !== undefined) return VERSION_WITH_SKIP;
  return hasMaps ? VERSION_WITH_MAP : VERSION_OF_FRACTIONS;
}

/** The tags that stand before the segments, each once. */
function headText(head: WriterHead): string {
  const { lowLatency, targetDurationSeconds: target } = head;
  if (!Number.isSafeInteger(target) || target < 1) throw new RangeError(`no target duration: ${target}`);
  let text = `#EXTM3U\n#EXT-X-VERSION:${version(head)}\n`;
  if (head.type !== undefined) text += `#EXT-X-PLAYLIST-TYPE:${head.type}\n`;
  text += `#EXT-X-TARGETDURATION:${target}\n${serverControl(head, target)}`;
  if (lowLatency !== undefined) text += `#EXT-X-PART-INF:PART-TARGET=${decimalSeconds(lowLatency.partTargetMs)}\n`;
  text += `#EXT-X-MEDIA-SEQUENCE:${decimalInteger("mediaSequence", head.mediaSequence ?? 0)}\n`;
  if (head.independentSegments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (head.discontinuitySequence !== undefined)
    text += `#EXT-X-DISCONTINUITY-SEQUENCE:${decimalInteger("discontinuitySequence", head.discontinuitySequence)}\n`;
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

/** What stands behind the segments of a low-latency playlist. */
function tail({ preloadHint, renditionReports }: LowLatency): string {
  let text = preloadHint === undefined ? "" : `#EXT-X-PRELOAD-HINT:TYPE=PART,URI=${quotedUri(preloadHint)}\n`;
  for (const { uri, lastMsn, lastPart } of renditionReports ?? []) {
    text += `#EXT-X-RENDITION-REPORT:URI=${quotedUri(uri)},LAST-MSN=${decimalInteger("lastMsn", lastMsn)}`;
    text += lastPart === undefined ? "\n" : `,LAST-PART=${decimalInteger("lastPart", lastPart)}\n`;
  }
  return text;
}

/** What must be known of a playlist before its first segment. */
export interface WriterHead extends MediaPlaylistHead {
  readonly targetDurationSeconds: number;
  /** Whether its segments have maps: all of them, or none. */
  readonly hasMaps: boolean;
}

/**
 * The bytes that a playlist of so many segments will have, about: an `AsciiWriter` that was told right never moves what it has written.
 * @param each bytes of a segment's lines, but for what all URIs begin and end with
 */
export function expectedBytes({ uriPrefix, uriSuffix }: MediaPlaylistHead, segments: number, each: number): number {
  return HEAD_BYTES + segments * (each + uriPrefix.length + uriSuffix.length);
}

/**
 * The lines of a segment that has none but those of its duration and name, and of a discontinuity. The segments behind it differ in the name,
 * nearly always: all lines are copied at once, with that in them.
 */
class PlainLines {
  readonly #before: Piece;
  readonly #nameLength: number;
  readonly #discontinuity: boolean;
  readonly #nameStart: number;
  readonly #bytes: Uint8Array;

  constructor(before: Piece, nameLength: number, after: Piece, discontinuity: boolean) {
    this.#before = before;
    this.#nameLength = nameLength;
    this.#discontinuity = discontinuity;
    const marks = discontinuity ? DISCONTINUITY.bytes.length : 0;
    this.#nameStart = marks + before.bytes.length;
    this.#bytes = new Uint8Array(this.#nameStart + nameLength + after.bytes.length);
    if (discontinuity) this.#bytes.set(DISCONTINUITY.bytes);
    this.#bytes.set(before.bytes, marks);
    this.#bytes.set(after.bytes, this.#nameStart + nameLength);
  }

  /** Whether they are those of a segment with the same before its name, which has so many bytes. */
  areFor(before: Piece, nameLength: number, discontinuity: boolean): boolean {
    return before === this.#before && nameLength === this.#nameLength && discontinuity === this.#discontinuity;
  }

  /** Those of the segment with this name, until the next call. */
  of(name: Uint8Array): Uint8Array {
    this.#bytes.set(name, this.#nameStart);
    return this.#bytes;
  }
}

/**
 * Writes a Media Playlist segment by segment, so that a long one can be written in turns with other work, and needs no object of a segment
 * behind its line. Its methods throw a `RangeError` where the data contradicts itself or cannot be said.
 */
export class MediaPlaylistWriter<Form> {
  readonly #out: PlaylistOutput<Form>;
  readonly #head: WriterHead;
  readonly #clock = new ClockWriter();
  readonly #afterName: Piece;
  /** The initialization section that holds so far. */
  #map: string | undefined;
  #beforeName = NOTHING;
  #durationMs: number | undefined;
  /** Of the last plain segment. */
  #lines: PlainLines | undefined;

  constructor(head: WriterHead, out: PlaylistOutput<Form>) {
    this.#head = head;
    this.#out = out;
    this.#afterName = new Piece("", head.uriSuffix, "\n");
    this.#out.text(headText(head));
  }

  /** Says that the first segments are left out (rfc8216bis, section 4.4.5.2). */
  skip(segments: number): void {
    this.#out.text(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${segments}\n`);
  }

  /** Appends a segment. */
  segment(segment: PlaylistSegment): void {
    const out = this.#out;
    const { discontinuity = false, durationMs, gap, name } = segment;
    // Most segments are as long as the one before.
    if (durationMs !== this.#durationMs) this.#turn(durationMs);
    if (typeof name !== "string" && !gap && this.#isPlain(segment)) {
      this.#plain(name, discontinuity);
      return;
    }
    this.start(segment);
    if (gap) out.text(GAP_LINE);
    out.piece(this.#beforeName);
    if (typeof name === "string") out.uri(name);
    else out.bytes(name);
    out.piece(this.#afterName);
  }

  /** Appends what a segment has before its end is known. */
  start({ discontinuity, map, parts, programDateTimeMs }: SegmentStart): void {
    const out = this.#out;
    if (discontinuity) out.piece(DISCONTINUITY);
    if (map !== this.#map) {
      if (map === undefined) throw new RangeError("a segment without map after one with a map");
      out.text(`#EXT-X-MAP:URI=${quotedUri(map)}\n`);
      this.#map = map;
    }
    if (programDateTimeMs !== undefined) {
      out.text("#EXT-X-PROGRAM-DATE-TIME:");
      this.#clock.write(out, programDateTimeMs);
      out.text("\n");
    }
    if (parts !== undefined && parts.length > 0) out.text(partLines(parts, this.#head.lowLatency));
  }

  /** What is written so far, which will not change any more. */
  get written(): Form {
    return this.#out.finish();
  }

  /** Ends the playlist; all of it. */
  finish({ endsInDiscontinuity, ended }: MediaPlaylistEnd): Form {
    const out = this.#out;
    const { lowLatency } = this.#head;
    if (endsInDiscontinuity) out.piece(DISCONTINUITY);
    if (lowLatency !== undefined) out.text(tail(lowLatency));
    if (ended) out.text("#EXT-X-ENDLIST\n");
    return out.finish();
  }

  /** Whether a segment has no lines but those of its duration and name, and of a discontinuity. */
  #isPlain({ map, parts, programDateTimeMs }: SegmentStart): boolean {
    return map === this.#map && programDateTimeMs === undefined && (parts === undefined || parts.length === 0);
  }

  /** Appends such a segment. */
  #plain(name: Uint8Array, discontinuity: boolean): void {
    const before = this.#beforeName;
    if (!this.#lines?.areFor(before, name.length, discontinuity)) {
      this.#lines = new PlainLines(before, name.length, this.#afterName, discontinuity);
    }
    this.#out.bytes(this.#lines.of(name));
  }

  /** Makes the lines of segments of another duration (RFC 8216, section 4.3.3.1, holds it to the target duration). */
  #turn(durationMs: number): void {
    const { targetDurationSeconds: target, uriPrefix } = this.#head;
    if (!(Math.round(durationMs / 1000) <= target))
      throw new RangeError(`a segment of ${durationMs} ms exceeds the target duration of ${target} s`);
    this.#beforeName = new Piece(`#EXTINF:${decimalSeconds(durationMs)},\n`, uriPrefix, "");
    this.#durationMs = durationMs;
  }
}
