/** The bounds of a file journal, each with its reason. */
export interface JournalLimits {
  /** A segment takes no new fragment from this length on: long enough that there are few files, short enough to compact at one go. */
  readonly segmentBytes: number;
  /** Nor from this age on, so that a segment of slow streams expires soon after its newest fragment. */
  readonly segmentAgeMs: number;
  /** A segment that is mostly dead takes no new fragment either from this length on, or from none while there is no space. */
  readonly sparseBytes: number;
  /** Syncs a second, all segments together, from which on fragments share them. */
  readonly syncsPerSecond: number;
  /** Syncs that may follow at once upon a quiet moment. */
  readonly syncBurst: number;
  /** Bytes queued or written, not yet durable, from which on `append` makes writers wait. */
  readonly pendingBytes: number;
  /** The quota: most bytes of all segment files. */
  readonly maxBytes: number;
  /** Bytes of the file system that stay free: room for the index, and for compaction to free space. */
  readonly minFreeBytes: number;
  /** Time between two looks at the disk, and so the longest that ingest stays off after space or the device has come back. */
  readonly probeIntervalMs: number;
  /** Bytes a second that `collect` copies at most, so that ingest keeps the disk. */
  readonly compactionBytesPerSecond: number;
  /** Bytes that one `collect` copies at most, and one segment more: a stop waits for the segment that is being copied. */
  readonly compactionBytes: number;
}

const MIB = 1024 * 1024;

/** The bounds that hold where the configuration does not say otherwise. */
export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  segmentBytes: 256 * MIB,
  segmentAgeMs: 3_600_000,
  sparseBytes: 16 * MIB,
  syncsPerSecond: 84,
  syncBurst: 8,
  pendingBytes: 64 * MIB,
  maxBytes: Number.MAX_SAFE_INTEGER,
  minFreeBytes: 256 * MIB,
  probeIntervalMs: 1000,
  compactionBytesPerSecond: 64 * MIB,
  compactionBytes: 64 * MIB,
};
