import { INTERLEAVING_S } from "./fill-silence.ts";
import type { TrackSamples } from "./model.ts";

/**
 * Shows the first picture of a segment from where its sound begins, where that is more than a quarter of a second earlier, and the segment
 * has begun: players of Media Source Extensions, which play only what all tracks have, would leave that sound out. No other time changes.
 *
 * @param startS when the segment begins, in seconds on the timeline of the samples: what lies before belongs to the pictures before it
 */
export function holdFirstPicture(tracks: readonly TrackSamples[], startS: number): readonly TrackSamples[] {
  const pictures = tracks.find(({ codec, samples }) => codec.kind === "video" && samples.length > 0);
  const sounds = tracks.filter(({ codec, samples }) => codec.kind === "audio" && samples.length > 0);
  if (pictures === undefined || sounds.length === 0) return tracks;
  const heard = Math.min(...sounds.map(({ samples, timescale }) => samples[0]!.decodeTime / timescale));
  const [first, ...others] = pictures.samples;
  const shown = first!.decodeTime + first!.compositionOffset;
  const heldTicks = shown - Math.round(Math.max(startS, heard) * pictures.timescale);
  if (heldTicks <= INTERLEAVING_S * pictures.timescale) return tracks;
  const held = { ...first!, decodeTime: first!.decodeTime - heldTicks, duration: first!.duration + heldTicks };
  return tracks.map((track) => (track === pictures ? { ...track, samples: [held, ...others], heldTicks } : track));
}
