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
  if (session.isStatic) return staticManifest(session, segments, longest);
  const periods: Period[] = [];
  const runs = runsOf(segments);
  for (const run of runs) {
    const { presentedAt, start } = run[0]!.run;
    const open = !ended && run === runs.at(-1);
    periods.push(await periodOf(session, { segments: run, id: run[0]!.run.number, presentedAt, start, open }));
  }
  const delayMs = DELAY_TARGETS * Math.max(grant.targetSeconds * 1000, longest);
  return manifest({
    maxSegmentDurationMs: longest,
    periods,
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

/** The manifest of an archived range. What has expired is left out, and closed as the gaps between runs are: no segment can be marked as missing. */
async function staticManifest(session: PlaybackSession, segments: Segments, longest: number): Promise<string> {
  const periods: Period[] = [];
  let durationMs = 0;
  for (const run of runsOf(segments)) {
    const { start, number } = run[0]!;
    const stretch = { segments: run, id: number, presentedAt: durationMs, start, open: false };
    periods.push(await periodOf(session, stretch));
    durationMs += endOf(stretch);
  }
  return manifest({ maxSegmentDurationMs: longest, periods, type: "static", durationMs });
}

/** Milliseconds on the presentation's timeline. */
function presentedStart(segment: Segment | undefined): number {
  return segment === undefined ? 0 : segment.run.presentedAt + segment.start - segment.run.start;
}

const presentedEnd = (segment: Segment | undefined): number => presentedStart(segment) + (segment?.duration ?? 0);

/** Runs of what is there, each up to where something is missing. */
function runsOf(segments: Segments): Segment[][] {
  const runs: Segment[][] = [];
  let run: Segment[] | undefined;
  for (const segment of segments) {
    if (segment.gap) {
      run = undefined;
    } else if (run !== undefined && run[0]!.run === segment.run) {
      run.push(segment);
    } else {
      run = [segment];
      runs.push(run);
    }
  }
  return runs;
}

/** What a period shows. */
interface Stretch {
  readonly segments: readonly Segment[];
  /** Segment that it is named after. */
  readonly id: number;
  /** Milliseconds on the presentation's timeline at which it begins. */
  readonly presentedAt: number;
  /** The same moment on the producer's clock, in milliseconds since the epoch. */
  readonly start: number;
  /** Whether more of it may come. */
  readonly open: boolean;
}

/** Milliseconds from the beginning of a stretch to its end. */
function endOf({ segments, start }: Stretch): number {
  const end = segments.at(-1)!;
  return end.start + end.duration - start;
}

async function periodOf(session: PlaybackSession, stretch: Stretch): Promise<Period> {
  const tracks = await session.tracksOf(stretch.segments[0]!);
  return {
    id: String(stretch.id),
    startMs: stretch.presentedAt,
    durationMs: stretch.open ? undefined : endOf(stretch),
    adaptationSets: tracks.map((track) => adaptationSet(session, track, tracks, stretch)),
  };
}

function adaptationSet(
  session: PlaybackSession,
  track: Track,
  tracks: readonly Track[],
  { segments, start }: Stretch,
): AdaptationSet {
  const { codec, number } = track;
  const first = segments[0]!;
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
      presentationTimeOffset: mediaTime(session, start),
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
