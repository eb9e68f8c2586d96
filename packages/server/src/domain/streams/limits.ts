/** Bounds on what the control plane keeps. */
export interface StreamLimits {
  /** Streams that may exist at once. */
  readonly streams: number;
}

/** Roomy defaults: a catalog of 100,000 streams is some 100 MB, and listing it stays a matter of seconds. */
export const GENEROUS_STREAM_LIMITS: StreamLimits = { streams: 100_000 };

/** The quota of an AWS account (AWS docs, "Kinesis Video Streams service quotas"). */
export const AWS_STREAM_LIMITS: StreamLimits = { streams: 10_000 };
