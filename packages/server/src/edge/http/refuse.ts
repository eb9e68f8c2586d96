import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WireResponse } from "../../aws/wire.ts";

/** Node's code for what was wrong with a request's head, and how it is answered. */
const REFUSALS: Readonly<Record<string, readonly [status: string, type: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "RequestHeaderSectionTooLargeException"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "RequestTimeoutException"],
};
const MALFORMED = ["400 Bad Request", "MalformedHttpRequestException"] as const;

/** What is wrong with a request's head that Node lets pass; undefined where nothing is. */
export function refusalOf(request: IncomingMessage, maxHeaders: number): WireResponse | undefined {
  // Names and values in turn. Node leaves out what is beyond its own bound, which is one above this.
  if (request.rawHeaders.length > 2 * maxHeaders) return refusal(431, "RequestHeaderSectionTooLargeException");
  // RFC 9112, section 3.2.
  const needsHost = request.httpVersionMajor > 1 || request.httpVersionMinor > 0;
  return needsHost && request.headers.host === undefined ? refusal(400, MALFORMED[1]) : undefined;
}

const refusal = (status: number, type: string): WireResponse => ({
  status,
  headers: { "x-amzn-ErrorType": type },
  body: "",
});

/**
 * Answers bytes that are no HTTP request, or that do not become one in time, and closes the connection.
 * @param answering whether part of an answer is out: then the connection is closed without another
 */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex, answering: boolean): void {
  if (error.code === "ECONNRESET" || !socket.writable || answering) {
    socket.destroy();
    return;
  }
  const [status, type] = REFUSALS[error.code ?? ""] ?? MALFORMED;
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Length: 0",
    "Server: Kvass",
    `x-amzn-RequestId: ${randomUUID()}`,
    `x-amzn-ErrorType: ${type}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n`, () => socket.destroy());
}
