/** Bounds on GetClip. */
export interface ClipLimits {
  /** Fragments of one clip. */
  readonly maxFragments: number;
  /** Bytes of one clip's fragments as they are stored. */
  readonly maxBytes: number;
  /** Whether a longer range gives a clip of its beginning without a word; it is refused otherwise. */
  readonly cutsLongRanges: boolean;
  /** Whether a range by server time may begin before the oldest fragment that the stream still has. */
  readonly beginsBeforeHorizon: boolean;
  /** Whether only the codecs of AWS's documentation are put into a clip. */
  readonly awsCodecs: boolean;
  /** Clips of the whole server at a time; beyond it `client-limit`. */
  readonly maxConcurrent: number;
}

/** Kvass's own bounds: what protects the server, not what meters its users. */
export const GENEROUS_CLIP_LIMITS: ClipLimits = Object.freeze({
  // 24 h of two fragments a second are 172,800; their rows take some 40 MB.
  maxFragments: 200_000,
  // 24 h at 3 Mbit/s. A clip is read from the disk while it is sent, so this costs time, not memory.
  maxBytes: 32 * 2 ** 30,
  cutsLongRanges: false,
  beginsBeforeHorizon: true,
  awsCodecs: false,
  // Each holds up to 5 MB while its client is slow.
  maxConcurrent: 64,
});

/** The quotas of Kinesis Video Streams (AWS docs, "GetClip", "Kinesis Video Streams service quotas"). */
export const AWS_CLIP_LIMITS: ClipLimits = Object.freeze({
  ...GENEROUS_CLIP_LIMITS,
  maxFragments: 200,
  maxBytes: 100_000_000,
  cutsLongRanges: true,
  beginsBeforeHorizon: false,
  awsCodecs: true,
});
