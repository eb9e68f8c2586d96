import { connect, type Socket } from "node:net";

/** No server of these benches answers with more; beyond, the bytes are no HTTP response. */
const MAX_HEAD_BYTES = 16_384;
const HEAD_END = "\r\n\r\n";

/** Every connection of the process reads into it, one after the other: what comes is counted or copied, never kept. */
const BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** An answer with a length. */
export interface Answer {
  readonly status: number;
  /** Bytes of the body. */
  readonly bytes: number;
  /** Status line and headers. */
  readonly head: string;
}

interface Exchange {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onBody: ((bytes: Buffer) => void) | undefined;
}

/** An HTTP/1.1 connection that is kept for one GET after the other, and costs its process little more than the kernel's copy. */
export class KeptConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #exchange: Exchange | undefined;
  #head = "";
  #status = 0;
  #length = 0;
  #received = -1;

  constructor(url: string) {
    const { host, hostname, port } = new URL(url);
    this.#host = host;
    const read = (count: number): boolean => {
      this.#receive(BUFFER.subarray(0, count));
      return true;
    };
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: BUFFER, callback: read },
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error(`${host} closed the connection`)));
  }

  /**
   * Resolves when an answer has come whole.
   * @param target path and query
   * @param onBody told of the body's bytes as they come; they are overwritten when it returns
   */
  get(target: string, onBody?: (bytes: Buffer) => void, headers = ""): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#exchange = { resolve, reject, onBody };
      this.#head = "";
      this.#received = -1;
      this.#socket.write(`GET ${target} HTTP/1.1\r\nHost: ${this.#host}\r\n${headers}\r\n`, "latin1");
    });
  }

  close(): void {
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  #receive(data: Buffer): void {
    const body = this.#received < 0 ? this.#readHead(data) : data;
    if (this.#received < 0) return;
    this.#received += body.length;
    if (body.length > 0) this.#exchange?.onBody?.(body);
    if (this.#received < this.#length) return;
    const answer = { status: this.#status, bytes: this.#length, head: this.#head };
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.resolve(answer);
  }

  /** Returns what is behind the head, once that is whole. */
  #readHead(data: Buffer): Buffer {
    const before = this.#head.length;
    this.#head += data.toString("latin1");
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#head.length > MAX_HEAD_BYTES) this.#fail(new Error("the answer's head does not end"));
      return data.subarray(data.length);
    }
    this.#head = this.#head.slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head)?.[1];
    this.#status = Number(this.#head.slice(9, 12));
    this.#length = Number(length ?? 0);
    this.#received = 0;
    if (length === undefined) this.#fail(new Error(`no length: ${this.#head}`));
    return data.subarray(end + HEAD_END.length - before);
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.reject(error);
  }
}

/** The body of an answer that must be 200, as text. */
export async function textOf(connection: KeptConnection, target: string): Promise<string> {
  const pieces: Buffer[] = [];
  const { status, head } = await connection.get(target, (bytes) => void pieces.push(Buffer.from(bytes)));
  const text = Buffer.concat(pieces).toString("utf8");
  if (status !== 200) throw new Error(`${head}\n${text}`);
  return text;
}
