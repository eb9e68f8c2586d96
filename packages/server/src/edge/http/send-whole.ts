import type { ServerResponse } from "node:http";
import type { WireResponse } from "../../aws/wire.ts";

/** A body that is sent whole, not streamed. */
export type WholeBody = string | Uint8Array | readonly Uint8Array[];

/** Whether a body is sent whole. */
export function isWhole(body: WireResponse["body"]): body is WholeBody {
  return typeof body === "string" || body instanceof Uint8Array || isPieces(body);
}

/** What `Array.isArray` does not tell of arrays that are read-only. */
function isPieces(body: WireResponse["body"]): body is readonly Uint8Array[] {
  return Array.isArray(body);
}

/**
 * Sends an answer whose body is whole, with its length, in one write to the socket where that takes it.
 * @param head names and values in turn
 */
export function sendWhole(response: ServerResponse, status: number, head: string[], body: WholeBody): void {
  if (status === 304) {
    // What it has no body of has its own length.
    response.writeHead(status, head).end();
  } else if (isPieces(body)) {
    sendPieces(response, status, head, body);
  } else {
    head.push("Content-Length", String(Buffer.byteLength(body)));
    response.writeHead(status, head).end(body);
  }
}

/** Sends bytes that lie in several places, shared with other answers, without copying them. */
function sendPieces(response: ServerResponse, status: number, head: string[], pieces: readonly Uint8Array[]): void {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  head.push("Content-Length", String(length));
  response.writeHead(status, head);
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
}
