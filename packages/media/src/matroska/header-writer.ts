import { element, floatElement, stringElement, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";
import type { MatroskaAudio, MatroskaTrack, MatroskaTrackType, MatroskaVideo } from "./model.ts";
import { TRACK_TYPES } from "./tracks.ts";

/** What a producer says of a track; what it leaves out is not written. */
export type TrackSettings = Pick<MatroskaTrack, "number" | "codecId"> & {
  type: Exclude<MatroskaTrackType, "other">;
  video?: Pick<MatroskaVideo, "pixelWidth" | "pixelHeight"> | undefined;
  audio?: { samplingFrequency: number; channels: number; bitDepth?: MatroskaAudio["bitDepth"] } | undefined;
} & Partial<Pick<MatroskaTrack, "uid" | "codecPrivate" | "name" | "language" | "defaultDurationNs">>;

/** What a producer says of its Segment; times as in `MatroskaHeader`. */
export interface InfoSettings {
  timecodeScaleNs?: number;
  /** In ticks; always takes the same space, so that it can be written over when it is known. */
  duration?: number;
  title?: string;
  muxingApp: string;
  writingApp: string;
}

/**
 * An EBML header (RFC 8794, section 11.2) of Matroska version 4 that readers of version 2 understand, since it has
 * SimpleBlocks.
 */
export function ebmlHeader(docType: "matroska" | "webm" = "matroska"): Uint8Array {
  return element(ID.EBML, [
    uintElement(ID.EBMLVersion, 1),
    uintElement(ID.EBMLReadVersion, 1),
    uintElement(ID.EBMLMaxIDLength, 4),
    uintElement(ID.EBMLMaxSizeLength, 8),
    stringElement(ID.DocType, docType),
    uintElement(ID.DocTypeVersion, 4),
    uintElement(ID.DocTypeReadVersion, 2),
  ]);
}

/** An Info element (RFC 9559, section 5.1.2); ticks are milliseconds where the scale is left out. */
export function infoElement(settings: InfoSettings): Uint8Array {
  const { timecodeScaleNs = 1_000_000, duration, title, muxingApp, writingApp } = settings;
  return element(ID.Info, [
    uintElement(ID.TimestampScale, timecodeScaleNs),
    ...(duration === undefined ? [] : [floatElement(ID.Duration, duration)]),
    ...(title === undefined ? [] : [stringElement(ID.Title, title)]),
    stringElement(ID.MuxingApp, muxingApp),
    stringElement(ID.WritingApp, writingApp),
  ]);
}

function videoElement(video: NonNullable<TrackSettings["video"]>): Uint8Array {
  return element(ID.Video, [
    uintElement(ID.PixelWidth, video.pixelWidth),
    uintElement(ID.PixelHeight, video.pixelHeight),
  ]);
}

function audioElement(audio: NonNullable<TrackSettings["audio"]>): Uint8Array {
  return element(ID.Audio, [
    floatElement(ID.SamplingFrequency, audio.samplingFrequency),
    uintElement(ID.Channels, audio.channels),
    ...(audio.bitDepth === undefined ? [] : [uintElement(ID.BitDepth, audio.bitDepth)]),
  ]);
}

function trackEntry(track: TrackSettings): Uint8Array {
  const {
    number,
    uid = BigInt(number),
    type,
    codecId,
    codecPrivate,
    name,
    language = "und",
    defaultDurationNs,
  } = track;
  return element(ID.TrackEntry, [
    uintElement(ID.TrackNumber, number),
    uintElement(ID.TrackUID, uid),
    uintElement(ID.TrackType, TRACK_TYPES[type]),
    uintElement(ID.FlagLacing, 0),
    stringElement(ID.Language, language),
    stringElement(ID.CodecID, codecId),
    ...(name === undefined ? [] : [stringElement(ID.Name, name)]),
    ...(defaultDurationNs === undefined ? [] : [uintElement(ID.DefaultDuration, defaultDurationNs)]),
    ...(track.video ? [videoElement(track.video)] : []),
    ...(track.audio ? [audioElement(track.audio)] : []),
    ...(codecPrivate ? [element(ID.CodecPrivate, codecPrivate)] : []),
  ]);
}

/** A Tracks element (RFC 9559, section 5.1.4). */
export function tracksElement(tracks: readonly TrackSettings[]): Uint8Array {
  return element(ID.Tracks, tracks.map(trackEntry));
}
