import { coverSpan, VIDEO_TIMESCALE } from "@kvass/media";
import { type Mp4Segment, type Mp4Track, packageTrack } from "./segment-builder.ts";
import type { Track } from "./tracks.ts";

const MS_PER_SECOND = 1000;

/**
 * A segment with tracks of silence in place of sound that the session offers and this segment, of a producer that left it out meanwhile, lacks: players of
 * Media Source Extensions play only what all tracks have. Tracks of codecs without silence have no frames. The segment itself where it lacks nothing, or
 * has other kinds of tracks in the places of the session's.
 */
export function withStandIns(segment: Mp4Segment, sequence: number, offered: readonly Track[]): Mp4Segment {
  const { tracks } = segment;
  const missing = offered.slice(tracks.length);
  if (missing.length === 0 || tracks[0]?.codec.kind !== "video" || offered[0]!.codec.kind !== "video") return segment;
  return { ...segment, tracks: [...tracks, ...missing.map((track) => standIn(track, tracks[0]!, sequence))] };
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

function standIn({ codec, number, source, name, language }: Track, pictures: Mp4Track, sequence: number): Mp4Track {
  const timescale = codec.kind === "audio" ? codec.sampleRate : pictures.timescale;
  const sound = { codec, timescale, samples: [], track: { number: source, name, language } };
  const { start, durationMs } = pictures;
  const span = start !== undefined && { start: start / MS_PER_SECOND, end: (start + durationMs) / MS_PER_SECOND };
  return packageTrack(span ? coverSpan(sound, span) : sound, number, sequence % 2 ** 32);
}
