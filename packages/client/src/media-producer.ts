import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  infoElement,
  segmentHeader,
  simpleBlockHeader,
  type TagPair,
  type TrackSettings,
  tags,
  tracksElement,
} from "@kvass/media";
import type { Ack } from "./acks.ts";
import { controlPlane, dataEndpoint, streamMembers } from "./control-plane.ts";
import { KinesisVideoError, type PutMediaError } from "./errors.ts";
import { FragmentCutter } from "./fragment-cutter.ts";
import type { Frame } from "./frames.ts";
import { PutMediaConnection, type PutMediaOptions } from "./put-media-connection.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import { afterError, retryDelayMs } from "./retry.ts";

/** What a producer sends, where to, and how hard it tries. */
export interface MediaProducerOptions extends PutMediaOptions {
  readonly tracks: readonly TrackSettings[];
  /** The bytes of the Tracks element, where they are at hand from a file; made from `tracks` where absent. */
  readonly tracksElement?: Uint8Array;
  /**
   * The acknowledgement that lets a fragment go: PERSISTED, or RECEIVED for a stream without retention, which persists
   * nothing. Default: what the stream's retention says.
   */
  readonly until?: "PERSISTED" | "RECEIVED";
  /** A key frame that comes sooner begins no new fragment. Default: 1,000; 2,000 without video. */
  readonly minFragmentMs?: number;
  /** Longest fragment. Default: 20,000, the longest that AWS takes. */
  readonly maxFragmentMs?: number;
  /** Largest fragment. Default: 48 MiB; AWS takes 50 MB. */
  readonly maxFragmentBytes?: number;
  /** Bytes that may wait for their acknowledgement before `write` asks the caller to wait. Default: 64 MiB. */
  readonly bufferBytes?: number;
  /** How long to go on without any acknowledgement over connections that fail. Default: ten minutes. */
  readonly giveUpAfterMs?: number;
  /** Each acknowledgement as it comes. */
  readonly onAck?: (ack: Ack) => void;
  /** A connection failed; the next one is opened after `delayMs`. */
  readonly onRetry?: (error: Error, delayMs: number) => void;
}

type ResolvedOptions = MediaProducerOptions & Required<Pick<MediaProducerOptions, "until" | "endpoint">>;

/** What a producer has done so far. */
export interface ProducerStatistics {
  framesWritten: number;
  /** Frames that came too late for the fragment that they belong to. */
  framesDropped: number;
  bytesWritten: number;
  fragmentsAcknowledged: number;
  bytesAcknowledged: number;
  /** Fragments that the service refused for good. */
  fragmentsRefused: number;
  connections: number;
}

const TIMECODE_SCALE_NS = 1_000_000;
const MIN_VIDEO_FRAGMENT_MS = 1000;
const MIN_OTHER_FRAGMENT_MS = 2000;
const MAX_FRAGMENT_MS = 20_000;
const MAX_FRAGMENT_BYTES = 48 * 2 ** 20;
const BUFFER_BYTES = 64 * 2 ** 20;
const GIVE_UP_AFTER_MS = 10 * 60_000;
const APPLICATION = "Kvass client";
const END_OF_FRAGMENT = tags([["AWS_KINESISVIDEO_END_OF_FRAGMENT", ""]]);

/**
 * Streams frames into a Kinesis Video stream and sees them home: cuts them into fragments at key frames, and keeps each until the
 * service promises to keep it. When a connection breaks, a new one sends the unacknowledged fragments again.
 */
export class MediaProducer {
  /** Resolves when `end` was called and every fragment is acknowledged; rejects when the producer has given up. */
  readonly done: Promise<void>;
  readonly #options: ResolvedOptions;
  readonly #header: Uint8Array;
  readonly #buffer: ReplayBuffer;
  readonly #cutter: FragmentCutter;
  readonly #abort = new AbortController();
  readonly #fragmentTags: TagPair[] = [];
  readonly #persistentTags = new Map<string, string>();
  readonly #statistics: ProducerStatistics = {
    framesWritten: 0,
    framesDropped: 0,
    bytesWritten: 0,
    fragmentsAcknowledged: 0,
    bytesAcknowledged: 0,
    fragmentsRefused: 0,
    connections: 0,
  };
  #lastProgress = Date.now();
  #failure: Error | undefined;

  /** Asks for the stream's retention and endpoint, then begins. Rejects with the exception of the control plane. */
  static async open(options: MediaProducerOptions): Promise<MediaProducer> {
    const endpoint = options.endpoint ?? (await dataEndpoint(options.connection, "PUT_MEDIA", options.stream));
    const until = options.until ?? (await finalAcknowledgement(options));
    return new MediaProducer({ ...options, endpoint, until });
  }

  private constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#header = concatBytes([
      ebmlHeader(),
      segmentHeader(),
      infoElement({ timecodeScaleNs: TIMECODE_SCALE_NS, muxingApp: APPLICATION, writingApp: APPLICATION }),
      options.tracksElement ?? tracksElement(options.tracks),
    ]);
    this.#buffer = new ReplayBuffer(options.bufferBytes ?? BUFFER_BYTES);
    this.#cutter = this.#newCutter();
    this.done = this.#run();
    this.done.catch(() => {});
  }

  /**
   * Takes the next frame, in decoding order; its `data` is kept until it is acknowledged. Returns undefined, or a promise to wait for
   * before the next frame where too much is unacknowledged. Throws what the producer has failed with.
   */
  write(frame: Frame): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.#statistics.framesWritten++;
    this.#cutter.push(frame);
    this.#statistics.framesDropped = this.#cutter.droppedFrames;
    return this.#buffer.space();
  }

  /** Adds metadata to the next fragment, or with `persistent` to every one from now on; an empty value ends that again. */
  tag(name: string, value: string, { persistent = false } = {}): void {
    if (!persistent) this.#fragmentTags.push([name, value]);
    else if (value === "") this.#persistentTags.delete(name);
    else this.#persistentTags.set(name, value);
  }

  /** Ends the last fragment. Resolves as `done` does. */
  end(): Promise<void> {
    this.#cutter.flush();
    this.#buffer.end();
    return this.done;
  }

  /** Gives up what is not acknowledged. */
  abort(reason: Error = new Error("the producer was aborted")): void {
    this.#abort.abort(reason);
    this.#buffer.wake();
  }

  /** A copy of the counters. */
  get statistics(): ProducerStatistics {
    return { ...this.#statistics };
  }

  /** Bytes that wait for their acknowledgement. */
  get unacknowledgedBytes(): number {
    return this.#buffer.bytes;
  }

  #newCutter(): FragmentCutter {
    const { tracks, minFragmentMs, maxFragmentMs, maxFragmentBytes } = this.#options;
    const video = tracks.find(({ type }) => type === "video");
    const options = {
      keyTrack: (video ?? tracks[0]!).number,
      tracks: tracks.map(({ number }) => number),
      timecodeScaleNs: TIMECODE_SCALE_NS,
      minFragmentMs: minFragmentMs ?? (video === undefined ? MIN_OTHER_FRAGMENT_MS : MIN_VIDEO_FRAGMENT_MS),
      maxFragmentMs: maxFragmentMs ?? MAX_FRAGMENT_MS,
      maxFragmentBytes: maxFragmentBytes ?? MAX_FRAGMENT_BYTES,
    };
    return new FragmentCutter(options, {
      begin: (timecode) => this.#beginFragment(timecode),
      frame: (frame, relativeTimecode) => this.#addFrame(frame, relativeTimecode),
      end: () => this.#endFragment(),
    });
  }

  #beginFragment(timecode: number): void {
    this.#buffer.begin(timecode);
    const pairs = [...this.#persistentTags, ...this.#fragmentTags.splice(0)];
    if (pairs.length > 0) this.#buffer.append(tags(pairs));
    this.#buffer.append(clusterHeader(timecode));
  }

  #addFrame({ track, keyframe, data }: Frame, relativeTimecode: number): void {
    this.#statistics.bytesWritten += data.length;
    this.#buffer.append(simpleBlockHeader({ trackNumber: track, relativeTimecode, keyframe }, data.length));
    this.#buffer.append(data);
  }

  #endFragment(): void {
    this.#buffer.append(END_OF_FRAGMENT);
    this.#buffer.complete();
  }

  async #run(): Promise<void> {
    try {
      for (let failures = 0; ; failures++) {
        const before = this.#lastProgress;
        const error = await this.#session();
        if (error === undefined) return;
        this.#refuseOrRetry(error);
        if (this.#lastProgress > before) failures = 0;
        await this.#pause(error, retryDelayMs(failures));
      }
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      this.#buffer.release();
    }
  }

  /** Sends over one connection until all is acknowledged (undefined), or the connection fails. */
  async #session(): Promise<Error | undefined> {
    const { signal } = this.#abort;
    let connection: PutMediaConnection;
    try {
      connection = await PutMediaConnection.open(this.#options, (ack) => this.#acknowledge(ack));
    } catch (error) {
      return error as Error;
    }
    this.#statistics.connections++;
    const abort = (): void => connection.abort(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const wake = (): void => this.#buffer.wake();
    connection.finished.then(wake, wake);
    try {
      await this.#send(connection);
      await connection.finished;
      return this.#buffer.isEmpty ? undefined : unacknowledged(this.#options.until);
    } catch (error) {
      return error as Error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #send(connection: PutMediaConnection): Promise<void> {
    this.#buffer.rewind();
    connection.write(this.#header);
    while (!connection.isFinished) {
      const piece = this.#buffer.next();
      if (piece !== undefined) {
        if (!connection.write(piece)) await connection.drained();
      } else if (this.#buffer.isSent) {
        connection.end();
        return;
      } else {
        await this.#buffer.changed();
      }
    }
  }

  #acknowledge(ack: Ack): void {
    if (ack.type === this.#options.until && ack.fragmentTimecode !== undefined) {
      const { fragments, bytes } = this.#buffer.acknowledge(ack.fragmentTimecode);
      this.#statistics.fragmentsAcknowledged += fragments;
      this.#statistics.bytesAcknowledged += bytes;
      this.#lastProgress = Date.now();
    }
    this.#options.onAck?.(ack);
  }

  /** Throws where the error is final; discards the fragment that the service will never take. */
  #refuseOrRetry(error: Error): void {
    const { aborted, reason } = this.#abort.signal;
    if (aborted) throw reason;
    const next = afterError(error);
    if (next === "fail" || Date.now() - this.#lastProgress > (this.#options.giveUpAfterMs ?? GIVE_UP_AFTER_MS))
      throw error;
    if (next === "retry") return;
    const timecode = (error as PutMediaError).ack.fragmentTimecode;
    if (timecode === undefined || !this.#buffer.discard(timecode)) throw error;
    this.#statistics.fragmentsRefused++;
    this.#lastProgress = Date.now();
  }

  async #pause(error: Error, delayMs: number): Promise<void> {
    this.#options.onRetry?.(error, delayMs);
    const { signal } = this.#abort;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, delayMs);
      function finish(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        resolve();
      }
      signal.addEventListener("abort", finish);
    });
    if (signal.aborted) throw signal.reason;
  }
}

const unacknowledged = (until: string): KinesisVideoError =>
  new KinesisVideoError("ConnectionClosed", `the service ended its answer before the last ${until} acknowledgement`);

async function finalAcknowledgement({ connection, stream }: MediaProducerOptions): Promise<"PERSISTED" | "RECEIVED"> {
  const client = controlPlane(connection);
  try {
    const { StreamInfo } = await client.send(new DescribeStreamCommand(streamMembers(stream)));
    return (StreamInfo?.DataRetentionInHours ?? 0) > 0 ? "PERSISTED" : "RECEIVED";
  } finally {
    client.destroy();
  }
}
