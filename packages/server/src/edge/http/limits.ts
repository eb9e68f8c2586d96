/**
 * What one client may ask of the listener. No limit is on the length of a request: PutMedia goes on for days, so that what is watched
 * is headers that do not end, bodies that do not come forward, and answers that are not read.
 */
export interface HttpLimits {
  /** Milliseconds from the first byte of a request, or from connecting, to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** Bytes of request line and headers. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxConnections: number;
  /** Milliseconds for which a connection without a request is kept. */
  readonly keepAliveMs: number;
  /** A body must bring `progressBytes` in every `progressWindowMs`, while the server is ready to take them. */
  readonly progressBytes: number;
  readonly progressWindowMs: number;
  /** Milliseconds without a byte taken by the client while an answer waits to be sent. */
  readonly stalledAnswerMs: number;
  /** Milliseconds in which nothing moves either way while an answer waits and the request has not ended: a producer that does not read. */
  readonly standstillMs: number;
  /** After an answer that came before the end of its request: how much of the rest is read and thrown away, and for how long. */
  readonly lingerBytes: number;
  readonly lingerMs: number;
}

/** Limits for a listener on an open network. */
export const DEFAULT_LIMITS: HttpLimits = {
  // Headers fit in a few packets; ten seconds forgive a lost one on a bad link several times over.
  headersTimeoutMs: 10_000,
  // A session token has up to 4 KiB, which a presigned URL and a header may both carry; the rest is small.
  maxHeaderBytes: 32 * 1024,
  // The SDKs send about 15.
  maxHeaders: 100,
  // 25 KB each when idle: 256 MB.
  maxConnections: 10_000,
  // Longer than the minute after which load balancers drop idle connections, so that they, not the server, close first.
  keepAliveMs: 75_000,
  // Two bytes a second. A sparse track of sensor data has one small fragment in twenty seconds; a client that trickles has one byte.
  progressBytes: 240,
  progressWindowMs: 120_000,
  // A paused player reads nothing for a while; five minutes are a forgotten tab.
  stalledAnswerMs: 300_000,
  // As long as a producer may be silent. One that reads nothing is no longer read either once its acknowledgements fill their queue.
  standstillMs: 30_000,
  // A second or two of the fastest producer, so that it finds the answer before its connection is cut.
  lingerBytes: 16 * 1024 * 1024,
  lingerMs: 2_000,
};
