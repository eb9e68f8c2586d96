import type { AudioCodec } from "../codecs/model.ts";
import { silentFrame } from "../codecs/silence.ts";
import { frameSamples } from "./frame-samples.ts";
import type { CodedSamples, Sample, TrackSamples } from "./model.ts";

/**
 * One track of a segment may begin so much later than another, or end so much earlier, in seconds, and nothing be missing: muxers put what is
 * played together side by side, and what seems to be missing may lie in the segment before or the one behind.
 */
export const INTERLEAVING_S = 0.25;

/** When something begins and ends, in seconds or in ticks. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Adds silent frames where the sound of a segment is missing for more than a quarter of a second of its pictures: players of Media Source Extensions, which
 * play only what all tracks have, would skip those pictures or wait for sound. The last silent frame lasts to what follows; pauses between
 * frames of sound are covered by their durations already. Tracks of codecs that `silentFrame` has none for stay as they are, as do
 * all where no pictures are.
 */
export function fillSilence(tracks: readonly TrackSamples[]): readonly TrackSamples[] {
  const pictures = tracks.find(({ codec, samples }) => codec.kind === "video" && samples.length > 0);
  if (pictures === undefined) return tracks;
  const shown = spanOf(pictures);
  return tracks.map((track) => coverSpan(track, shown));
}

/** One track of sound, with silence where it is missing from a span in seconds, as `fillSilence` adds it; pictures stay as they are. */
export function coverSpan<Coded extends CodedSamples>(track: Coded, { start, end }: Span): Coded {
  const { codec, timescale } = track;
  if (codec.kind === "video") return track;
  return filled(track, codec, { start: Math.round(start * timescale), end: Math.round(end * timescale) });
}

/** When the first of a track's samples, of which there is one at least, is presented, and when the last one ends; in seconds. */
export function spanOf({ samples, timescale }: TrackSamples): Span {
  let start = Number.POSITIVE_INFINITY;
  for (const { decodeTime, compositionOffset } of samples) start = Math.min(start, decodeTime + compositionOffset);
  const last = samples[samples.length - 1]!;
  return { start: start / timescale, end: (last.decodeTime + last.duration) / timescale };
}

function filled<Coded extends CodedSamples>(track: Coded, codec: AudioCodec, { start, end }: Span): Coded {
  const { samples, timescale } = track;
  const margin = INTERLEAVING_S * timescale;
  const last = samples[samples.length - 1];
  const begun = samples[0]?.decodeTime ?? end;
  const ended = last === undefined ? end : last.decodeTime + last.duration;
  if (begun - start <= margin && end - ended <= margin) return track;
  const data = silentFrame(codec);
  if (data === undefined) return track;
  const frame = { data, compositionOffset: 0, keyframe: true, duration: frameSamples(codec, data) };
  // Where the segment has sound behind it, a gap is known to be one.
  const before = begun - start > margin ? silence(frame, { start, end: begun }, last === undefined ? margin : 0) : [];
  const after = end - ended > margin ? silence(frame, { start: ended, end }, margin) : [];
  return { ...track, samples: [...before, ...samples, ...after] };
}

/** Frames from the start on that end at least `margin` before the end, at least one; the last one lasts up to it. In ticks. */
function silence(frame: Omit<Sample, "decodeTime">, { start, end }: Span, margin: number): Sample[] {
  const count = Math.max(1, Math.floor((end - margin - start) / frame.duration));
  return Array.from({ length: count }, (_, place) => {
    const decodeTime = start + place * frame.duration;
    return { ...frame, decodeTime, duration: place === count - 1 ? end - decodeTime : frame.duration };
  });
}
