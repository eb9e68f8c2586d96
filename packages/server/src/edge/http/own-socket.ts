import { Socket, type SocketConstructorOpts } from "node:net";

/**
 * Bytes that one read of a socket takes at most: with more, a producer that sends what it has recorded costs less, but holds up live frames for
 * longer than a fraction of a millisecond.
 */
const READ_BYTES = 256 * 1024;

/**
 * Where all sockets are read to: whoever receives has done with the bytes when it returns. The kernel writes to it for as long as there is a socket,
 * so nobody may give it back: besides what `RequestBody` knows of lent chunks, it is a part of larger memory, which nobody takes for memory
 * that a read has for itself. Memory that cannot be given back, a SharedArrayBuffer, would do too, but costs the main thread a twentieth.
 */
let target: Buffer | undefined;

/** What Node has no public way to ask a socket for: its handle. */
interface WithHandle {
  _handle?: (NonNullable<SocketConstructorOpts["handle"]> & { readonly useUserBuffer?: unknown }) | null;
}

/** A connection whose bytes all land in the same memory. */
export interface OwnSocket {
  readonly socket: Socket;
  /** Sets what takes the bytes, which are written over once it has returned. */
  receive(take: (bytes: Buffer) => void): void;
}

/**
 * Takes a connection over from the socket that a server made, into one that reads to memory which is used again: Node gives that choice to those
 * who connect (`net.Socket`, option `onread`), not to those who listen. The old socket lives and ends with the new one.
 * Undefined where the connection is not of that kind, as with TLS: then it is read like the rest.
 */
export function ownSocket(socket: Socket): OwnSocket | undefined {
  const old: Socket & WithHandle = socket;
  const handle = old._handle;
  if (socket.constructor !== Socket || typeof handle?.useUserBuffer !== "function") return undefined;
  old._handle = null;
  target ??= Buffer.allocUnsafeSlow(2 * READ_BYTES).subarray(0, READ_BYTES);
  let taker: ((bytes: Buffer) => void) | undefined;
  const onread = {
    buffer: target,
    callback: (count: number, bytes: Uint8Array): boolean => {
      taker?.(Buffer.from(bytes.buffer, bytes.byteOffset, count));
      return true;
    },
  };
  const own = new Socket({ handle, allowHalfOpen: true, onread });
  // Where it has been reset meanwhile, only the old one still knows.
  Object.defineProperty(own, "remoteAddress", { value: socket.remoteAddress });
  own.once("close", () => socket.destroy());
  socket.once("close", () => own.destroy());
  return {
    socket: own,
    receive: (take) => {
      taker = take;
      own.resume();
    },
  };
}
