import { setImmediate as nextTurn } from "node:timers/promises";
import { type AdaptationSet, type Manifest, manifestInTurns, type Period, type TimelineSegment } from "@kvass/media";
import { languageOf, segmentQuery } from "./hls.ts";
import { PlaybackRefusal } from "./refusal.ts";
import { nameOf, type Run, type Segment } from "./segment.ts";
import type { Segments } from "./segment-list.ts";
import type { PlaybackSession } from "./session.ts";
import type { SoundBandwidths } from "./sound-bandwidth.ts";
import { presentationStart } from "./token.ts";
import type { Track } from "./tracks.ts";

/** Ticks a second of the manifest's times: those of the index. */
const TIMESCALE = 1000;
/** How often players of a session that goes on look for new segments (AWS docs, "GetDASHManifest"), in milliseconds. */
const UPDATE_MS = 1000;
/** Players stay so many target durations behind the newest segment, as in HLS. */
const DELAY_TARGETS = 3;

/** Segments that are looked at, and periods that are made, before the event loop gets its turn: one to two milliseconds. */
const SEGMENTS_PER_TURN = 4096;
const PERIODS_PER_TURN = 256;

/** The manifest (AWS docs, "GetDASHManifest"): a period for each run of segments without a break. */
export async function dashManifest(session: PlaybackSession, now: number): Promise<string> {
  const { grant } = session;
  const { segments, ended, longest } = await session.playlistWindow();
  if (segments.length === 0) throw new PlaybackRefusal("not-found", "The session's fragments have expired.");
  if (session.isStatic) return staticManifest(session, segments, longest);
  const periods: Period[] = [];
  const runs = await runsOf(segments);
  let durationMs = 0;
  for (const places of runs) {
    const { presentedAt, start, number } = places.run;
    const stretch = { segments, ...places, id: number, presentedAt, start, open: places === runs.at(-1) };
    periods.push(await periodOf(session, stretch));
    durationMs = presentedAt + endOf(stretch);
  }
  // As long as it were dynamic, Shaka Player would keep its delay from the end, and jump over nothing that ends there; dash.js would wait for more.
  if (ended) return written({ maxSegmentDurationMs: longest, periods, type: "static", durationMs });
  const delayMs = DELAY_TARGETS * Math.max(grant.targetSeconds * 1000, longest);
  return written({
    maxSegmentDurationMs: longest,
    periods,
    type: "dynamic",
    availabilityStartTimeMs: presentationStart(grant),
    publishTimeMs: now,
    minimumUpdatePeriodMs: UPDATE_MS,
    // Where it is less than the delay, as at the beginning of a replay, dash.js takes it for the delay, and comes too near to the newest.
    timeShiftBufferDepthMs: Math.max(delayMs, presentedEnd(segments.at(-1)) - presentedStart(segments.at(0))),
    suggestedPresentationDelayMs: delayMs,
    utcTiming: { scheme: "direct", timeMs: now },
  });
}

/** The manifest of an archived range. What has expired or is lost is left out, and closed as the gaps between runs are: no segment can be marked as missing. */
async function staticManifest(session: PlaybackSession, segments: Segments, longest: number): Promise<string> {
  const periods: Period[] = [];
  let durationMs = 0;
  for (const places of await runsOf(segments)) {
    const { start, number } = segments.at(places.first)!;
    const stretch = { segments, ...places, id: number, presentedAt: durationMs, start, open: false };
    periods.push(await periodOf(session, stretch));
    durationMs += endOf(stretch);
    if (periods.length % PERIODS_PER_TURN === 0) await nextTurn();
  }
  return written({ maxSegmentDurationMs: longest, periods, type: "static", durationMs });
}

/** The text of a manifest, written in turns with what else there is to do. */
async function written(data: Manifest): Promise<string> {
  if (data.periods.length === 0)
    throw new PlaybackRefusal("not-found", "None of the session's fragments can be played.");
  const writing = manifestInTurns(data);
  for (;;) {
    const { done, value } = writing.next();
    if (done) return value;
    await nextTurn();
  }
}

/** Milliseconds on the presentation's timeline. */
function presentedStart(segment: Segment | undefined): number {
  return segment === undefined ? 0 : segment.run.presentedAt + segment.start - segment.run.start;
}

const presentedEnd = (segment: Segment | undefined): number => presentedStart(segment) + (segment?.duration ?? 0);

/** Segments of one run in a row, by the place of the first one and the place behind the last one. */
interface Places {
  readonly run: Run;
  readonly first: number;
  readonly end: number;
}

/** Runs of what is there, each up to where something is missing; looked for in turns with what else there is to do. */
async function runsOf(segments: Segments): Promise<Places[]> {
  const runs: Places[] = [];
  let begun: Omit<Places, "end"> | undefined;
  for (let place = 0; place < segments.length; place++) {
    if ((place + 1) % SEGMENTS_PER_TURN === 0) await nextTurn();
    const { gap, run } = segments.at(place)!;
    if (!gap && begun?.run === run) continue;
    if (begun !== undefined) runs.push({ ...begun, end: place });
    begun = gap ? undefined : { run, first: place };
  }
  if (begun !== undefined) runs.push({ ...begun, end: segments.length });
  return runs;
}

/** What a period shows. */
interface Stretch extends Omit<Places, "run"> {
  readonly segments: Segments;
  /** Segment that it is named after. */
  readonly id: number;
  /** Milliseconds on the presentation's timeline at which it begins. */
  readonly presentedAt: number;
  /** The same moment on the producer's clock, in milliseconds since the epoch. */
  readonly start: number;
  /**
   * Whether it goes on as long as the presentation does, which says so itself: where each period has a duration, dash.js takes their sum for that of the
   * presentation, though the first ones have left the manifest.
   */
  readonly open: boolean;
}

/**
 * Milliseconds from the beginning of a stretch to its end: what follows it, or where that would begin, so that no track ends before: dash.js ends
 * playback of what has an end only where all tracks reach it.
 */
function endOf({ segments, end, start }: Stretch): number {
  const last = segments.at(end - 1)!;
  const behind = segments.at(end);
  if (behind === undefined) return last.start + last.duration - start;
  return (behind.run === last.run ? behind.start : last.end) - start;
}

/** The tracks of a period, and what their sounds take at the peak. */
interface Offer {
  readonly tracks: readonly Track[];
  readonly peaks: SoundBandwidths;
}

async function periodOf(session: PlaybackSession, stretch: Stretch): Promise<Period> {
  const tracks = await session.tracksOf(stretch.segments.at(stretch.first)!);
  const peaks = await session.soundBandwidths(stretch.segments);
  return {
    id: String(stretch.id),
    startMs: stretch.presentedAt,
    durationMs: stretch.open ? undefined : endOf(stretch),
    adaptationSets: tracks.map((track) => adaptationSet(session, track, { tracks, peaks }, stretch)),
  };
}

function adaptationSet(
  session: PlaybackSession,
  track: Track,
  { tracks, peaks }: Offer,
  stretch: Stretch,
): AdaptationSet {
  const { codec, number } = track;
  const first = stretch.segments.at(stretch.first)!;
  const sounds = tracks.filter((other) => other.codec.kind === "audio");
  const { fragmentNumber, fragments, number: setUpNumber } = first.setUp;
  const query = `SessionToken=${session.token}&TrackNumber=${number}`;
  const name = segmentQuery({ fragmentNumber, fragments });
  return {
    id: number,
    contentType: codec.kind,
    language: codec.kind === "audio" ? languageOf(track, sounds) : undefined,
    channels: codec.kind === "audio" ? codec.channels : undefined,
    role: sounds.length < 2 ? undefined : codec.kind === "video" || track === sounds[0] ? "main" : "alternate",
    template: {
      timescale: TIMESCALE,
      initialization: `getMP4InitFragment.mp4?FragmentNumber=${name}&${query}&SequenceNumber=${setUpNumber}`,
      media: `getMP4MediaFragment.mp4?SequenceNumber=$Number$&${query}`,
      startNumber: first.number + 1,
      presentationTimeOffset: mediaTime(session, stretch.start),
      segments: timelineOf(session, stretch),
    },
    representations: [representation(session, track, sounds, peaks)],
  };
}

function representation(
  { grant }: PlaybackSession,
  { codec, number, source, bandwidth, frameRate }: Track,
  sounds: readonly Track[],
  peaks: SoundBandwidths,
): AdaptationSet["representations"][number] {
  const id = String(number);
  const { rfc6381: codecs } = codec;
  if (codec.kind === "audio") {
    const peak = Math.max(1, bandwidth, peaks.get(source) ?? 0);
    return { id, bandwidth: peak, codecs, audioSamplingRate: codec.sampleRate };
  }
  const sound = sounds.reduce((sum, track) => sum + track.bandwidth, 0);
  const { width, height, sampleAspect } = codec;
  const peak = Math.max(1, bandwidth, grant.peakBandwidth - sound);
  return { id, bandwidth: peak, codecs, width, height, sampleAspect, frameRate };
}

/** Each segment lasts to the next one, which comes without a gap that matters, and the last one to the end of the stretch. */
function* timelineOf(session: PlaybackSession, stretch: Stretch): Generator<TimelineSegment> {
  const { segments, first, end } = stretch;
  const { showTimestamps, showNumbers } = session.grant.parameters;
  let next = segments.at(first);
  const begun = next!.run.start;
  const offset = mediaTime(session, begun) - begun;
  for (let place = first; place < end; place++) {
    const segment = next!;
    next = place + 1 < end ? segments.at(place + 1) : undefined;
    yield {
      time: segment.start + offset,
      duration: (next?.start ?? stretch.start + endOf(stretch)) - segment.start,
      fragmentTimestampMs: showTimestamps ? segment.shownStart : undefined,
      fragmentNumber: showNumbers ? nameOf(segment).fragmentNumber : undefined,
    };
  }
}

/** Where a moment of the producer's clock lies in the session's segments; see `PlaybackSession.segment`. */
function mediaTime({ grant }: PlaybackSession, time: number): number {
  return time >= grant.base ? time - grant.base : time;
}
