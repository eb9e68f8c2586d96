import { coverSpan, VIDEO_TIMESCALE } from "@kvass/media";
import { type BuiltSegment, type Mp4Segment, type Mp4Track, packageTrack } from "./segment-builder.ts";
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
  return packageTrack({ codec, timescale, samples, track: { number: source, name, language } }, 1, sequence % 2 ** 32);
}

/** A segment without any frames, in place of one that is damaged. */
export function emptySegment(offered: readonly Track[], sequence: number): Mp4Segment {
  const tracks = offered.map(({ codec, number, source, name, language }) => {
    const timescale = codec.kind === "audio" ? codec.sampleRate : VIDEO_TIMESCALE;
    const empty = { codec, timescale, samples: [], track: { number: source, name, language } };
    return packageTrack(empty, number, sequence % 2 ** 32);
  });
  return { tracks, bytes: tracks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function standIn({ codec, number, source, name, language }: Track, present: Mp4Track, sequence: number): Mp4Track {
  const timescale = codec.kind === "audio" ? codec.sampleRate : VIDEO_TIMESCALE;
  const sound = { codec, timescale, samples: [], track: { number: source, name, language } };
  const { start, durationMs } = present;
  const span = start !== undefined && { start: start / MS_PER_SECOND, end: (start + durationMs) / MS_PER_SECOND };
  return packageTrack(span ? coverSpan(sound, span) : sound, number, sequence % 2 ** 32);
}
