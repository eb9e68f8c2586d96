import type { ClientRequest, IncomingMessage } from "node:http";
import { type Ack, AckParser } from "./acks.ts";
import type { Connection, StreamId } from "./connection.ts";
import { dataEndpoint } from "./control-plane.ts";
import { KinesisVideoError, PutMediaError } from "./errors.ts";
import { openSignedPost, responseError } from "./signed-request.ts";

/** How the timecodes of Clusters count: milliseconds since the epoch, or since the producer's start. */
export type TimecodeType = "ABSOLUTE" | "RELATIVE";

/** What a PutMedia request says beside its body. */
export interface PutMediaOptions {
  readonly connection: Connection;
  readonly stream: StreamId;
  /** Default: ABSOLUTE. */
  readonly timecodeType?: TimecodeType;
  /** Start of the producer, in milliseconds since the epoch; counts with RELATIVE timecodes. Default: now. */
  readonly producerStart?: number;
  /** What GetDataEndpoint answered earlier for PUT_MEDIA; asked again where absent. */
  readonly endpoint?: string;
}

/** The service answers within a round trip; a request that has no status by then has met something else. */
const STATUS_WITHIN_MS = 15_000;
/** A socket that takes nothing for so long is dead, or behind a proxy that holds the body back; the C producer SDK waits 30 s. */
const STALLED_AFTER_MS = 60_000;

const closedEarly = (cause?: Error): KinesisVideoError =>
  new KinesisVideoError("ConnectionClosed", cause?.message || "the service closed the connection", { cause });

/**
 * One PutMedia request: bytes of Matroska go in, acknowledgements come back while they do. It ends once: `finished` resolves when
 * the body was ended and the service has answered to its last byte, and rejects with a {@link KinesisVideoError} (refused, or
 * the connection broke) or a {@link PutMediaError} (ERROR acknowledgement).
 */
export class PutMediaConnection {
  readonly finished: Promise<void>;
  readonly #request: ClientRequest;
  readonly #onAck: (ack: Ack) => void;
  readonly #statusTimer: NodeJS.Timeout;
  #isFinished = false;
  #ended = false;
  #finish!: (error?: Error) => void;
  /** Wakes whoever waits in `drained`. */
  #resume: (() => void) | undefined;

  private constructor(request: ClientRequest, onAck: (ack: Ack) => void) {
    this.#request = request;
    this.#onAck = onAck;
    this.#statusTimer = setTimeout(
      () => this.#fail(closedEarly(new Error("the service did not answer"))),
      STATUS_WITHIN_MS,
    );
    this.finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever waits on it sees the rejection; nobody has to.
    this.finished.catch(() => {});
    request.on("drain", () => this.#resume?.());
    request.on("response", (response) => this.#respond(response));
    request.on("error", (error) => this.#fail(closedEarly(error)));
    request.on("close", () => this.#fail(closedEarly()));
    request.flushHeaders();
  }

  /** Signs and opens the request. Rejects where the endpoint or the credentials are not to be had. */
  static async open(options: PutMediaOptions, onAck: (ack: Ack) => void): Promise<PutMediaConnection> {
    const { connection, stream, timecodeType = "ABSOLUTE", producerStart = Date.now() } = options;
    const endpoint = options.endpoint ?? (await dataEndpoint(connection, "PUT_MEDIA", stream));
    const request = await openSignedPost({
      connection,
      endpoint,
      path: "/putMedia",
      headers: {
        "transfer-encoding": "chunked",
        ...("streamName" in stream
          ? { "x-amzn-stream-name": stream.streamName }
          : { "x-amzn-stream-arn": stream.streamArn }),
        "x-amzn-fragment-timecode-type": timecodeType,
        "x-amzn-producer-start-timestamp": (producerStart / 1000).toFixed(3),
        "x-amzn-fragment-acknowledgment-required": "1",
      },
    });
    return new PutMediaConnection(request, onAck);
  }

  /** Whether `finished` has resolved or rejected: nothing more can be written. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Sends bytes; false where the socket is full: wait for {@link drained} before the next. Bytes after the end are dropped. */
  write(bytes: Uint8Array): boolean {
    if (this.#isFinished) return false;
    return this.#request.write(bytes);
  }

  /** Resolves when the socket takes bytes again, or the connection has finished either way. */
  async drained(): Promise<void> {
    if (this.#isFinished || !this.#request.writableNeedDrain) return;
    const timer = setTimeout(
      () => this.#fail(closedEarly(new Error("the service takes no more data"))),
      STALLED_AFTER_MS,
    );
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
    clearTimeout(timer);
  }

  /** Ends the body: the service finishes the last fragment, acknowledges, and ends its answer. */
  end(): void {
    if (this.#isFinished || this.#ended) return;
    this.#ended = true;
    this.#request.end();
  }

  /** Drops the connection; `finished` rejects with `reason`. */
  abort(reason: Error): void {
    this.#fail(reason);
  }

  async #respond(response: IncomingMessage): Promise<void> {
    clearTimeout(this.#statusTimer);
    response.on("error", (error) => this.#fail(closedEarly(error)));
    if (response.statusCode !== 200) {
      this.#fail(await responseError(response));
      return;
    }
    const parser = new AckParser();
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#receive(parser, text));
    response.on("end", () => (this.#ended ? this.#settle() : this.#fail(closedEarly())));
  }

  #receive(parser: AckParser, text: string): void {
    try {
      for (const ack of parser.feed(text)) {
        if (this.#isFinished) return;
        this.#onAck(ack);
        if (ack.type === "ERROR") this.#fail(new PutMediaError(ack));
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#settle(error);
    this.#request.destroy();
  }

  #settle(error?: Error): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    clearTimeout(this.#statusTimer);
    this.#finish(error);
    this.#resume?.();
  }
}
