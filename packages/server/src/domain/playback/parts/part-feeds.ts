import type { FragmentArchive } from "../../fragments/archive.ts";
import type { LiveStreams } from "../../live/live-streams.ts";
import type { Stream } from "../../streams/stream.ts";
import type { Track } from "../tracks.ts";
import { PartFeed } from "./part-feed.ts";
import { partTargetFor } from "./track-parts.ts";

/** Memory for the parts of all streams; beyond it no further stream is cut into parts. A hundred streams of 10 Mbit/s, watched. */
const MAX_BYTES = 512 * 2 ** 20;
/** Milliseconds of a frame where nothing tells: 25 a second, and the usual 20 ms of Opus. */
const ASSUMED_PICTURE_MS = 40;
const ASSUMED_SOUND_MS = 20;
const MS_PER_SECOND = 1000;

/** What feeds are made of. */
export interface PartFeedsOptions {
  readonly live: LiveStreams;
  readonly archive: FragmentArchive;
  readonly now: () => number;
  readonly report: (error: unknown) => void;
}

/** The feeds of the streams that are watched with low latency. */
export class PartFeeds {
  readonly #options: PartFeedsOptions;
  readonly #feeds = new Map<number, PartFeed>();
  #stopped = false;

  constructor(options: PartFeedsOptions) {
    this.#options = options;
  }

  /** The feed of a stream that has these tracks; undefined where memory is used up, or the server stops. */
  of(stream: Stream, tracks: readonly Track[]): PartFeed | undefined {
    const feed = this.#feeds.get(stream.id);
    if (feed !== undefined) return feed;
    let bytes = 0;
    for (const other of this.#feeds.values()) bytes += other.bytes;
    if (this.#stopped || bytes > MAX_BYTES || stream.signal.aborted) return undefined;
    const targetsMs = tracks.map((track) => partTargetFor(frameMs(track)));
    const ended = (feed: PartFeed): void => {
      if (this.#feeds.get(stream.id) === feed) this.#feeds.delete(stream.id);
    };
    const begun = new PartFeed({ ...this.#options, stream, targetsMs, ended });
    this.#feeds.set(stream.id, begun);
    return begun;
  }

  /** The feed of a stream where somebody watches it already. */
  running(stream: Stream): PartFeed | undefined {
    return this.#feeds.get(stream.id);
  }

  /** Ends all of them, for good: whoever waits looks again. */
  stop(): void {
    this.#stopped = true;
    for (const feed of [...this.#feeds.values()]) feed.end();
  }
}

function frameMs({ codec, frameRate }: Track): number {
  if (codec.kind === "video") return frameRate === undefined ? ASSUMED_PICTURE_MS : MS_PER_SECOND / frameRate;
  return codec.samplesPerFrame === undefined
    ? ASSUMED_SOUND_MS
    : (codec.samplesPerFrame * MS_PER_SECOND) / codec.sampleRate;
}
