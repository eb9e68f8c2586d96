import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { WireResponse } from "../../aws/wire.ts";
import type { HttpLimits } from "./limits.ts";

/** Whether a body is sent whole, not streamed. */
export function isWhole(body: WireResponse["body"]): body is string | Uint8Array | readonly Uint8Array[] {
  return typeof body === "string" || body instanceof Uint8Array || isPieces(body);
}

function isPieces(body: WireResponse["body"]): body is readonly Uint8Array[] {
  return Array.isArray(body);
}

/**
 * Sends an answer. A streamed one has its headers sent at once, each item as an HTTP chunk of its own, and the next item asked for
 * only when the socket has taken the last.
 * @param signal aborted when the client goes away, which ends the stream's iteration
 * @throws what the stream throws; the client then finds the answer cut off
 */
export async function sendResponse(response: ServerResponse, answer: WireResponse, signal: AbortSignal): Promise<void> {
  const { status, headers, body } = answer;
  if (status === 304) {
    // What it has no body of has its own length.
    response.writeHead(status, headers).end();
    return;
  }
  if (isPieces(body)) {
    sendPieces(response, answer, body);
    return;
  }
  if (isWhole(body)) {
    // Text goes out in one write with the headers; bytes would be a second one.
    response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  for await (const chunk of body) {
    if (signal.aborted) return;
    if (chunk.length > 0 && !response.write(chunk)) await drained(response, signal);
  }
  response.end();
}

/** Sends bytes that lie in several places, shared with other answers, without copying them: in one write, with the headers. */
function sendPieces(response: ServerResponse, { status, headers }: WireResponse, pieces: readonly Uint8Array[]): void {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  response.writeHead(status, { ...headers, "Content-Length": length });
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
}

/** Waits for the socket to take what was written; also ends when the client goes away. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (response.writableNeedDrain) await once(response, "drain", { signal }).catch(() => undefined);
}

/** Whether a request has come to its end and nothing of it is left to be read. */
export function isRead(request: IncomingMessage): boolean {
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
