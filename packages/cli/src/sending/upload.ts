import type { Ack, Connection, MediaProducer } from "@kvass/client";
import type { MatroskaTrack } from "@kvass/media";
import { CliError, describe } from "../errors.ts";
import type { MediaInput } from "../input/open-input.ts";
import { count, formatBytes, formatDuration } from "../terminal/format.ts";
import { bar, StatusLine } from "../terminal/status-line.ts";
import { createStream } from "./create-stream.ts";
import { sendAsIs } from "./send-as-is.ts";
import { sendFrames } from "./send-frames.ts";
import { unplayableTracks } from "./unplayable-tracks.ts";

/** One `kvass put`. */
export interface UploadOptions {
  readonly connection: Connection;
  readonly stream: string;
  readonly input: MediaInput;
  /** Hours of retention of the stream to create; undefined: it must exist. */
  readonly createWithRetention: number | undefined;
  readonly realtime: boolean;
  readonly asIs: boolean;
  /** Milliseconds since the epoch. */
  readonly startTimestamp: number | undefined;
  readonly signal: AbortSignal;
}

/** A person is waiting: a server that does not come back within half a minute is reported. */
const GIVE_UP_AFTER_MS = 30_000;

/** Sends an input with a progress line on stderr, and a summary of what was acknowledged. */
export class Upload {
  readonly #options: UploadOptions;
  readonly #began = Date.now();
  readonly #acks = { received: 0, persisted: 0, errors: 0 };
  #readBytes = 0;
  #sentBytes = 0;
  #producer: MediaProducer | undefined;
  #status: StatusLine | undefined;

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
    } finally {
      this.#status.stop();
    }
    const refused = this.#producer?.statistics.fragmentsRefused ?? 0;
    process.stderr.write(`${this.#summary(refused)}\n`);
    return { refused };
  }

  async #sendAsIs(): Promise<void> {
    const { connection, stream, startTimestamp } = this.#options;
    await this.#create([]);
    await sendAsIs({
      connection,
      stream,
      chunks: this.#counted(),
      start: startTimestamp ?? Date.now(),
      onBytes: (bytes) => {
        this.#sentBytes += bytes;
      },
      onAck: (ack) => this.#acknowledge(ack),
    });
  }

  async #sendFrames(): Promise<void> {
    const { connection, stream, input, realtime, startTimestamp, signal } = this.#options;
    await sendFrames({
      connection,
      stream,
      chunks: this.#counted(),
      durationMs: input.durationMs,
      startFor: (durationMs) => startTimestamp ?? Date.now() - (realtime ? 0 : (durationMs ?? 0)),
      realtime,
      signal,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
      onTracks: async (tracks) => {
        for (const warning of unplayableTracks(tracks)) this.#status?.note(`kvass: ${warning}`);
        await this.#create(tracks);
      },
      onProducer: (producer) => {
        this.#producer = producer;
      },
      onAck: (ack) => this.#acknowledge(ack),
      onRetry: (error, delayMs) =>
        this.#status?.note(`kvass: ${describe(error)}; going on in ${formatDuration(delayMs)}`),
    });
  }

  async *#counted(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of this.#options.input.chunks) {
      this.#readBytes += chunk.length;
      yield chunk;
    }
  }

  async #create(tracks: readonly MatroskaTrack[]): Promise<void> {
    const { connection, stream, createWithRetention } = this.#options;
    if (createWithRetention === undefined) return;
    if (await createStream(connection, stream, createWithRetention, tracks)) {
      this.#status?.note(`created ${stream}, retention ${createWithRetention} h`);
    }
  }

  #acknowledge({ type }: Ack): void {
    if (type === "RECEIVED") this.#acks.received++;
    if (type === "PERSISTED") this.#acks.persisted++;
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
    const share = input.totalBytes === undefined ? "" : ` ${bar(this.#readBytes / input.totalBytes)}`;
    return `${stream}:${share} ${formatBytes(this.#bytes)}, ${this.#rate}, ${this.#acknowledged}`;
  }

  #summary(refused: number): string {
    const elapsed = formatDuration(Date.now() - this.#began);
    const failed = refused > 0 ? `, ${count(refused, "fragment")} refused` : "";
    return `${this.#options.stream}: ${this.#acknowledged}${failed}, ${formatBytes(this.#bytes)} in ${elapsed} (${this.#rate})`;
  }
}
