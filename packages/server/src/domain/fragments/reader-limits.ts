import type { PaceLimits } from "./pace.ts";

/** Bounds on GetMedia and GetMediaForFragmentList. The pace is that of one connection; fragments a second are of GetMedia alone. */
export interface ReaderLimits extends PaceLimits {
  /** GetMedia connections of one stream at a time; beyond it `connection-limit`. Infinity for no bound. */
  readonly maxReaders: number;
  /** GetMediaForFragmentList calls of one stream at a time; beyond it `connection-limit`. Infinity for no bound. */
  readonly maxListReaders: number;
  /** GetMedia calls a second on one stream; beyond it `client-limit`. Infinity for no bound. */
  readonly callsPerSecond: number;
  /** Age at which GetMedia ends, in milliseconds. Infinity for no bound. */
  readonly maxReadMs: number;
  /** GetMedia ends when it has sent something, no fragment is in progress, and nothing has come for so long, in milliseconds. */
  readonly idleMs: number;
  /** The same where it has sent nothing yet: as long as a producer may be silent. */
  readonly firstIdleMs: number;
}

/** Kvass's own bounds: as many readers as the machine carries. */
export const GENEROUS_READER_LIMITS: ReaderLimits = Object.freeze({
  maxReaders: Number.POSITIVE_INFINITY,
  maxListReaders: Number.POSITIVE_INFINITY,
  callsPerSecond: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  fragmentsPerSecond: Number.POSITIVE_INFINITY,
  maxReadMs: Number.POSITIVE_INFINITY,
  // AWS docs: "if no new fragments arrive for 3 seconds".
  idleMs: 3000,
  firstIdleMs: 30_000,
});

/** The quotas of Kinesis Video Streams (AWS docs, "Kinesis Video Streams service quotas"). */
export const AWS_READER_LIMITS: ReaderLimits = Object.freeze({
  ...GENEROUS_READER_LIMITS,
  maxReaders: 3,
  maxListReaders: 5,
  callsPerSecond: 5,
  bytesPerSecond: 25_000_000,
  fragmentsPerSecond: 5,
  maxReadMs: 45 * 60_000,
});
