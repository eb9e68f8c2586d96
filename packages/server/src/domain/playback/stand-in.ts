import { coverSpan, transportSegment, VIDEO_TIMESCALE } from "@kvass/media";
import {
  type BuiltSegment,
  type Mp4Segment,
  type Mp4Track,
  muxedTracks,
  packageTrack,
  type SegmentTrack,
  type TransportSegment,
} from "./built-segment.ts";
import { PlaybackRefusal } from "./refusal.ts";
import type { Track } from "./tracks.ts";

const MS_PER_SECOND = 1000;

/**
 * Whether a segment has one of the same kind in the place of each of a session's tracks, up to the one of that number. Where nobody knows the session's yet,
 * segments that have pictures are taken for those of one that does.
 */
export const hasTracks = (
  { tracks }: BuiltSegment,
  offered: readonly Pick<Track, "codec">[] | undefined,
  number: number,
): boolean =>
  tracks.length >= number && tracks[0]?.codec.kind === (offered === undefined ? "video" : offered[0]?.codec.kind);

/**
 * A segment of a producer that left out tracks meanwhile, with all that the session offers in their places: players of Media Source Extensions play
 * only what all tracks have. In place of sound there is silence, or no frames where its codec has none, and in place of pictures one that stays. What
 * the session does not offer is left out where it would take the place of another.
 *
 * @param first gives the session's first segment, whose first picture, a key frame, stays
 */
export async function withStandIns(
  segment: Mp4Segment,
  sequence: number,
  offered: readonly Track[],
  first: () => Promise<Mp4Segment>,
): Promise<Mp4Segment> {
  const [main] = offered;
  const [present] = segment.tracks;
  if (main === undefined || present === undefined) return segment;
  const sounds = segment.tracks.filter(({ codec }) => codec.kind === "audio");
  const tracks: Mp4Track[] = [...sounds];
  if (main.codec.kind === "video") {
    const isPicture = present.codec.kind === "video";
    tracks.unshift(isPicture ? present : (still(await first(), present, sequence) ?? standIn(main, present, sequence)));
  }
  const missing = offered.slice(tracks.length);
  return { ...segment, tracks: [...tracks, ...missing.map((track) => standIn(track, present, sequence))] };
}

/** One picture for as long as another track lasts. */
function still({ tracks: [pictures], memory }: Mp4Segment, present: Mp4Track, sequence: number): Mp4Track | undefined {
  try {
    return pictures?.codec.kind === "video" ? lasting(pictures, present, sequence) : undefined;
  } finally {
    memory?.letGo();
  }
}

function lasting(pictures: Mp4Track, { start = 0, durationMs }: Mp4Track, sequence: number): Mp4Track {
  const { codec, timescale, source, name, language, firstBytes, media } = pictures;
  const ticks = (ms: number): number => Math.round(ms * (timescale / MS_PER_SECOND));
  const data = media.payload[0]!.subarray(0, firstBytes);
  const decodeTime = ticks(start);
  const duration = ticks(start + durationMs) - decodeTime;
  const samples = [{ data, decodeTime, compositionOffset: 0, duration, keyframe: true }];
  return packageTrack({ codec, timescale, samples, track: { number: source, name, language } }, sequence);
}

/** A segment without any frames, in place of one that is damaged. */
export function emptySegment(offered: readonly Track[], sequence: number): Mp4Segment {
  const tracks = offered.map((track) => packageTrack(withoutFrames(track), sequence));
  return { tracks, bytes: tracks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/**
 * The bytes of a track of a session as MPEG-TS, of which the first stands for the picture and its sound; silence stands in for a further sound that
 * the segment lacks. Throws PlaybackRefusal `not-found` where the session has no such track.
 * @param offered the session's tracks
 */
export function transportTrack(segment: TransportSegment, number: number, offered: readonly Track[]): Uint8Array {
  const place = number - 1 - muxedTracks(offered);
  const known = place < 0 ? segment.payload : segment.sounds[place];
  if (known !== undefined) return known;
  const track = offered[number - 1];
  if (track === undefined) throw new PlaybackRefusal("not-found", `The session has no track ${number}.`);
  return transportSegment({ audio: silence(track, segment.tracks[0]!) });
}

function standIn(offered: Track, present: Mp4Track, sequence: number): Mp4Track {
  return packageTrack(silence(offered, present), sequence);
}

/** Silence for as long as a track of the segment lasts; no samples where it has no frame, and of codecs without silence. */
function silence(offered: Track, { start, durationMs }: SegmentTrack) {
  const none = withoutFrames(offered);
  if (start === undefined) return none;
  return coverSpan(none, { start: start / MS_PER_SECOND, end: (start + durationMs) / MS_PER_SECOND });
}

function withoutFrames({ codec, source, name, language }: Track) {
  const timescale = codec.kind === "audio" ? codec.sampleRate : VIDEO_TIMESCALE;
  return { codec, timescale, samples: [], track: { number: source, name, language, codecId: codec.name } };
}
