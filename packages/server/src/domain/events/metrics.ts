/** Upper bounds of the latency buckets, in milliseconds. */
const BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000] as const;

/** A distribution of durations: cheap to add to, and enough for a Prometheus histogram. */
export class Latency {
  count = 0;
  /** Milliseconds. */
  sum = 0;
  /** Observations in each bucket, the last one for those above every bound. */
  readonly buckets = new Uint32Array(BUCKETS_MS.length + 1);

  add(ms: number): void {
    this.count++;
    this.sum += ms;
    let bucket = 0;
    while (bucket < BUCKETS_MS.length && ms > BUCKETS_MS[bucket]!) bucket++;
    this.buckets[bucket]!++;
  }
}

/** Counters of PutMedia on one stream (AWS docs, "Monitoring Kinesis Video Streams metrics with CloudWatch"). */
export class PutMediaMetrics {
  requests = 0;
  incomingBytes = 0;
  incomingFragments = 0;
  incomingFrames = 0;
  activeConnections = 0;
  connectionErrors = 0;
  errorAckCount = 0;
  /** Fragments that were received whole, and persisted where the stream has retention. */
  success = 0;
  /** Fragments in which a declared track of video or audio had no frame. */
  silentTracks = 0;
  #fragmentIngestionLatency: Latency | undefined;
  #fragmentPersistLatency: Latency | undefined;

  /** From a fragment's first byte to its last. */
  get fragmentIngestionLatency(): Latency {
    this.#fragmentIngestionLatency ??= new Latency();
    return this.#fragmentIngestionLatency;
  }

  /** From a fragment's last byte to its PERSISTED acknowledgement. */
  get fragmentPersistLatency(): Latency {
    this.#fragmentPersistLatency ??= new Latency();
    return this.#fragmentPersistLatency;
  }
}

/** Counters of GetClip on one stream. */
export class ClipMetrics {
  requests = 0;
  outgoingBytes = 0;
  /** Clips that could not be completed, or whose client went away. */
  connectionErrors = 0;
}

/** Counters of GetImages on one stream. */
export class ImageMetrics {
  requests = 0;
  /** Requests that were answered with images, or with why there are none. */
  success = 0;
  #latency: Latency | undefined;

  /** From a request to its answer. */
  get latency(): Latency {
    this.#latency ??= new Latency();
    return this.#latency;
  }
}

/** Counters of GetMedia or GetMediaForFragmentList on one stream. */
export class ReadMetrics {
  requests = 0;
  outgoingBytes = 0;
  outgoingFragments = 0;
  outgoingFrames = 0;
  connectionErrors = 0;
  /** Distance of the last chunk sent from the stream's tip, in milliseconds. */
  millisBehindNow = 0;
  /** Times that a reader had to skip media that was no longer held. */
  skips = 0;
}

/** What is counted for one stream. */
export class StreamMetrics {
  readonly putMedia = new PutMediaMetrics();
  readonly getMedia = new ReadMetrics();
  readonly getMediaForFragmentList = new ReadMetrics();
  readonly getClip = new ClipMetrics();
  readonly getImages = new ImageMetrics();
}

/** One value of a snapshot, named as CloudWatch names it. */
export interface MetricSample {
  readonly streamName: string;
  /** For example `PutMedia.IncomingBytes`. */
  readonly name: string;
  readonly unit: "Count" | "Bytes" | "Milliseconds";
  readonly value: number | Latency;
}

/** Streams with counters at a time; beyond it the one counted first is forgotten, so that a test run cannot grow the process. */
const MAX_STREAMS = 20_000;

/** The counters of every stream that was written or read since the start. */
export class Metrics {
  readonly #streams = new Map<string, StreamMetrics>();

  of(streamName: string): StreamMetrics {
    let metrics = this.#streams.get(streamName);
    if (metrics === undefined) {
      if (this.#streams.size >= MAX_STREAMS) this.#streams.delete(this.#streams.keys().next().value!);
      metrics = new StreamMetrics();
      this.#streams.set(streamName, metrics);
    }
    return metrics;
  }

  /** Every value now, stream by stream. */
  *snapshot(): Generator<MetricSample> {
    for (const [streamName, metrics] of this.#streams) {
      yield* samples(streamName, "PutMedia", metrics.putMedia, PUT_MEDIA);
      yield* samples(streamName, "GetMedia", metrics.getMedia, READ);
      yield* samples(streamName, "GetMediaForFragmentList", metrics.getMediaForFragmentList, READ);
      yield* samples(streamName, "GetClip", metrics.getClip, CLIP);
      yield* samples(streamName, "GetImages", metrics.getImages, IMAGES);
    }
  }
}

/** One counter of an operation: its name behind the operation's, its unit, and where it stands. */
type Reading<Counters> = readonly [
  suffix: string,
  unit: MetricSample["unit"],
  read: (counters: Counters) => MetricSample["value"],
];

const PUT_MEDIA: readonly Reading<PutMediaMetrics>[] = [
  ["Requests", "Count", ({ requests }) => requests],
  ["IncomingBytes", "Bytes", ({ incomingBytes }) => incomingBytes],
  ["IncomingFragments", "Count", ({ incomingFragments }) => incomingFragments],
  ["IncomingFrames", "Count", ({ incomingFrames }) => incomingFrames],
  ["ActiveConnections", "Count", ({ activeConnections }) => activeConnections],
  ["ConnectionErrors", "Count", ({ connectionErrors }) => connectionErrors],
  ["ErrorAckCount", "Count", ({ errorAckCount }) => errorAckCount],
  ["Success", "Count", ({ success }) => success],
  ["SilentTracks", "Count", ({ silentTracks }) => silentTracks],
  ["FragmentIngestionLatency", "Milliseconds", ({ fragmentIngestionLatency }) => fragmentIngestionLatency],
  ["FragmentPersistLatency", "Milliseconds", ({ fragmentPersistLatency }) => fragmentPersistLatency],
];

const CLIP: readonly Reading<ClipMetrics>[] = [
  ["Requests", "Count", ({ requests }) => requests],
  ["OutgoingBytes", "Bytes", ({ outgoingBytes }) => outgoingBytes],
  ["ConnectionErrors", "Count", ({ connectionErrors }) => connectionErrors],
];

const IMAGES: readonly Reading<ImageMetrics>[] = [
  ["Requests", "Count", ({ requests }) => requests],
  ["Success", "Count", ({ success }) => success],
  ["Latency", "Milliseconds", ({ latency }) => latency],
];

const READ: readonly Reading<ReadMetrics>[] = [
  ...CLIP,
  ["OutgoingFragments", "Count", ({ outgoingFragments }) => outgoingFragments],
  ["OutgoingFrames", "Count", ({ outgoingFrames }) => outgoingFrames],
  ["MillisBehindNow", "Milliseconds", ({ millisBehindNow }) => millisBehindNow],
  ["ReaderSkips", "Count", ({ skips }) => skips],
];

function* samples<Counters>(
  streamName: string,
  operation: string,
  counters: Counters,
  readings: readonly Reading<Counters>[],
): Generator<MetricSample> {
  for (const [suffix, unit, read] of readings) {
    yield { streamName, name: `${operation}.${suffix}`, unit, value: read(counters) };
  }
}
