import { connect, type Socket } from "node:net";
import { signedLines } from "./sign.ts";

/** One acknowledgement as it came over the wire. */
export interface WireAck {
  readonly EventType: "BUFFERING" | "RECEIVED" | "PERSISTED" | "ERROR" | "IDLE";
  readonly FragmentTimecode?: number;
  readonly FragmentNumber?: string;
  readonly ErrorCode?: string;
  readonly ErrorId?: number;
  readonly Message?: string;
}

/** Where to send, and as whom. */
export interface PutMediaTarget {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region?: string;
  readonly stream: string;
  readonly timecodeType?: "ABSOLUTE" | "RELATIVE";
  /** Decimal seconds since the epoch. */
  readonly producerStart?: string;
}

/** Header lines of a signed PutMedia request in the form of the C producer library: the empty body's hash, chunked. */
export const signedHeaders = (target: PutMediaTarget): string[] =>
  signedLines({
    ...target,
    path: "/putMedia",
    headers: {
      "transfer-encoding": "chunked",
      "x-amzn-fragment-timecode-type": target.timecodeType ?? "ABSOLUTE",
      "x-amzn-producer-start-timestamp": target.producerStart ?? (Date.now() / 1000).toFixed(3),
      "x-amzn-stream-name": target.stream,
    },
  });

/** The end of an answer that goes out in chunks (RFC 9112, section 7.1), behind the end of another chunk. */
const LAST_CHUNK = "\r\n0\r\n\r\n";
const ACK = /\{[^{}]*\}/g;

/**
 * A PutMedia request on a bare socket: no HTTP library between the test and the wire, and cheap enough for a thousand at once.
 * Acknowledgements are picked from the response's bytes; `status` is that of the response line.
 */
export class PutMediaSocket {
  readonly socket: Socket;
  readonly acks: WireAck[] = [];
  status: number | undefined;
  /** Resolves when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>;
  /** Resolves when the answer has come to its end, or the connection is closed. */
  readonly answered: Promise<void>;
  readonly #answer = Promise.withResolvers<void>();
  onAck: ((ack: WireAck) => void) | undefined;
  #text = "";

  constructor(target: PutMediaTarget) {
    const { hostname, port } = new URL(target.url);
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.closed = new Promise((resolve) => this.socket.on("close", () => resolve()));
    this.answered = Promise.race([this.#answer.promise, this.closed]);
    this.socket.on("error", () => this.socket.destroy());
    this.socket.on("data", (data) => this.#receive(data.toString("latin1")));
    this.socket.write(`POST /putMedia HTTP/1.1\r\n${signedHeaders(target).join("\r\n")}\r\n\r\n`);
  }

  /** Sends bytes of the body as one HTTP chunk; false where the socket's buffer is full (then wait for {@link drained}). */
  write(bytes: Uint8Array): boolean {
    if (this.socket.destroyed) return false;
    this.socket.cork();
    this.socket.write(`${bytes.length.toString(16)}\r\n`, "latin1");
    this.socket.write(bytes);
    const more = this.socket.write("\r\n", "latin1");
    process.nextTick(() => this.socket.uncork());
    return more;
  }

  /** Resolves when the socket takes more, or is closed. */
  async drained(): Promise<void> {
    if (this.socket.destroyed || !this.socket.writableNeedDrain) return;
    await Promise.race([new Promise<void>((resolve) => this.socket.once("drain", resolve)), this.closed]);
  }

  /** Ends the body; the server answers the last acknowledgements and ends the response. */
  end(): void {
    if (!this.socket.destroyed) this.socket.write("0\r\n\r\n");
  }

  /** Drops the connection as a crash of the producer would. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Resolves with the first acknowledgement, past or future, that `wanted` accepts; rejects when the connection closes before. */
  async ack(wanted: (ack: WireAck) => boolean): Promise<WireAck> {
    for (let seen = 0; ; ) {
      for (; seen < this.acks.length; seen++) if (wanted(this.acks[seen]!)) return this.acks[seen]!;
      const closed = await Promise.race([
        this.closed.then(() => true),
        new Promise<boolean>((resolve) => this.socket.once("data", () => resolve(false))),
      ]);
      if (closed && seen === this.acks.length) {
        throw new Error(
          `closed (status ${this.status}) after acks ${JSON.stringify(this.acks.slice(-3))} ${this.#text.slice(-300)}`,
        );
      }
    }
  }

  #receive(data: string): void {
    this.#text += data;
    this.status ??= Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#text)?.[1]) || undefined;
    let last = 0;
    for (const match of this.#text.matchAll(ACK)) {
      last = match.index + match[0].length;
      const ack = JSON.parse(match[0]) as WireAck;
      if (ack.EventType === undefined) continue;
      this.acks.push(ack);
      this.onAck?.(ack);
    }
    this.#text = this.#text.slice(last);
    if (this.#text.endsWith(LAST_CHUNK)) this.#answer.resolve();
    if (this.status === 200 && this.#text.length > 4096) this.#text = this.#text.slice(-4096);
  }
}
