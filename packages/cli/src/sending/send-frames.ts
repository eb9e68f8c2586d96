import { setTimeout as sleep } from "node:timers/promises";
import { type Ack, type Connection, MediaProducer } from "@kvass/client";
import {
  MatroskaError,
  type MatroskaHeader,
  type MatroskaPacket,
  type MatroskaTrack,
  selectTracks,
  type TrackSettings,
} from "@kvass/media";
import { CliError, INTERRUPTED } from "../errors.ts";
import { CutOff } from "../input/cut-off.ts";
import { demux } from "../input/demux.ts";

/** How an input lies in time, in milliseconds. */
export interface InputShape {
  /** Playing time, where it is known. */
  readonly durationMs: number | undefined;
  /** How much earlier than the first frame another one plays: sound often begins a little before the pictures. */
  readonly leadMs: number;
}

/** What to send, and how. */
export interface SendOptions {
  readonly connection: Connection;
  readonly stream: string;
  /** Matroska bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The producer timestamp of the first frame; milliseconds since the epoch. */
  readonly startFor: (shape: InputShape) => number | Promise<number>;
  /** Playing time, where it is known before the header is read. */
  readonly durationMs: number | undefined;
  /** Send frames when their time has come, not as fast as possible. */
  readonly realtime: boolean;
  /** Told once, before the first frame is sent. */
  readonly onTracks: (tracks: readonly MatroskaTrack[]) => Promise<void>;
  readonly onProducer: (producer: MediaProducer) => void;
  readonly onAck: (ack: Ack) => void;
  /** Told the producer timestamp of each frame that is sent, in milliseconds since the epoch. */
  readonly onFrame?: (timestamp: number) => void;
  readonly onRetry: (error: Error, delayMs: number) => void;
  readonly giveUpAfterMs: number;
  /** Ends the input: what has been read is still sent and acknowledged. */
  readonly signal: AbortSignal;
}

/** Whether an error says no more than that the input ends here, before its end, by damage or a cut. */
export const endsInput = (error: unknown): error is Error => error instanceof MatroskaError || error instanceof CutOff;

type SentTrack = MatroskaTrack & { type: TrackSettings["type"] };

const isMedia = (track: MatroskaTrack): track is SentTrack => track.type === "video" || track.type === "audio";

/**
 * Sends the video and audio frames of a Matroska stream, cut into fragments at key frames. Resolves when all are acknowledged.
 * Rejects with the producer's error, {@link CliError} where there is nothing to send, or, once what precedes it is acknowledged, with what
 * {@link endsInput} knows.
 */
export async function sendFrames(options: SendOptions): Promise<MediaProducer> {
  let sender: Sender | undefined;
  let damage: Error | undefined;
  try {
    for await (const { header, packets } of demux(options.chunks, options.signal)) {
      sender ??= await Sender.open(options, header, packets);
      for (const packet of packets) {
        if (options.signal.aborted) break;
        await sender.send(packet);
      }
    }
  } catch (error) {
    if (!endsInput(error)) throw error;
    damage = error;
  }
  if (sender === undefined) throw damage ?? nothingSent(options.signal.aborted);
  await sender.producer.end();
  if (damage !== undefined) throw inWords(damage);
  return sender.producer;
}

function nothingSent(isInterrupted: boolean): CliError {
  if (isInterrupted) return new CliError("ended before the first frame came", { exitCode: INTERRUPTED });
  return new CliError("the input holds no frames");
}

/** Of what was sent up to a cut, that it is cut. */
function inWords(damage: Error): Error {
  const isCut = damage instanceof MatroskaError && damage.code === "truncated";
  return isCut ? new CutOff(`inside the ${damage.element} at byte ${damage.offset}`) : damage;
}

/** Sends the packets of one input. */
class Sender {
  readonly producer: MediaProducer;
  readonly #numbers: ReadonlySet<number>;
  readonly #options: SendOptions;
  readonly #start: number;
  /** Time of the first frame in the input, and when it was sent. */
  #first: { readonly mediaMs: number; readonly sentAt: number } | undefined;

  private constructor(producer: MediaProducer, numbers: ReadonlySet<number>, options: SendOptions, start: number) {
    this.producer = producer;
    this.#numbers = numbers;
    this.#options = options;
    this.#start = start;
  }

  /** `packets` are the first of the input. */
  static async open(options: SendOptions, header: MatroskaHeader, packets: readonly MatroskaPacket[]): Promise<Sender> {
    const tracks = header.tracks.filter(isMedia);
    if (tracks.length === 0) throw new CliError("the input has neither video nor audio");
    await options.onTracks(tracks);
    const { duration, timecodeScaleNs } = header;
    const inHeader = duration === undefined ? undefined : (duration * timecodeScaleNs) / 1_000_000;
    const numbers = tracks.map(({ number }) => number);
    const leadMs = leadOf(packets.filter(({ track }) => numbers.includes(track.number)));
    const start = await options.startFor({ durationMs: options.durationMs ?? inHeader, leadMs });
    const { connection, stream, onAck, onRetry, giveUpAfterMs } = options;
    const producer = await MediaProducer.open({
      connection,
      stream: { streamName: stream },
      tracks,
      tracksElement: selectTracks(header, numbers),
      giveUpAfterMs,
      onAck,
      onRetry,
    });
    options.onProducer(producer);
    return new Sender(producer, new Set(numbers), options, start);
  }

  async send({ track, timestampUs, keyframe, data }: MatroskaPacket): Promise<void> {
    if (!this.#numbers.has(track.number)) return;
    const mediaMs = timestampUs / 1000;
    this.#first ??= { mediaMs, sentAt: Date.now() };
    const elapsed = mediaMs - this.#first.mediaMs;
    if (this.#options.realtime) await this.#pace(this.#first.sentAt + elapsed);
    const timestamp = this.#start + elapsed;
    this.#options.onFrame?.(timestamp);
    const room = this.producer.write({ track: track.number, timestamp, keyframe, data });
    if (room !== undefined) await room;
  }

  async #pace(due: number): Promise<void> {
    const early = due - Date.now();
    if (early < 1) return;
    await sleep(early, undefined, { signal: this.#options.signal }).catch(() => {});
  }
}

/** How much earlier than the first the earliest packet plays, in milliseconds. */
function leadOf(packets: readonly MatroskaPacket[]): number {
  const first = packets[0]?.timestampUs ?? 0;
  return (first - packets.reduce((earliest, { timestampUs }) => Math.min(earliest, timestampUs), first)) / 1000;
}
