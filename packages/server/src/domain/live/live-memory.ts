/** Bounds of the media that is held in memory for live readers and for streams without retention. */
export interface LiveLimits {
  /** Bytes of one unfinished fragment that a reader can still join from its beginning; beyond it only the unsealed end is held. */
  readonly windowBytes: number;
  /** Bytes of all windows and buffers of the process together. */
  readonly totalBytes: number;
  /** How long a stream without retention keeps its fragments, in milliseconds. */
  readonly bufferMs: number;
  /** Bytes that a stream without retention keeps. */
  readonly bufferBytes: number;
  /** A fragment in progress that got no data for so long is left by readers when a later one exists, in milliseconds. */
  readonly staleMs: number;
}

export const DEFAULT_LIVE_LIMITS: LiveLimits = Object.freeze({
  // 2 s at 64 Mbit/s, or 10 s of a good camera: what a viewer who joins now would wait for.
  windowBytes: 16 * 2 ** 20,
  // A quarter of the memory of a small server; a thousand producers of 1 Mbit/s with 2 s fragments need 250 MB at most.
  totalBytes: 2 ** 30,
  // AWS keeps no more of a stream without retention (docs, "DataRetentionInHours": 5 minutes or 200 MB).
  bufferMs: 5 * 60_000,
  bufferBytes: 200_000_000,
  // As long as a reader waits at the end of a stream.
  staleMs: 3000,
});

/** Counts the bytes that all live streams of the process hold. */
export class LiveMemory {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get exceeded(): boolean {
    return this.used > this.limit;
  }
}
