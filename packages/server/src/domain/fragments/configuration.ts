import { crc32 } from "node:zlib";
import type { MatroskaHeader, MatroskaTrack } from "@kvass/media";

/**
 * 32 bits that change where a decoder must be set up anew: number, kind, codec and codec data of each track, picture size, sampling rate
 * and channels. Names, languages and the muxer's words do not count.
 */
export function configurationOf({ tracks }: MatroskaHeader): number {
  return tracks.reduce((sum, track) => addTrack(track, sum), 0);
}

function addTrack(track: MatroskaTrack, sum: number): number {
  const { number, type, codecId, codecPrivate, video, audio } = track;
  const picture = [video?.pixelWidth, video?.pixelHeight, video?.displayWidth, video?.displayHeight];
  const sound = [audio?.samplingFrequency, audio?.channels, audio?.bitDepth];
  const words = JSON.stringify([number, type, codecId, picture, sound, codecPrivate?.length]);
  return crc32(codecPrivate ?? new Uint8Array(0), crc32(words, sum));
}
