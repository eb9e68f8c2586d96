import type { Ack, Connection, MediaProducer } from "@kvass/client";
import type { MatroskaTrack } from "@kvass/media";
import { CliError } from "../errors.ts";
import type { MediaInput } from "../input/open-input.ts";
import { retentionHours } from "../retention.ts";
import { count, formatBytes, formatDuration, formatTime } from "../terminal/format.ts";
import { bar, StatusLine } from "../terminal/status-line.ts";
import { createStream } from "./create-stream.ts";
import { Retries } from "./retries.ts";
import { sendAsIs } from "./send-as-is.ts";
import { endsInput, type InputShape, sendFrames } from "./send-frames.ts";
import { shareSent } from "./share.ts";
import { behindStored } from "./start-time.ts";
import { StoredUpload } from "./stored-upload.ts";
import { unplayableTracks } from "./unplayable-tracks.ts";

/** One `kvass put`. */
export interface UploadOptions {
  readonly connection: Connection;
  readonly stream: string;
  readonly input: MediaInput;
  /** Hours of retention of the stream to create; undefined: it must exist. */
  readonly createWithRetention: number | undefined;
  /** Whether that number was asked for, and is not the default. */
  readonly isRetentionGiven: boolean;
  readonly realtime: boolean;
  readonly asIs: boolean;
  /** Milliseconds since the epoch. */
  readonly startTimestamp: number | undefined;
  readonly signal: AbortSignal;
}

/** A person is waiting: a server that does not come back within half a minute is reported. */
const GIVE_UP_AFTER_MS = 30_000;

/** Frames that lie further in the future than this come faster than they play: clocks and buffers do not explain it. */
const AHEAD_MS = 5000;
const TOO_FAST =
  "the input comes faster than it plays, so that it is stored with times in the future; --realtime sends it at playing speed, --start-timestamp TIME says when it began";

/** What the connection before has sent may reach so much beyond now, by the clocks of two machines. */
const OVERLAP_MS = 1000;
const overlap = (stream: string, end: number): string => {
  const until = formatTime(new Date(end));
  return `${stream} holds media up to ${until}, which this lies over: players show parts of both in turns; --start-timestamp ${until} puts it behind`;
};

const future = (stream: string, end: number): string =>
  `this lies behind what ${stream} holds, and so reaches into the future, to ${formatTime(new Date(end))}; --start-timestamp TIME puts it elsewhere`;

/** Sends an input with a progress line on stderr, and a summary of what was acknowledged. */
export class Upload {
  readonly #options: UploadOptions;
  readonly #began = Date.now();
  readonly #acks = { received: 0, persisted: 0, errors: 0 };
  /** Producer timestamps of the first and the last frame sent, in milliseconds since the epoch. */
  #first: number | undefined;
  #last: number | undefined;
  readonly #stored = new StoredUpload();
  /** Where the last frame ends, once the archive has told. */
  #end: number | undefined;
  #durationMs: number | undefined;
  #hasWarned = false;
  #readBytes = 0;
  #sentBytes = 0;
  #producer: MediaProducer | undefined;
  #status: StatusLine | undefined;
  #retries: Retries | undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Resolves with the number of fragments that the service refused. Rejects where the upload was given up. */
  async run(): Promise<{ refused: number }> {
    const { asIs, input } = this.#options;
    if (asIs && !input.isMatroska) throw new CliError("--as-is: the input is not Matroska");
    this.#status = new StatusLine(() => this.#progress());
    try {
      await (asIs ? this.#sendAsIs() : this.#sendFrames());
    } catch (error) {
      this.#status.stop();
      if (endsInput(error)) await this.#findEnd();
      else this.#last = undefined;
      if (this.#acks.received + this.#acks.persisted > 0) this.#summarize(this.#retries?.left(error));
      throw error;
    }
    this.#status.stop();
    await this.#findEnd();
    return { refused: this.#summarize() };
  }

  /** Of an upload that the service has taken to its end, or to that of what the input holds: with others, what was sent last may not be stored. */
  async #findEnd(): Promise<void> {
    if (this.#first === undefined) return;
    const { connection, stream } = this.#options;
    this.#end = await this.#stored.end(connection, stream, { first: this.#first, last: this.#last });
  }

  /** Says what became of the upload; returns the number of fragments that were refused. */
  #summarize(left = ""): number {
    const refused = this.#producer?.statistics.fragmentsRefused ?? 0;
    process.stderr.write(`${this.#summary(refused)}${left}\n`);
    return refused;
  }

  async #sendAsIs(): Promise<void> {
    const { connection, stream } = this.#options;
    const isNew = await this.#create([]);
    const start = await this.#startFor({ durationMs: undefined, leadMs: 0 }, isNew);
    this.#first = start;
    await sendAsIs({
      connection,
      stream,
      chunks: this.#counted(),
      start,
      onBytes: (bytes) => {
        this.#sentBytes += bytes;
      },
      onAck: (ack) => this.#acknowledge(ack),
    });
  }

  async #sendFrames(): Promise<void> {
    const { connection, stream, input, realtime, signal } = this.#options;
    const note = (text: string): void => this.#status?.note(text);
    const retries = new Retries({ giveUpAfterMs: GIVE_UP_AFTER_MS, signal, note });
    this.#retries = retries;
    let isNew = false;
    await sendFrames({
      connection,
      stream,
      chunks: this.#counted(),
      durationMs: input.durationMs,
      startFor: (shape) => this.#startFor(shape, isNew),
      realtime,
      signal,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
      onTracks: async (tracks) => {
        for (const warning of unplayableTracks(tracks)) note(`kvass: ${warning}`);
        isNew = await this.#create(tracks);
      },
      onProducer: (producer) => {
        this.#producer = producer;
        retries.watch(producer);
      },
      onAck: (ack) => this.#acknowledge(ack),
      onFrame: (timestamp) => this.#note(timestamp),
      onRetry: (error) => retries.failed(error),
    });
  }

  /** When the first frame is said to have been recorded: what is a recording ended by now, and lies behind what the stream holds. */
  async #startFor({ durationMs, leadMs }: InputShape, isNew: boolean): Promise<number> {
    const { connection, stream, input, realtime, startTimestamp } = this.#options;
    this.#durationMs = durationMs;
    if (startTimestamp !== undefined) return startTimestamp;
    const wanted = Date.now() - (realtime ? 0 : (durationMs ?? 0));
    const behind = isNew ? wanted : (await behindStored(connection, stream, wanted - leadMs)) + leadMs;
    const isRecording = !realtime && (input.isFile || durationMs !== undefined);
    if (isRecording) {
      const end = behind + (durationMs ?? 0);
      if (behind > wanted && end - Date.now() > AHEAD_MS) this.#status?.note(`kvass: ${future(stream, end)}`);
      return behind;
    }
    if (behind - wanted > OVERLAP_MS) this.#status?.note(`kvass: ${overlap(stream, behind)}`);
    return wanted;
  }

  #note(timestamp: number): void {
    this.#first = Math.min(this.#first ?? timestamp, timestamp);
    this.#last = Math.max(this.#last ?? timestamp, timestamp);
    const { input, startTimestamp } = this.#options;
    if (this.#hasWarned || input.isFile || startTimestamp !== undefined || timestamp - Date.now() < AHEAD_MS) return;
    this.#hasWarned = true;
    this.#status?.note(`kvass: ${TOO_FAST}`);
  }

  async *#counted(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of this.#options.input.chunks) {
      this.#readBytes += chunk.length;
      yield chunk;
    }
  }

  /** Makes the stream where that is asked for; whether it did. */
  async #create(tracks: readonly MatroskaTrack[]): Promise<boolean> {
    const { connection, stream, createWithRetention, isRetentionGiven } = this.#options;
    if (createWithRetention === undefined) return false;
    const isNew = await createStream(connection, stream, createWithRetention, tracks);
    if (isNew) this.#status?.note(`created ${stream}, retention ${createWithRetention} h`);
    else if (isRetentionGiven) await this.#noteRetention(createWithRetention);
    return isNew;
  }

  async #noteRetention(asked: number): Promise<void> {
    const { connection, stream } = this.#options;
    const found = await retentionHours(connection, stream);
    if (found === asked) return;
    this.#status?.note(
      `kvass: ${stream} exists, and its retention stays ${found} h; --retention is for one that --create makes`,
    );
  }

  #acknowledge({ type, fragmentNumber }: Ack): void {
    if (type === "RECEIVED") this.#acks.received++;
    if (type === "PERSISTED") {
      this.#acks.persisted++;
      this.#stored.note(fragmentNumber);
    }
    if (type === "ERROR") this.#acks.errors++;
  }

  get #acknowledged(): string {
    const { received, persisted } = this.#acks;
    return persisted > 0 ? `${count(persisted, "fragment")} persisted` : `${count(received, "fragment")} received`;
  }

  get #bytes(): number {
    return this.#producer?.statistics.bytesWritten ?? this.#sentBytes;
  }

  get #rate(): string {
    return `${formatBytes((this.#bytes * 1000) / Math.max(1, Date.now() - this.#began))}/s`;
  }

  #progress(): string {
    const { stream, input } = this.#options;
    const sentMs = this.#first === undefined || this.#last === undefined ? undefined : this.#last - this.#first;
    const progress = { durationMs: this.#durationMs, sentMs, readBytes: this.#readBytes, totalBytes: input.totalBytes };
    const share = shareSent(progress);
    return `${stream}:${share === undefined ? "" : ` ${bar(share)}`} ${formatBytes(this.#bytes)}, ${this.#rate}, ${this.#acknowledged}`;
  }

  #summary(refused: number): string {
    const elapsed = formatDuration(Date.now() - this.#began);
    const failed = refused > 0 ? `, ${count(refused, "fragment")} refused` : "";
    const sent = `${formatBytes(this.#bytes)} in ${elapsed} (${this.#rate})`;
    return `${this.#options.stream}: ${this.#acknowledged}${failed}, ${sent}${this.#span}`;
  }

  /** Where the media lies on the producer's clock. */
  get #span(): string {
    if (this.#first === undefined) return "";
    const from = `, from ${formatTime(new Date(this.#first))}`;
    const to = this.#end ?? this.#last;
    return to === undefined ? from : `${from} to ${formatTime(new Date(to))}`;
  }
}
