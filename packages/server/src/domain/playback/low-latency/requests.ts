import { targetSeconds } from "../hls.ts";
import { baseFor, placed } from "../placed-segment.ts";
import { PlaybackRefusal } from "../refusal.ts";
import { nameOf } from "../segment.ts";
import type { PlaybackSession } from "../session.ts";
import type { Track } from "../tracks.ts";
import {
  find,
  hintedPart,
  lastNumber,
  listedWithParts,
  type Moment,
  type PartName,
  partNamed,
  partsOf,
} from "./moment.ts";
import { lowLatencyPlaylist } from "./playlist.ts";

/** Target durations for which parts that a playlist has listed can be fetched: as long again, and the segment in progress. */
const KEPT_TARGETS = 7;
/** Target durations for which a request is held (rfc8216bis, section 6.2.5.2). */
const HELD_TARGETS = 3;
/** Segments ahead of the last one that can be asked for (rfc8216bis, section 6.2.5.2). */
const MAX_SEGMENTS_AHEAD = 2;
/** How far ahead of the last part one can ask: the Advance Part Limit (rfc8216bis, section 6.2.5.2), in milliseconds, and in parts of a second and longer. */
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

/** A part with its place on the session's timeline. */
export interface SessionPart {
  readonly kind: "video" | "audio";
  readonly pieces: readonly Uint8Array[];
  /** Differs wherever the bytes could. */
  readonly version: string;
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
): Promise<string | undefined> {
  session.spendPlaylist();
  const moment = await momentWhen(session, signal, (moment) => reloadVerdict(moment, track, request));
  if (moment === undefined) return undefined;
  return lowLatencyPlaylist(moment, track, request.skip);
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
  await session.track(name.track);
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
  for (let waited = false; ; ) {
    const feed = await session.feed();
    // One that ends while it is waited for has its reasons.
    if (feed === undefined && waited) throw late();
    if (feed === undefined) return undefined;
    const tracks = await session.tracks();
    const { changes } = feed;
    const preview = await session.preview(feed);
    const targetMs = targetSeconds(session, preview.longest) * MS_PER_SECOND;
    feed.touch(KEPT_TARGETS * targetMs);
    const moment = { session, tracks, feed, preview };
    if (!feed.reachesBack) {
      await reachBack(moment, targetMs);
      continue;
    }
    const verdict = verdictAt(moment);
    if (verdict === "ready") return moment;
    if (verdict === "never") throw new PlaybackRefusal("not-found", "The session has no such part.");
    waited = true;
    const heldMs = begun + Math.min(HELD_TARGETS * targetMs, session.remainingMs) - performance.now();
    if (!(await feed.changedSince(changes, heldMs, signal))) throw late();
    if (session.remainingMs === 0) throw new PlaybackRefusal("expired", "The session has expired.");
  }
}

/**
 * Has the end of the playlist that arrived before the feed began cut into parts too: a player that is shown none there begins with a whole
 * segment, and has nothing to play behind it until the one in progress ends.
 */
async function reachBack(moment: Moment, targetMs: number): Promise<void> {
  const { session, feed, preview } = moment;
  const listed = preview.segments.slice(preview.segments.length - listedWithParts(moment, targetMs));
  const isCut = (sequence: number): boolean => feed.bySequence(sequence) !== undefined;
  const cut = listed.filter(({ gap, fragments, sequence }) => !gap && fragments === 1 && !isCut(sequence));
  const found = await Promise.allSettled(cut.map((segment) => session.rows(nameOf(segment))));
  await feed.reachBack(found.flatMap((rows) => (rows.status === "fulfilled" ? rows.value : [])));
}

const late = (): PlaybackRefusal => new PlaybackRefusal("unavailable", "What was asked for has not arrived in time.");

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
