import type { FrameTable } from "../fragments/frame-table.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segment-list.ts";
import type { Track } from "./tracks.ts";

/** Tables of frames that are read to measure a session's sound, spread over its segments: some milliseconds. */
const MAX_TABLES = 64;
const BITS = 8;
const MS_PER_SECOND = 1000;

/** Bits a second of sounds at the peak, by the number that the producer's header gives their track. */
export type SoundBandwidths = ReadonlyMap<number, number>;

/** Reads the tables of frames of a segment's fragments, as far as there are any. */
export type TableReader = (segment: Segment) => Promise<readonly (FrameTable | undefined)[]>;

/** Measures a session's sounds, once. */
export class SoundMeter {
  readonly #read: TableReader;
  #measured: Promise<SoundBandwidths> | undefined;

  constructor(read: TableReader) {
    this.#read = read;
  }

  /** What `tracks` take over these segments, or over those that were there when it was asked for first. Rejects as `tracks` does. */
  measured(segments: Segments, tracks: () => Promise<readonly Track[]>): Promise<SoundBandwidths> {
    if (this.#measured === undefined) {
      this.#measured = tracks().then((known) => measureSounds(segments, known, (segment) => this.#tablesOf(segment)));
      this.#measured.catch(() => {
        this.#measured = undefined;
      });
    }
    return this.#measured;
  }

  async #tablesOf(segment: Segment): ReturnType<TableReader> {
    try {
      return await this.#read(segment);
    } catch {
      // What cannot be read now, or has expired, is told of when it is played.
      return [undefined];
    }
  }
}

/**
 * Measures sounds over the segments that are there: all of them where they are few, else some at equal distances. What has no table of frames is
 * left out, and so is a sound of which no table tells.
 */
async function measureSounds(
  segments: Segments,
  tracks: readonly Track[],
  tablesOf: TableReader,
): Promise<SoundBandwidths> {
  const sounds = tracks.filter(({ codec }) => codec.kind === "audio");
  const peaks = new Map<number, number>();
  if (sounds.length === 0) return peaks;
  const measured = await Promise.all(
    sampleOf(segments).map(async (segment) => ({ segment, tables: await tablesOf(segment) })),
  );
  for (const { segment, tables } of measured) {
    if (tables.includes(undefined)) continue;
    for (const { source, headBytesPerFrame } of sounds) {
      const bytes = tables.reduce((sum, table) => sum + bytesOf(table!, source, headBytesPerFrame), 0);
      const bandwidth = Math.ceil((bytes * BITS * MS_PER_SECOND) / segment.duration);
      peaks.set(source, Math.max(peaks.get(source) ?? 0, bandwidth));
    }
  }
  return peaks;
}

function sampleOf(segments: Segments): Segment[] {
  const sample: Segment[] = [];
  let tables = 0;
  // As if all were as long as the longest that was met.
  for (let place = 0, longest = 1; place < segments.length && tables < MAX_TABLES; ) {
    const segment = segments.at(place)!;
    longest = Math.max(longest, segment.fragments);
    if (!segment.gap && tables + segment.fragments <= MAX_TABLES) {
      sample.push(segment);
      tables += segment.fragments;
    }
    place += Math.max(1, Math.ceil((segments.length * longest) / MAX_TABLES));
  }
  return sample;
}

/** Bytes of a track's frames in fragmented MP4. */
function bytesOf({ tracks, frames }: FrameTable, source: number, headBytesPerFrame: number): number {
  const place = tracks.findIndex(({ number }) => number === source);
  let bytes = 0;
  for (const frame of frames) if (frame.place === place) bytes += frame.size + headBytesPerFrame;
  return bytes;
}
