import type { ServerResponse } from "node:http";
import type { WireResponse } from "../../aws/wire.ts";
import { type AnswerHead, headOf, writeHead } from "./head.ts";

/** A body that is sent whole, not streamed. */
export type WholeBody = string | Uint8Array | readonly Uint8Array[];

/** How the connection of an answer goes on. */
export interface Connection {
  /** How long it is kept without a request. */
  readonly keepAliveMs: number;
  /** Whether it is closed behind the answer by other means than the response's. */
  readonly closes: boolean;
}

/** Whether a body is sent whole. */
export function isWhole(body: WireResponse["body"]): body is WholeBody {
  return typeof body === "string" || body instanceof Uint8Array || isPieces(body);
}

/** What `Array.isArray` does not tell of arrays that are read-only. */
function isPieces(body: WireResponse["body"]): body is readonly Uint8Array[] {
  return Array.isArray(body);
}

/** Sends an answer whose body is whole, with its length, in one write to the socket where that takes it. */
export function sendWhole(
  response: ServerResponse,
  head: AnswerHead,
  body: WholeBody,
  { keepAliveMs, closes }: Connection,
): void {
  if (head.status === 304) {
    // What it has no body of has its own length.
    response.writeHead(304, headOf(head)).end();
    return;
  }
  const length = bytesOf(body);
  writeHead(response, head, length, keepAliveMs, !closes);
  if (isPieces(body)) sendPieces(response, body);
  // A head and a text of single bytes are one text, which is written without a buffer for either.
  else response.end(body, typeof body === "string" && body.length === length ? "latin1" : "utf8");
}

function bytesOf(body: WholeBody): number {
  if (!isPieces(body)) return Buffer.byteLength(body);
  let bytes = 0;
  for (const { length } of body) bytes += length;
  return bytes;
}

/** Sends bytes that lie in several places, shared with other answers, without copying them. */
function sendPieces(response: ServerResponse, pieces: readonly Uint8Array[]): void {
  const last = pieces.length - 1;
  response.cork();
  for (let place = 0; place < last; place++) response.write(pieces[place]);
  response.end(pieces[last]);
}
