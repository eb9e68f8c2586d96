import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

/** Where a server listens, and how its certificate is known where it speaks TLS. */
export interface Place {
  readonly url: string;
  readonly ca?: Buffer;
}

/** A connection to a server. */
export function dial({ url, ca }: Place): Socket {
  const { hostname, port } = new URL(url);
  const target = { host: hostname, port: Number(port), noDelay: true };
  return ca === undefined ? connect(target) : connectTls({ ...target, ca, servername: "localhost" });
}

/** Looks at an answer while it comes. What it throws ends the test. */
export interface Check {
  begin?(status: number, headers: ReadonlyMap<string, string>): void;
  bytes(bytes: Buffer): void;
  /** Called for an answer that is whole. */
  end?(): void;
}

/** A request as it goes over the wire, and what is known of its answer. */
export interface Ask {
  readonly text: string;
  readonly check: Check;
}

/** How a client behaves. */
export interface Habits {
  /** The connection is cut once so many bytes have come. */
  readonly leavesAfter: number;
  /** Bytes that are read before a pause, and the pause in milliseconds. */
  readonly burst: number;
  readonly pauseMs: number;
}

type Outcome = "answered" | "left" | "cut off";

/** Reads the answers to requests that were sent one behind the other (RFC 9112). */
class AnswerReader {
  readonly #asks: Ask[];
  #line = "";
  /** Of the head, of a chunk's size, behind a chunk; or bytes of a body. */
  #state: "head" | "size" | "behind" | "body" = "head";
  #left = 0;
  #isChunked = false;

  constructor(asks: readonly Ask[]) {
    this.#asks = [...asks];
  }

  get isDone(): boolean {
    return this.#asks.length === 0;
  }

  feed(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      if (this.isDone) throw new Error(`more than was asked for: ${data.toString("latin1", at, at + 80)}`);
      at = this.#state === "body" ? this.#readBody(data, at) : this.#readText(data, at);
    }
  }

  #readText(data: Buffer, at: number): number {
    const mark = this.#state === "head" ? "\r\n\r\n" : "\r\n";
    const before = this.#line.length;
    this.#line += data.toString("latin1", at, Math.min(data.length, at + 16_384));
    const end = this.#line.indexOf(mark);
    if (end < 0) return Math.min(data.length, at + 16_384);
    const text = this.#line.slice(0, end);
    this.#line = "";
    if (this.#state === "head") this.#takeHead(text);
    else this.#takeSize(text);
    return at + end + mark.length - before;
  }

  #takeHead(text: string): void {
    const [first, ...lines] = text.split("\r\n");
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.split(": ")[1]!]),
    );
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first!)?.[1]);
    if (!(status >= 200)) throw new Error(`no answer: ${first}`);
    const { check, text: asked } = this.#asks[0]!;
    check.begin?.(status, headers);
    this.#isChunked = headers.get("transfer-encoding") === "chunked";
    const isEmpty = status === 304 || asked.startsWith("HEAD");
    this.#left = isEmpty ? 0 : Number(headers.get("content-length") ?? 0);
    this.#state = this.#isChunked && !isEmpty ? "size" : "body";
    if (this.#state === "body" && this.#left === 0) this.#finish();
  }

  #takeSize(text: string): void {
    if (this.#state === "behind") {
      this.#state = this.#left === 0 ? "head" : "size";
      if (this.#left === 0) this.#finish();
      else if (text !== "") throw new Error(`not the end of a chunk: ${text}`);
      return;
    }
    if (!/^[0-9a-f]+$/i.test(text)) throw new Error(`no chunk size: ${text.slice(0, 80)}`);
    this.#left = Number.parseInt(text, 16);
    this.#state = this.#left === 0 ? "behind" : "body";
  }

  #readBody(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#left);
    this.#asks[0]!.check.bytes(data.subarray(at, end));
    this.#left -= end - at;
    if (this.#left > 0) return end;
    if (!this.#isChunked) this.#finish();
    else {
      this.#state = "behind";
      this.#left = -1;
    }
    return end;
  }

  #finish(): void {
    this.#state = "head";
    this.#asks.shift()!.check.end?.();
  }
}

/**
 * Sends requests at once on one connection and reads their answers as the habits say. Rejects with what a check throws; resolves to
 * `cut off` where the server ends the connection before all are answered.
 */
export async function converse(place: Place, asks: readonly Ask[], habits: Habits): Promise<Outcome> {
  const socket = dial(place);
  const reader = new AnswerReader(asks);
  socket.on("error", () => socket.destroy());
  socket.write(asks.map(({ text }) => text).join(""));
  let all = 0;
  let burst = 0;
  try {
    for await (const data of socket as AsyncIterable<Buffer>) {
      reader.feed(data);
      all += data.length;
      burst += data.length;
      if (reader.isDone) return "answered";
      if (all >= habits.leavesAfter) return "left";
      if (burst < habits.burst) continue;
      burst = 0;
      await delay(habits.pauseMs);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET" && !isEarlyClose(error)) throw error;
  } finally {
    if (all % 2 === 0 && socket instanceof Object && "resetAndDestroy" in socket) socket.resetAndDestroy();
    else socket.destroy();
  }
  return "cut off";
}

const isEarlyClose = (error: unknown): boolean =>
  ["ERR_STREAM_PREMATURE_CLOSE", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");

/** All of an answer, which must be one of success. */
export async function answer(place: Place, text: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let status = 0;
  const check: Check = {
    begin: (found) => {
      status = found;
    },
    bytes: (bytes) => void pieces.push(Buffer.from(bytes)),
  };
  const patient = { leavesAfter: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY, pauseMs: 0 };
  const outcome = await converse(place, [{ text, check }], patient);
  const body = Buffer.concat(pieces);
  if (outcome === "answered" && status === 200) return body;
  throw new Error(`${outcome}, ${status}: ${body.toString("latin1", 0, 300)}`);
}
