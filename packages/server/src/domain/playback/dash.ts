import { type AdaptationSet, manifest, type Period, type TimelineSegment } from "@kvass/media";
import { languageOf, segmentQuery } from "./hls.ts";
import { PlaybackRefusal } from "./refusal.ts";
import { nameOf, type Segment } from "./segment.ts";
import type { Segments } from "./segment-list.ts";
import type { PlaybackSession } from "./session.ts";
import { presentationStart } from "./token.ts";
import type { Track } from "./tracks.ts";

/** Ticks a second of the manifest's times: those of the index. */
const TIMESCALE = 1000;
/** How often players of a session that goes on look for new segments (AWS docs, "GetDASHManifest"), in milliseconds. */
const UPDATE_MS = 1000;
/** Players stay so many target durations behind the newest segment, as in HLS. */
const DELAY_TARGETS = 3;

/** The manifest (AWS docs, "GetDASHManifest"): a period for each run of segments without a break. */
export async function dashManifest(session: PlaybackSession, now: number): Promise<string> {
  const { grant } = session;
  const { segments, ended, longest } = await session.playlistWindow();
  if (segments.length === 0) throw new PlaybackRefusal("not-found", "The session's fragments have expired.");
  const periods: Period[] = [];
  const runs = runsOf(segments);
  for (const run of runs) periods.push(await periodOf(session, run, !ended && run === runs.at(-1)));
  const common = { maxSegmentDurationMs: longest, periods };
  if (grant.parameters.mode === "on-demand") {
    return manifest({ ...common, type: "static", durationMs: presentedEnd(segments.at(-1)) });
  }
  const delayMs = DELAY_TARGETS * Math.max(grant.targetSeconds * 1000, longest);
  return manifest({
    ...common,
    type: "dynamic",
    availabilityStartTimeMs: presentationStart(grant),
    publishTimeMs: now,
    minimumUpdatePeriodMs: ended ? undefined : UPDATE_MS,
    // Where it is less than the delay, as at the beginning of a replay, dash.js takes it for the delay, and comes too near to the newest.
    timeShiftBufferDepthMs: Math.max(delayMs, presentedEnd(segments.at(-1)) - presentedStart(segments.at(0))),
    suggestedPresentationDelayMs: delayMs,
    durationMs: ended ? presentedEnd(segments.at(-1)) : undefined,
    utcTiming: { scheme: "direct", timeMs: now },
  });
}

/** Milliseconds on the presentation's timeline. */
function presentedStart(segment: Segment | undefined): number {
  return segment === undefined ? 0 : segment.run.presentedAt + segment.start - segment.run.start;
}

const presentedEnd = (segment: Segment | undefined): number => presentedStart(segment) + (segment?.duration ?? 0);

function runsOf(segments: Segments): Segment[][] {
  const runs: Segment[][] = [];
  for (const segment of segments) {
    const last = runs.at(-1);
    if (last !== undefined && last[0]!.run === segment.run) last.push(segment);
    else runs.push([segment]);
  }
  return runs;
}

async function periodOf(session: PlaybackSession, segments: readonly Segment[], open: boolean): Promise<Period> {
  const { run } = segments[0]!;
  const tracks = await session.tracksOf(segments[0]!);
  const end = segments.at(-1)!;
  return {
    id: String(run.number),
    startMs: run.presentedAt,
    durationMs: open ? undefined : end.start + end.duration - run.start,
    adaptationSets: tracks.map((track) => adaptationSet(session, track, tracks, segments)),
  };
}

function adaptationSet(
  session: PlaybackSession,
  track: Track,
  tracks: readonly Track[],
  segments: readonly Segment[],
): AdaptationSet {
  const { codec, number } = track;
  const first = segments[0]!;
  const media = mediaTime(session, first.run.start);
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
      presentationTimeOffset: media,
      segments: timelineOf(session, segments),
    },
    representations: [representation(session, track, sounds)],
  };
}

function representation(
  { grant }: PlaybackSession,
  { codec, number, bandwidth, frameRate }: Track,
  sounds: readonly Track[],
): AdaptationSet["representations"][number] {
  const id = String(number);
  const { rfc6381: codecs } = codec;
  if (codec.kind === "audio") {
    return { id, bandwidth: Math.max(1, bandwidth), codecs, audioSamplingRate: codec.sampleRate };
  }
  const sound = sounds.reduce((sum, track) => sum + track.bandwidth, 0);
  const { width, height, sampleAspect } = codec;
  const peak = Math.max(1, bandwidth, grant.peakBandwidth - sound);
  return { id, bandwidth: peak, codecs, width, height, sampleAspect, frameRate };
}

/** Each segment lasts to the next one, which comes without a gap that matters. */
function timelineOf(session: PlaybackSession, segments: readonly Segment[]): TimelineSegment[] {
  const { showTimestamps, showNumbers } = session.grant.parameters;
  const offset = mediaTime(session, segments[0]!.run.start) - segments[0]!.run.start;
  return segments.map((segment, index) => ({
    time: segment.start + offset,
    duration: (segments[index + 1]?.start ?? segment.start + segment.duration) - segment.start,
    fragmentTimestampMs: showTimestamps ? segment.shownStart : undefined,
    fragmentNumber: showNumbers ? nameOf(segment).fragmentNumber : undefined,
  }));
}

/** Where a moment of the producer's clock lies in the session's segments; see `PlaybackSession.segment`. */
function mediaTime({ grant }: PlaybackSession, time: number): number {
  return time >= grant.base ? time - grant.base : time;
}
