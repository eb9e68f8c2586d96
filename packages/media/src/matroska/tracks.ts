import { MatroskaError } from "./error.ts";
import { ID } from "./ids.ts";
import { bigUintOf, binaryOf, type ElementSlice, floatOf, stringOf, uintOf, visitChildren } from "./master.ts";
import type { MatroskaAudio, MatroskaTrack, MatroskaTrackType, MatroskaVideo } from "./model.ts";

/** TrackType numbers (RFC 9559, section 5.1.4.1.3). */
export const TRACK_TYPES: Readonly<Record<Exclude<MatroskaTrackType, "other">, number>> = Object.freeze({
  video: 1,
  audio: 2,
  complex: 3,
  logo: 16,
  subtitle: 17,
  buttons: 18,
  control: 32,
  metadata: 33,
});

const TYPE_BY_NUMBER: ReadonlyMap<number, MatroskaTrackType> = new Map(
  Object.entries(TRACK_TYPES).map(([type, number]) => [number, type as MatroskaTrackType]),
);

function parseVideo(element: ElementSlice): MatroskaVideo {
  const video: MatroskaVideo = { pixelWidth: 0, pixelHeight: 0, displayWidth: undefined, displayHeight: undefined };
  visitChildren(element, (child) => {
    if (child.id === ID.PixelWidth) video.pixelWidth = uintOf(child);
    else if (child.id === ID.PixelHeight) video.pixelHeight = uintOf(child);
    else if (child.id === ID.DisplayWidth) video.displayWidth = uintOf(child);
    else if (child.id === ID.DisplayHeight) video.displayHeight = uintOf(child);
  });
  return video;
}

function parseAudio(element: ElementSlice): MatroskaAudio {
  const audio: MatroskaAudio = { samplingFrequency: 8000, channels: 1, bitDepth: undefined };
  visitChildren(element, (child) => {
    if (child.id === ID.SamplingFrequency) audio.samplingFrequency = floatOf(child);
    else if (child.id === ID.Channels) audio.channels = uintOf(child);
    else if (child.id === ID.BitDepth) audio.bitDepth = uintOf(child);
  });
  return audio;
}

type TrackField = (child: ElementSlice) => Partial<MatroskaTrack>;

/** What each child of a TrackEntry sets. */
const TRACK_FIELDS: ReadonlyMap<number, TrackField> = new Map<number, TrackField>([
  [ID.TrackNumber, (child) => ({ number: uintOf(child) })],
  [ID.TrackUID, (child) => ({ uid: bigUintOf(child) })],
  [ID.TrackType, (child) => ({ type: TYPE_BY_NUMBER.get(uintOf(child)) ?? "other" })],
  [ID.CodecID, (child) => ({ codecId: stringOf(child) })],
  [ID.CodecPrivate, (child) => ({ codecPrivate: binaryOf(child) })],
  [ID.Name, (child) => ({ name: stringOf(child) })],
  [ID.Language, (child) => ({ language: stringOf(child) })],
  [ID.DefaultDuration, (child) => ({ defaultDurationNs: uintOf(child) })],
  [ID.FlagLacing, (child) => ({ lacing: uintOf(child) !== 0 })],
  [ID.CodecDelay, (child) => ({ codecDelayNs: uintOf(child) })],
  [ID.SeekPreRoll, (child) => ({ seekPreRollNs: uintOf(child) })],
  [ID.Video, (child) => ({ video: parseVideo(child) })],
  [ID.Audio, (child) => ({ audio: parseAudio(child) })],
]);

function parseTrackEntry(element: ElementSlice): MatroskaTrack {
  const track: MatroskaTrack = {
    number: 0,
    uid: 0n,
    type: "other",
    codecId: "",
    codecPrivate: undefined,
    name: undefined,
    language: "eng",
    defaultDurationNs: undefined,
    lacing: true,
    codecDelayNs: 0,
    seekPreRollNs: 0,
    video: undefined,
    audio: undefined,
  };
  visitChildren(element, (child) => Object.assign(track, TRACK_FIELDS.get(child.id)?.(child)));
  const offset = element.base + element.start;
  if (track.number === 0)
    throw new MatroskaError("missing-element", "TrackNumber", offset, "a number above 0 in each TrackEntry");
  if (track.codecId === "")
    throw new MatroskaError("missing-element", "CodecID", offset, "a CodecID in each TrackEntry");
  return track;
}

/** Reads a Tracks element (RFC 9559, section 5.1.4) of 1 to `maxTracks` tracks with different numbers. */
export function parseTracks(element: ElementSlice, maxTracks: number): MatroskaTrack[] {
  const tracks = new Map<number, MatroskaTrack>();
  visitChildren(element, (child) => {
    if (child.id !== ID.TrackEntry) return;
    const offset = child.base + child.start;
    if (tracks.size === maxTracks) {
      throw new MatroskaError("limit-exceeded", "Tracks", offset, `at most ${maxTracks} tracks`);
    }
    const track = parseTrackEntry(child);
    if (tracks.has(track.number)) {
      throw new MatroskaError("duplicate-element", "TrackNumber", offset, `one track with the number ${track.number}`);
    }
    tracks.set(track.number, track);
  });
  if (tracks.size === 0) {
    throw new MatroskaError("missing-element", "TrackEntry", element.base, "at least one track in Tracks");
  }
  return [...tracks.values()];
}
