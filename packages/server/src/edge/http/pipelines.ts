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

/** Holds connections back that send request after request (RFC 9112, section 9.3.2) while those before wait for their answers. */
export class Pipelines {
  readonly #inHand = new WeakMap<Duplex, number>();

  /** A request has come on a connection. */
  begin(socket: Duplex): void {
    const count = (this.#inHand.get(socket) ?? 0) + 1;
    this.#inHand.set(socket, count);
    if (count > CUT_IN_HAND) socket.destroy();
    // Later: at the end of each request Node has more read.
    else if (count >= MAX_IN_HAND) queueMicrotask(() => this.#holdBack(socket));
  }

  /** One has its answer, or nobody waits for that any more. */
  end(socket: Duplex): void {
    const count = (this.#inHand.get(socket) ?? 0) - 1;
    this.#inHand.set(socket, count);
    if (count === MAX_IN_HAND - 1) socket.resume();
  }

  #holdBack(socket: Duplex): void {
    if ((this.#inHand.get(socket) ?? 0) < MAX_IN_HAND) return;
    // One that is paused may be read again for the sake of a body: Node stops where it is told of a pause, which it is only once.
    if (socket.isPaused()) socket.emit("pause");
    else socket.pause();
  }
}
