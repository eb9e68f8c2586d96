import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Requests of one connection in hand from which on no more of it is read: each takes some kilobytes for as long as it waits, and hardly a client sends a
 * second one before the answer to the first.
 */
const MAX_IN_HAND = 32;
/**
 * Requests in hand at which a connection is cut. What has been read when reading stops may hold more than a thousand small ones, and whoever reads a
 * body has more of the connection read; there are no more by chance.
 */
const CUT_IN_HAND = 2048;

/**
 * A connection as the listener knows it. One that sends request after request (RFC 9112, section 9.3.2) while those before wait for their answers is
 * held back.
 */
export class Connection {
  readonly #socket: Duplex;
  #newest: ServerResponse | undefined;
  #inHand = 0;
  /** Whether its next request is refused when those before it are answered. */
  isRefused = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Its newest answer. */
  get newest(): ServerResponse | undefined {
    return this.#newest;
  }

  /** A request has come, which shall have this answer. */
  begin(response: ServerResponse): void {
    this.#newest = response;
    const count = ++this.#inHand;
    if (count > CUT_IN_HAND) this.#socket.destroy();
    // Later: at the end of each request Node has more read.
    else if (count >= MAX_IN_HAND) queueMicrotask(() => this.#holdBack());
  }

  /** One has its answer, or nobody waits for that any more. */
  end(): void {
    if (this.#inHand-- === MAX_IN_HAND) this.#socket.resume();
  }

  #holdBack(): void {
    if (this.#inHand < MAX_IN_HAND) return;
    // One that is paused may be read again for the sake of a body: Node stops where it is told of a pause, which it is only once.
    if (this.#socket.isPaused()) this.#socket.emit("pause");
    else this.#socket.pause();
  }
}
