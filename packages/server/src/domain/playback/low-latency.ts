import { mediaPlaylistBytes, type PlaylistPart, type PlaylistSegment, type RenditionReport } from "@kvass/media";
import { listed, mediaPlaylistUri, playlistSegments, targetSeconds, uris } from "./hls.ts";
import type { FragmentParts } from "./parts/fragment-parts.ts";
import type { PartFeed } from "./parts/part-feed.ts";
import type { Part } from "./parts/track-parts.ts";
import { PlaybackRefusal } from "./refusal.ts";
import type { Segment } from "./segment.ts";
import { baseFor, type PlaybackSession, placed } from "./session.ts";
import { settles } from "./settles.ts";
import type { PlaylistPreview } from "./timeline.ts";
import type { Track } from "./tracks.ts";

/** Target durations from the end of a playlist within which parts are listed (rfc8216bis, section 6.2.2). */
const LISTED_TARGETS = 3;
/** Target durations for which parts that a playlist has listed can be fetched: as long again, and the segment in progress. */
const KEPT_TARGETS = 7;
/** Target durations for which a request is held (rfc8216bis, section 6.2.5.2). */
const HELD_TARGETS = 3;
/** Target durations from the end of a playlist that a delta update has: the least that is allowed (rfc8216bis, section 4.4.3.8). */
const SKIP_TARGETS = 6;
/** Segments ahead of the last one that can be asked for (rfc8216bis, section 6.2.5.2). */
const MAX_SEGMENTS_AHEAD = 2;
/** Seconds of parts ahead of the last one that can be asked for: the Advance Part Limit (rfc8216bis, section 6.2.5.2). */
const MAX_PARTS_AHEAD_MS = 3000;
const MAX_LONG_PARTS_AHEAD = 3;
const MS_PER_SECOND = 1000;

/** What a player asks of a playlist beside the playlist itself (rfc8216bis, section 6.2.5). */
export interface ReloadRequest {
  /** `_HLS_msn`: the segment that the playlist shall have. */
  readonly segment: number | undefined;
  /** `_HLS_part`: the part of that segment which is enough. */
  readonly part: number | undefined;
  /** `_HLS_skip`: whether old segments may be left out. */
  readonly skip: boolean;
}

/** Names a part as playlists do. */
export interface PartName {
  /** Media Sequence Number of its segment. */
  readonly segment: number;
  readonly track: number;
  readonly part: number;
}

/** A part with its place on the session's timeline. */
export interface SessionPart {
  readonly kind: "video" | "audio";
  readonly pieces: readonly Uint8Array[];
  /** Differs wherever the bytes could. */
  readonly version: string;
}

/** What can be said of a session at one moment. */
interface Moment {
  readonly session: PlaybackSession;
  readonly feed: PartFeed;
  readonly preview: PlaylistPreview;
}

/** How the answer to a request stands: `wait` until more has arrived, `never` where nothing will satisfy it. */
type Verdict = "ready" | "wait" | "never";

/**
 * The low-latency Media Playlist of one track (rfc8216bis), once it has what is asked for; the ordinary one where the session has no parts.
 * Rejects with PlaybackRefusal `invalid` where that is too far ahead, `unavailable` where it does not come in time.
 */
export async function hlsLowLatency(
  session: PlaybackSession,
  track: Track,
  request: ReloadRequest,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const moment = await momentWhen(session, signal, (moment) => reloadVerdict(moment, track, request));
  if (moment === undefined) return undefined;
  return text(moment, track, request.skip);
}

/**
 * One part of a segment, once it exists. Rejects with PlaybackRefusal `not-found` where it is none of those that playlists list or hint at,
 * `unavailable` where it does not come in time.
 */
export async function lowLatencyPart(
  session: PlaybackSession,
  name: PartName,
  signal: AbortSignal,
): Promise<SessionPart> {
  const moment = await momentWhen(session, signal, (moment) => partVerdict(moment, name));
  const found = moment && partNamed(moment, name);
  if (found === undefined) throw new PlaybackRefusal("not-found", "The session has no parts.");
  const { fragment, track, part } = found;
  const { streamId, sequence, random } = fragment.identity;
  const base = baseFor(session.grant, fragment.identity);
  const ids = [streamId, sequence, random, name.part, name.track, base].map((id) => id.toString(36));
  return {
    kind: track.codec?.kind ?? "video",
    pieces: placed({ media: part.media, timescale: track.timescale }, base),
    version: `part-${ids.join("-")}`,
  };
}

/** Waits for the moment at which a request can be answered; undefined where the session has no parts. */
async function momentWhen(
  session: PlaybackSession,
  signal: AbortSignal,
  verdictAt: (moment: Moment) => Verdict,
): Promise<Moment | undefined> {
  const begun = performance.now();
  for (;;) {
    const feed = await session.feed();
    if (feed === undefined) return undefined;
    const change = feed.changed();
    const preview = await session.preview(feed);
    const targetMs = targetSeconds(session, preview.longest) * MS_PER_SECOND;
    feed.touch(KEPT_TARGETS * targetMs);
    const moment = { session, feed, preview };
    const verdict = verdictAt(moment);
    if (verdict === "ready") return moment;
    if (verdict === "never") throw new PlaybackRefusal("not-found", "The session has no such part.");
    const heldMs = begun + Math.min(HELD_TARGETS * targetMs, session.remainingMs) - performance.now();
    if (!(await settles(change, heldMs, signal))) {
      throw new PlaybackRefusal("unavailable", "What was asked for has not arrived in time.");
    }
    if (session.remainingMs === 0) throw new PlaybackRefusal("expired", "The session has expired.");
  }
}

/** Whether a playlist has the segment or part that is asked for. */
function reloadVerdict(moment: Moment, track: Track, { segment, part }: ReloadRequest): Verdict {
  if (segment === undefined) return "ready";
  const last = lastNumber(moment);
  if (segment > last + MAX_SEGMENTS_AHEAD) throw tooFar();
  if (segment <= last) {
    const parts = partsOf(moment, find(moment, segment), track.number);
    // A part behind the last one of its segment is the first one of the next.
    if (part === undefined || parts === undefined || part < parts.length) return "ready";
    return reloadVerdict(moment, track, { segment: segment + 1, part: 0, skip: false });
  }
  if (part === undefined) return "wait";
  const { open } = moment.preview;
  const there = open?.number === segment ? (partsOf(moment, open, track.number)?.length ?? 0) : 0;
  if (part >= there + partsAhead(moment, track)) throw tooFar();
  return part < there ? "ready" : "wait";
}

const tooFar = (): PlaybackRefusal =>
  new PlaybackRefusal("invalid", "_HLS_msn or _HLS_part is too far ahead of what the playlist has.");

function partsAhead({ feed }: Moment, track: Track): number {
  const targetMs = feed.targetsMs[track.number - 1] ?? MS_PER_SECOND;
  return targetMs < MS_PER_SECOND ? Math.ceil(MAX_PARTS_AHEAD_MS / targetMs) : MAX_LONG_PARTS_AHEAD;
}

/** Whether a part is there, or may be soon. */
function partVerdict(moment: Moment, name: PartName): Verdict {
  if (partNamed(moment, name) !== undefined) return "ready";
  const hinted = hintedPart(moment, name.track);
  return name.segment === hinted.segment && name.part === hinted.part ? "wait" : "never";
}

/** The part that comes next. */
function hintedPart(moment: Moment, track: number): Omit<PartName, "track"> {
  const { open } = moment.preview;
  if (open === undefined) return { segment: lastNumber(moment) + 1, part: 0 };
  const parts = fragmentOf(moment, open);
  if (parts?.finished !== false) return { segment: open.number + 1, part: 0 };
  return { segment: open.number, part: partsOf(moment, open, track)?.length ?? 0 };
}

/** Number of the last segment that is whole. */
const lastNumber = ({ preview }: Moment): number => preview.segments.at(-1)?.number ?? -1;

function find({ preview }: Moment, number: number): Segment | undefined {
  const first = preview.segments[0]?.number ?? 0;
  return preview.open?.number === number ? preview.open : preview.segments[number - first];
}

function fragmentOf({ feed }: Moment, segment: Segment | undefined): FragmentParts | undefined {
  return segment?.fragments === 1 ? feed.bySequence(segment.sequence) : undefined;
}

/** The parts of one track of a segment, where they are still there. */
function partsOf(moment: Moment, segment: Segment | undefined, track: number): readonly Part[] | undefined {
  return fragmentOf(moment, segment)?.tracks[track - 1]?.parts;
}

function partNamed(
  moment: Moment,
  name: PartName,
): { fragment: FragmentParts["fragment"]; track: FragmentParts["tracks"][number]; part: Part } | undefined {
  const parts = fragmentOf(moment, find(moment, name.segment));
  const track = parts?.tracks[name.track - 1];
  const part = track?.parts[name.part];
  return parts && track && part && { fragment: parts.fragment, track, part };
}

async function text(moment: Moment, track: Track, skip: boolean): Promise<Uint8Array> {
  const { session, preview } = moment;
  const { segments, open, longest } = preview;
  const all = open === undefined ? segments : [...segments, open];
  const entries = playlistSegments(session, track, all, true);
  const target = targetSeconds(session, longest);
  const withParts = addParts(moment, track, entries, target * MS_PER_SECOND);
  const hint = hintedPart(moment, track.number);
  const partMs = withParts.flatMap(({ parts = [] }) => parts.map(({ durationMs }) => durationMs));
  return mediaPlaylistBytes({
    ...uris(session, track),
    ...listed(all),
    segments: withParts.slice(0, segments.length),
    open: withParts[segments.length],
    targetDurationSeconds: target,
    canBlockReload: true,
    canSkipUntilMs: SKIP_TARGETS * target * MS_PER_SECOND,
    delta: skip,
    lowLatency: {
      // A frame may last longer than a part should.
      partTargetMs: Math.ceil(Math.max(moment.feed.targetsMs[track.number - 1] ?? 0, ...partMs)),
      preloadHint: partUri(session, { ...hint, track: track.number }),
      renditionReports: await renditionReports(moment, track),
    },
  });
}

/** Adds to the segments in the last target durations their parts. */
function addParts(
  moment: Moment,
  track: Track,
  entries: readonly PlaylistSegment[],
  targetMs: number,
): PlaylistSegment[] {
  const { segments, open } = moment.preview;
  const result = [...entries];
  let behindMs = 0;
  for (let place = entries.length - 1; place >= 0 && behindMs < LISTED_TARGETS * targetMs; place--) {
    const segment = segments[place] ?? open!;
    const parts = partsOf(moment, segment, track.number)?.map((part, index) =>
      listedPart(moment, track, segment, part, index),
    );
    result[place] = { ...entries[place]!, parts };
    behindMs += segment.duration;
  }
  return result;
}

function listedPart({ session }: Moment, track: Track, segment: Segment, part: Part, index: number): PlaylistPart {
  const uri = partUri(session, { segment: segment.number, track: track.number, part: index });
  return { uri, durationMs: part.durationMs, independent: part.independent, gap: segment.gap };
}

function partUri({ token }: PlaybackSession, { segment, track, part }: PartName): string {
  return `getMP4MediaFragment.mp4?SequenceNumber=${segment}&Part=${part}&SessionToken=${token}&TrackNumber=${track}`;
}

/** How far the other tracks have come (rfc8216bis, section 4.4.5.4). */
async function renditionReports(moment: Moment, own: Track): Promise<RenditionReport[]> {
  const { session, preview } = moment;
  const others = (await session.tracks()).filter(({ number }) => number !== own.number);
  return others.map((track) => {
    const uri = mediaPlaylistUri(session, track, true);
    const ofOpen = partsOf(moment, preview.open, track.number)?.length ?? 0;
    if (ofOpen > 0) return { uri, lastMsn: preview.open!.number, lastPart: ofOpen - 1 };
    const parts = partsOf(moment, preview.segments.at(-1), track.number)?.length ?? 0;
    return { uri, lastMsn: Math.max(0, lastNumber(moment)), lastPart: parts > 0 ? parts - 1 : undefined };
  });
}
