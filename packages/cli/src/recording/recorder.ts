import type { ReceivedFragment } from "@kvass/client";
import type { MatroskaHeader, MatroskaTrack } from "@kvass/media";
import { type FileCluster, MatroskaFile } from "./matroska-file.ts";
import type { Output } from "./output.ts";
import { SentAgain } from "./sent-again.ts";
import { Timeline, type TrackSpan } from "./timeline.ts";

/** Where recordings go: the first file, and further ones where the tracks change on the way. */
export interface Recording {
  /** Opens the output of part `index`, from 0. The same output may be given again: the parts then follow each other in it. */
  open(index: number): Promise<Output>;
  readonly keepGaps: boolean;
}

/** What has been written so far. */
export interface RecordingProgress {
  fragments: number;
  frames: number;
  bytes: number;
  /** Playing time of all parts. */
  durationMs: number;
  parts: number;
}

interface Part {
  readonly file: MatroskaFile;
  readonly output: Output;
  readonly header: MatroskaHeader;
  readonly timeline: Timeline;
  /** Of each track by its number, the mean distance of frames in its latest fragment with several, in ticks. */
  readonly intervals: Map<number, number>;
}

/** Writes fragments, in the order in which they shall play, into as few Matroska files as their tracks allow: usually one. */
export class Recorder {
  readonly #recording: Recording;
  readonly #sentAgain = new SentAgain();
  #part: Part | undefined;
  #finishedMs = 0;
  readonly #progress = { fragments: 0, frames: 0, bytes: 0, parts: 0 };
  #finishedBytes = 0;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  get progress(): RecordingProgress {
    const durationMs = this.#finishedMs + (this.#part === undefined ? 0 : playingMs(this.#part));
    return { ...this.#progress, durationMs, bytes: this.#finishedBytes + (this.#part?.file.position ?? 0) };
  }

  /** Adds a fragment; one that was sent again, and is there already, is left out. */
  async add(fragment: ReceivedFragment): Promise<void> {
    if (fragment.frames.length === 0 || this.#sentAgain.has(fragment)) return;
    const part = await this.#partFor(fragment.header);
    const frames = timedFrames(fragment);
    const tracks = Map.groupBy(frames, ({ packet }) => packet.track.number);
    const span = {
      timecode: fragment.timecode,
      timecodeScaleNs: fragment.header.timecodeScaleNs,
      producerTimestamp: fragment.producerTimestamp,
      ...extentOf(tracks, part.intervals, fragment.header.timecodeScaleNs),
      tracks: new Map([...tracks].map(([number, own]) => [number, trackSpan(own)])),
    };
    await part.file.addCluster({ timecode: part.timeline.place(span), frames });
    this.#progress.fragments++;
    this.#progress.frames += frames.length;
  }

  /** Completes the last file. */
  async finish(): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    await part.file.finish(part.timeline.end);
    await part.output.close();
    this.#finishedMs += playingMs(part);
    this.#finishedBytes += part.file.position;
  }

  async #partFor(header: MatroskaHeader): Promise<Part> {
    if (this.#part !== undefined && canShareFile(this.#part.header, header)) return this.#part;
    await this.finish();
    const output = await this.#recording.open(this.#progress.parts++);
    const file = await MatroskaFile.begin(output, header);
    this.#part = { file, output, header, timeline: new Timeline(this.#recording), intervals: new Map() };
    return this.#part;
  }
}

const playingMs = ({ timeline, header }: Part): number => (timeline.end * header.timecodeScaleNs) / 1_000_000;

/** Whether a player that was set up by one header can go on with the other's frames. Identifiers and names may differ. */
function canShareFile(a: MatroskaHeader, b: MatroskaHeader): boolean {
  if (a === b) return true;
  if (a.timecodeScaleNs !== b.timecodeScaleNs || a.tracks.length !== b.tracks.length) return false;
  return a.tracks.every((track, index) => isSameTrack(track, b.tracks[index]!));
}

function isSameTrack(a: MatroskaTrack, b: MatroskaTrack): boolean {
  return (
    a.number === b.number &&
    a.type === b.type &&
    a.codecId === b.codecId &&
    a.video?.pixelWidth === b.video?.pixelWidth &&
    a.video?.pixelHeight === b.video?.pixelHeight &&
    a.audio?.samplingFrequency === b.audio?.samplingFrequency &&
    a.audio?.channels === b.audio?.channels &&
    Buffer.compare(a.codecPrivate ?? NOTHING, b.codecPrivate ?? NOTHING) === 0
  );
}

const NOTHING = new Uint8Array(0);

/** Each frame with its place in the Cluster; the frames of a laced block are spread by their duration. */
function timedFrames({ frames, timecode, header }: ReceivedFragment): FileCluster["frames"] {
  const ticksPerUs = 1000 / header.timecodeScaleNs;
  return frames.map((packet) => ({
    packet,
    relativeTimecode: Math.round(packet.timestampUs * ticksPerUs - timecode),
  }));
}

type Frames = FileCluster["frames"];

/**
 * When the first frame begins and the last one ends, in ticks from the Cluster's timecode: by its duration, or else by the usual distance of its
 * track's frames, as the archive counts. Keeps that distance in `intervals` for a fragment that has but one frame.
 */
function extentOf(
  tracks: ReadonlyMap<number, Frames>,
  intervals: Map<number, number>,
  timecodeScaleNs: number,
): { begin: number; end: number } {
  let begin = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const [number, frames] of tracks) {
    const { first, last } = trackSpan(frames);
    if (frames.length > 1) intervals.set(number, (last - first) / (frames.length - 1));
    const durationUs = frames.find(({ relativeTimecode }) => relativeTimecode === last)?.packet.durationUs;
    const ticks = durationUs === undefined ? (intervals.get(number) ?? 0) : (durationUs * 1000) / timecodeScaleNs;
    begin = Math.min(begin, first);
    end = Math.max(end, last + Math.round(ticks));
  }
  return { begin, end };
}

function trackSpan(frames: Frames): TrackSpan {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { relativeTimecode } of frames) {
    first = Math.min(first, relativeTimecode);
    last = Math.max(last, relativeTimecode);
  }
  return { first, last };
}
