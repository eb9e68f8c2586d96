import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpLimits } from "./limits.ts";

/** Items of a streamed answer from this size on may be written over once the next one is asked for (`WireResponse`). */
const LENT_BYTES = 64 * 1024;

/**
 * Sends the body of an answer whose headers are written. They go out at once, each item as an HTTP chunk of its own, and the next item is
 * asked for only when the socket has taken the last.
 * @param signal aborted when the client goes away, which ends the stream's iteration
 * @throws what the stream throws; the client then finds the answer cut off
 */
export async function sendStream(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  response.flushHeaders();
  for await (const chunk of body) {
    if (signal.aborted) return;
    if (chunk.length >= LENT_BYTES) await taken(response, chunk, signal);
    else if (chunk.length > 0 && !response.write(chunk)) await drained(response, signal);
  }
  response.end();
}

/** Writes bytes and waits until the kernel has taken all of them, so that they may be written over; also ends when the client goes away. */
function taken(response: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      signal.removeEventListener("abort", settle);
      resolve();
    };
    signal.addEventListener("abort", settle);
    response.write(bytes, settle);
  });
}

/** Waits for the socket to take what was written; also ends when the client goes away. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (response.writableNeedDrain) await once(response, "drain", { signal }).catch(() => undefined);
}

/** Whether a request has come to its end and nothing of it is left to be read. */
function isRead(request: IncomingMessage): boolean {
  return request.complete && request.readableLength === 0;
}

/** Resolves when the socket has an answer whole, which waits for those of earlier requests; also when the client goes away. */
export async function finished(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (!response.writableFinished) await once(response, "finish", { signal }).catch(() => undefined);
}

/**
 * Lets a client that is still sending find the answer: what it sends is read and thrown away for a while, because closing a socket
 * with unread bytes makes the kernel drop the answer too (RFC 9112, section 9.6). Then the connection is cut, unless the request ended.
 * @param last true where no further request is wanted on this connection: it is closed, its sending half at once
 */
export function linger(request: IncomingMessage, last: boolean, limits: HttpLimits): void {
  const { socket } = request;
  if (isRead(request)) {
    if (last) socket.destroySoon();
    return;
  }
  const cut = (): void => void socket.destroy();
  const timer = setTimeout(cut, limits.lingerMs);
  let discarded = 0;
  request.on("data", (chunk: Uint8Array) => {
    discarded += chunk.length;
    if (discarded > limits.lingerBytes) cut();
  });
  request.once("end", () => {
    clearTimeout(timer);
    if (last) cut();
  });
  request.once("close", () => clearTimeout(timer));
  request.on("error", cut);
  if (last) socket.end();
  request.resume();
}
