import type { Ack, Connection, MediaProducer } from "@kvass/client";
import { type RunningServer, resolveSettings, startServer } from "@kvass/server";
import { findLocalServer, isFoundByItself, type LocalServer } from "../discovery.ts";
import { CliError, describe } from "../errors.ts";
import { hasFfmpeg } from "../input/ffmpeg.ts";
import { aptInstall } from "../install.ts";
import { pageOf, sessionUrl, withLowLatency } from "../playback/session-url.ts";
import { createStream } from "../sending/create-stream.ts";
import { Retries } from "../sending/retries.ts";
import { sendFrames } from "../sending/send-frames.ts";
import { explainStart, startOrExplain } from "../starting.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { startCamera } from "./camera.ts";
import { instructions } from "./instructions.ts";
import { describeProgress } from "./progress.ts";

/** One run of the demo. */
export interface DemoOptions {
  readonly data: string;
  readonly listen: string;
  /** Ends by itself after so long; undefined: at ^C. */
  readonly seconds?: number;
  readonly signal: AbortSignal;
}

/** The stream that the camera writes to. */
export const DEMO_STREAM = "demo-camera";
/** Enough to look back on; old days expire by themselves. */
const RETENTION_HOURS = 24;
/** How long a link of the playback page can be used, in seconds: the longest that there is (AWS docs, "Expires"). */
const LINK_SECONDS = 43_200;
/** A new link comes before the last one ends, in milliseconds. */
const LINK_RENEWAL_MS = 11 * 3_600_000;
/** Fragments that are there before a link is printed, so that playback begins with a full window: players stay a few segments behind. */
const LINK_FRAGMENTS = 3;
/** The server is in this very process. */
const GIVE_UP_AFTER_MS = 30_000;

/**
 * Starts a server and a camera, tells what to do with them, and shows what happens until the signal aborts. Ends in order: the camera, the
 * acknowledgements of its last fragment, the server.
 */
export async function runDemo({ data, listen, seconds, signal }: DemoOptions): Promise<void> {
  if (!hasFfmpeg()) aptInstall(["ffmpeg", "fonts-dejavu-core"], "the camera of the demo");
  const server = await startDemoServer(data, listen);
  try {
    const local = findLocalServer(data);
    if (local === undefined) throw new CliError("the server is up but has left no server.json");
    process.stdout.write(instructions(local, DEMO_STREAM, !isFoundByItself(data)));
    const ends = seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1000)];
    await new Demo(local).run(AbortSignal.any([signal, ...ends]));
  } finally {
    await server.stop();
  }
  process.stdout.write(`stopped; the recording stays in ${data}\n`);
}

async function startDemoServer(data: string, listen: string): Promise<RunningServer> {
  const settingsFor = (address: string) =>
    resolveSettings({ flags: { data, listen: address, logLevel: "error" }, environment: process.env });
  try {
    return await startServer(settingsFor(listen));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw explainStart(error, { data, listen });
    return startOrExplain(settingsFor(listen.replace(/:\d+$/, ":0")));
  }
}

/** The camera's way into the stream, and the line that shows it. */
class Demo {
  readonly #connection: Connection;
  readonly #status = new StatusLine(() => this.#describe());
  readonly #began = Date.now();
  #producer: MediaProducer | undefined;
  #persisted = 0;
  #acks = 0;
  #lastTimecode: number | undefined;
  #isEnding = false;
  #linkedAt: number | undefined;
  /** From the end of the newest persisted fragment, by its producer timestamps, to its PERSISTED acknowledgement. */
  #endToPersistedMs: number | undefined;

  constructor({ url: endpoint, region, accessKeyId, secretAccessKey }: LocalServer) {
    this.#connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  }

  async run(signal: AbortSignal): Promise<void> {
    // Ended while the server started: nobody would be told of it again.
    if (signal.aborted) return;
    const connection = this.#connection;
    const camera = startCamera();
    const end = (): void => {
      this.#isEnding = true;
      void camera.stop();
    };
    signal.addEventListener("abort", end, { once: true });
    const note = (text: string): void => this.#status.note(text, process.stdout);
    const retries = new Retries({ giveUpAfterMs: GIVE_UP_AFTER_MS, signal, note });
    try {
      await sendFrames({
        connection,
        stream: DEMO_STREAM,
        chunks: camera.output(),
        durationMs: undefined,
        startFor: () => Date.now(),
        // Some versions of ffmpeg let the first half second come at once: no frame may be sent before its own time.
        realtime: true,
        signal,
        giveUpAfterMs: GIVE_UP_AFTER_MS,
        onTracks: async (tracks) => void (await createStream(connection, DEMO_STREAM, RETENTION_HOURS, tracks)),
        onProducer: (producer) => {
          this.#producer = producer;
          retries.watch(producer);
        },
        onAck: (ack) => this.#acknowledge(ack),
        onRetry: (error) => retries.failed(error),
      });
    } catch (error) {
      // Ended before the camera's first frame there is nothing that could have failed.
      if (!signal.aborted || this.#producer !== undefined) throw error;
    } finally {
      this.#status.stop();
      await camera.stop();
    }
    process.stdout.write(`${this.#describe()}\n`);
  }

  #acknowledge({ type, fragmentTimecode }: Ack): void {
    this.#acks++;
    if (type !== "PERSISTED" || fragmentTimecode === undefined) return;
    this.#persisted++;
    this.#renewLink();
    if (this.#lastTimecode !== undefined && !this.#isEnding) {
      // The camera's fragments are equally long, but for the one that the end cuts.
      this.#endToPersistedMs = Date.now() - (2 * fragmentTimecode - this.#lastTimecode);
    }
    this.#lastTimecode = fragmentTimecode;
  }

  /** Prints a link that plays the camera live: at first, and before that one ends. */
  #renewLink(): void {
    const now = Date.now();
    const isFresh = this.#linkedAt !== undefined && now - this.#linkedAt < LINK_RENEWAL_MS;
    if (isFresh || this.#persisted < LINK_FRAGMENTS || this.#isEnding) return;
    this.#linkedAt = now;
    const connection = this.#connection;
    const session = { connection, stream: DEMO_STREAM, format: "hls", range: undefined, clock: "producer" } as const;
    sessionUrl({ ...session, expiresSeconds: LINK_SECONDS }).then(
      (url) =>
        this.#status.note(
          `Watch it live in a browser, for 12 hours:\n  ${pageOf(withLowLatency(url))}\n`,
          process.stdout,
        ),
      (error: unknown) => this.#status.note(`no link for the browser: ${describe(error)}`, process.stdout),
    );
  }

  #describe(): string {
    return describeProgress(DEMO_STREAM, {
      elapsedMs: Date.now() - this.#began,
      fragments: this.#persisted,
      bytes: this.#producer?.statistics.bytesWritten ?? 0,
      acks: this.#acks,
      lagMs: this.#endToPersistedMs,
    });
  }
}
