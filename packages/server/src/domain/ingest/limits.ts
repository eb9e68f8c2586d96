/** Bounds on one PutMedia session and on the sessions of one stream. Each has its own option; two presets name them all. */
export interface IngestLimits {
  /** Milliseconds of media in one fragment; beyond it 4002. */
  readonly maxFragmentMs: number;
  /** Bytes of one fragment; beyond it 4001. */
  readonly maxFragmentBytes: number;
  /** Tracks that a producer may declare; beyond it 4012. */
  readonly maxTracks: number;
  /** Metadata tags of one fragment, END_OF_FRAGMENT apart; beyond it 4009. */
  readonly maxFragmentTags: number;
  /** Fragments a second of one session; a faster producer is slowed down. Infinity for no bound. */
  readonly fragmentsPerSecond: number;
  /** Body bytes a second of one session; a faster producer is slowed down. Infinity for no bound. */
  readonly bytesPerSecond: number;
  /** PutMedia calls a second on one stream; beyond it the call is refused (`client-limit`). Infinity for no bound. */
  readonly callsPerSecond: number;
  /**
   * Sessions of one stream at a time; beyond it the call is refused (`connection-limit`). A session between two fragments is taken to be
   * finishing and does not count, so that a producer that rotates its connection can overlap them.
   */
  readonly maxSessions: number;
  /** Age at which a session is ended with 4003, in milliseconds. Infinity for no bound. */
  readonly maxSessionMs: number;
  /** An IDLE acknowledgement is sent for each such time without data, in milliseconds. */
  readonly idleAckMs: number;
  /** A session without data for so long is ended, in milliseconds. */
  readonly idleCloseMs: number;
  /**
   * What must ascend from one fragment to the next, else 4004. `stream`: every frame is later than every frame before. `track`: the same
   * on each track by itself, and a fragment that does not begin with a key frame (a cluster that a muxer cut by size) may reach back by
   * the depth of frame reordering.
   */
  readonly order: "stream" | "track";
  /**
   * Which declared tracks need a frame in every fragment (4011): all; those of video and audio, as subtitles and sensor data are sparse; or any
   * one of those, as sound may begin after the pictures and end before them. Clusters cut by size count as one fragment up to the next key
   * frame.
   */
  readonly requireTracks: "all" | "audiovisual" | "any" | "none";
}

/** Kvass's own bounds: what protects the server, not what meters its users. */
export const GENEROUS_LIMITS: IngestLimits = Object.freeze({
  // Long GOPs and time-lapse cameras; a viewer of HLS would wait as long for its segment.
  maxFragmentMs: 10 * 60_000,
  // 30 s at 70 Mbit/s. A fragment is sealed and written in parts while it arrives, so this costs disk, not memory.
  maxFragmentBytes: 256 * 2 ** 20,
  // What a Matroska block can name in two bytes is far more; no player follows more.
  maxTracks: 64,
  maxFragmentTags: 1000,
  fragmentsPerSecond: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  callsPerSecond: Number.POSITIVE_INFINITY,
  // A producer that lost its network leaves sessions behind until they are idle; each reconnect adds one.
  maxSessions: 16,
  maxSessionMs: Number.POSITIVE_INFINITY,
  // AWS closes after 30 s without data; the interval of IDLE is not documented.
  idleAckMs: 5000,
  idleCloseMs: 30_000,
  order: "track",
  requireTracks: "any",
});

/** The quotas of Kinesis Video Streams (AWS docs, "Kinesis Video Streams service quotas"). */
export const AWS_LIMITS: IngestLimits = Object.freeze({
  ...GENEROUS_LIMITS,
  maxFragmentMs: 20_000,
  maxFragmentBytes: 50_000_000,
  maxTracks: 3,
  maxFragmentTags: 10,
  fragmentsPerSecond: 5,
  bytesPerSecond: 12_500_000,
  callsPerSecond: 5,
  maxSessions: 1,
  maxSessionMs: 45 * 60_000,
  order: "stream",
  requireTracks: "all",
});
