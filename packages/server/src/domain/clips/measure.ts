import { frameSamples, frameSamplesBySize, type MediaCodec, type TimedFrame } from "@kvass/media";
import type { FrameTable, TableFrame } from "../fragments/frame-table.ts";
import type { TrackFrames } from "./frames.ts";
import type { ClipTrack } from "./tracks.ts";

/** What the tables of a clip need to know of a frame's bytes. */
export interface FrameMeasure {
  readonly length: number;
  /** Samples of sound, 0 where its bytes do not tell. */
  readonly samples: number;
}

/** Frames in the order in which they stand in the clip: those of its first track, then those of the next, and so on. */
export type MeasuredFrames = readonly (readonly TimedFrame<FrameMeasure>[])[];

/** The measures of frames that have been read. */
export function measureFrames(frames: TrackFrames, tracks: readonly ClipTrack[]): MeasuredFrames {
  return frames.map((packets, slot) => {
    const { codec } = tracks[slot]!;
    return packets.map(({ data, timestampUs, durationUs, keyframe }) => {
      const samples = codec.kind === "audio" ? frameSamples(codec, data) : 0;
      return { data: { length: data.length, samples }, timestampUs, durationUs, keyframe };
    });
  });
}

/** Whether the sizes of frames tell all that a clip needs to know, so that tables of them will do. */
export function isMeasuredBySize(tracks: readonly ClipTrack[]): boolean {
  return tracks.every(({ codec }) => codec.kind === "video" || frameSamplesBySize(codec, 1) !== undefined);
}

/**
 * The measures of a fragment's frames by its table, for each of the pieces in which they will be read, in order. Undefined where the table does
 * not tell that each frame is one of its codec and stands in the clip as it is: then they are to be read.
 */
export function measureTable(table: FrameTable, tracks: readonly ClipTrack[]): MeasuredFrames[] | undefined {
  if (!tracks.every((track) => isTold(table, track))) return undefined;
  const slots = table.tracks.map(({ number }) => tracks.findIndex(({ track }) => track.number === number));
  const pieces: TimedFrame<FrameMeasure>[][][] = [];
  let part = -1;
  for (const frame of table.frames) {
    const slot = slots[frame.place]!;
    const clipTrack = tracks[slot];
    if (clipTrack === undefined) continue;
    if (frame.size === 0) return undefined;
    if (frame.part !== part) pieces.push(tracks.map(() => []));
    part = frame.part;
    pieces.at(-1)![slot]!.push(measured(frame, clipTrack.codec));
  }
  return pieces;
}

function isTold({ tracks }: FrameTable, { track, codec }: ClipTrack): boolean {
  const told = tracks.find(({ number }) => number === track.number);
  if (told === undefined) return false;
  return codec.kind === "audio" || codec.nalLengthBytes === 0 || codec.nalLengthBytes === told.nalLengthBytes;
}

function measured(
  { size, timestampUs, durationUs, keyframe }: TableFrame,
  codec: MediaCodec,
): TimedFrame<FrameMeasure> {
  const samples = codec.kind === "audio" ? (frameSamplesBySize(codec, size) ?? 0) : 0;
  return { data: { length: size, samples }, timestampUs, durationUs, keyframe };
}
