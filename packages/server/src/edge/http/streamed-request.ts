import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { LendingBody } from "../../aws/wire.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { type OwnSocket, ownSocket } from "./own-socket.ts";

/** Why a body ended that had not come whole, in Node's codes. */
const codedError = (code: string, message: string): NodeJS.ErrnoException =>
  Object.assign(new Error(message), { code });

const NOTHING = Buffer.alloc(0);

/**
 * A request whose body comes straight from the socket. Node's own way cuts it at every chunk, and copies each piece into memory of its own, in an
 * object of its own: of a producer's chunks, a frame each or less, that is half of what it takes to receive them.
 */
export class StreamedRequest extends IncomingMessage implements LendingBody {
  readonly #own: OwnSocket | undefined;
  readonly #decoder = new ChunkedDecoder();
  readonly #take = (data: Buffer): void => this.#give(data);
  #lends = false;
  /** What has been read, while chunks of it are held for whoever does not listen yet; they are moved together at its front. */
  #bytes: Buffer = NOTHING;
  #held = 0;

  /**
   * @param head the request, of which Node has read the headers and let go
   * @param socket its connection; the request's own `socket` takes its place
   */
  constructor(head: IncomingMessage, socket: Socket) {
    const own = ownSocket(socket);
    super(own?.socket ?? socket);
    this.#own = own;
    this.httpVersion = head.httpVersion;
    this.httpVersionMajor = head.httpVersionMajor;
    this.httpVersionMinor = head.httpVersionMinor;
    this.method = head.method;
    this.url = head.url;
    this.headers = head.headers;
    this.rawHeaders = head.rawHeaders;
  }

  /**
   * Begins to read.
   * @param first what came behind the headers with them
   * @param fail called where the body cannot be read to its end
   */
  begin(first: Buffer, fail: (error: NodeJS.ErrnoException) => void): void {
    const { socket } = this;
    let failed = false;
    const receive = (bytes: Buffer): void => {
      if (failed) return;
      try {
        this.#receive(bytes);
      } catch (error) {
        failed = true;
        fail(codedError("HPE_INVALID_CHUNK_SIZE", error instanceof Error ? error.message : String(error)));
      }
    };
    socket.on("end", () => {
      if (!this.complete) fail(codedError("HPE_INVALID_EOF_STATE", "the body ends before its last chunk"));
    });
    socket.once("close", () => {
      if (!this.complete) this.destroy(codedError("ECONNRESET", "aborted"));
    });
    if (this.#own !== undefined) this.#own.receive(receive);
    else socket.on("data", receive);
    // Behind those, for where nobody takes it the socket is to stop.
    receive(first);
  }

  lendChunks(): void {
    this.#lends = true;
  }

  /** What comes behind the body is read, so that the end of the connection is seen, and left out. */
  #receive(bytes: Buffer): void {
    if (!this.complete && this.#feed(bytes)) {
      this.complete = true;
      this.push(null);
      this.socket.resume();
    }
    if (this.#own === undefined) giveBack(bytes);
  }

  /** Returns whether the body is over. */
  #feed(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.#held = 0;
    const isOver = this.#decoder.feed(bytes, this.#take);
    this.#bytes = NOTHING;
    if (this.#held > 0 && !this.push(Buffer.from(bytes.subarray(0, this.#held)))) this.socket.pause();
    return isOver;
  }

  /** Chunks that have to wait do so in one copy: one for each, a byte or two, would take a hundred times their bytes. */
  #give(data: Buffer): void {
    const listens = this.readableFlowing === true && this.readableLength === 0;
    if (this.#lends && listens && this.#held === 0) {
      this.emit("data", data);
      return;
    }
    this.#bytes.set(data, this.#held);
    this.#held += data.length;
  }
}

/** Gives the memory of a read back at once, where it has memory of its own: see `RequestBody`. */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength === byteLength) buffer.transfer(0);
}
