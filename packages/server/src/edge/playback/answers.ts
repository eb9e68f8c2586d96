import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import type { PlaybackRefusal, RefusalReason } from "../../domain/playback/refusal.ts";
import { byteRange, slicePieces } from "./byte-range.ts";

const compress = promisify(gzip);
/** Text below this length fits in a packet as it is. */
const GZIP_LEAST_BYTES = 1200;
/** Fast: most of a playlist is one token over and over, which any level finds. */
const GZIP_OPTIONS = { level: constants.Z_BEST_SPEED };

/** How each refusal is answered: status, and the error type by which AWS's clients know it. */
const REFUSALS: Readonly<Record<RefusalReason, readonly [status: number, type: string]>> = {
  forbidden: [403, "NotAuthorizedException"],
  expired: [403, "NotAuthorizedException"],
  gone: [410, "ResourceNotFoundException"],
  "not-found": [404, "ResourceNotFoundException"],
  unplayable: [404, "UnsupportedStreamMediaTypeException"],
  throttled: [429, "ClientLimitExceededException"],
  unavailable: [503, "ServiceUnavailableException"],
  invalid: [400, "InvalidArgumentException"],
};

/** The answer to a request that is refused: one line that says why, which no cache may keep. */
export function refuse({ reason, message }: PlaybackRefusal): WireResponse {
  const [status, type] = REFUSALS[reason];
  return plain(status, message, { "x-amzn-ErrorType": type });
}

/** One line of text. */
export function plain(status: number, message: string, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return {
    status,
    headers: { ...headers, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
    body: `${message}\n`,
  };
}

/** A playlist or manifest as it is sent. */
export interface EncodedText {
  readonly text: Uint8Array;
  /** The same compressed; undefined where that would gain nothing. */
  readonly zipped: Uint8Array | undefined;
  readonly etag: string;
  readonly bytes: number;
}

/** Prepares a text for sending. Compression runs on another thread. */
export async function encodeText(content: string | Uint8Array): Promise<EncodedText> {
  const text = typeof content === "string" ? Buffer.from(content) : content;
  const zipped = text.length < GZIP_LEAST_BYTES ? undefined : await compress(text, GZIP_OPTIONS);
  const etag = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  return { text, zipped, etag, bytes: text.length + (zipped?.length ?? 0) };
}

/** A text, compressed where the client takes that. The two forms have ETags of their own (RFC 9110, section 8.8.3.3). */
export function textAnswer(
  { headers }: WireRequest,
  { text, zipped, etag }: EncodedText,
  own: Readonly<Record<string, string>>,
): WireResponse {
  const body = zipped !== undefined && acceptsGzip(headers["accept-encoding"]) ? zipped : text;
  const tag = body === text ? `"${etag}"` : `"${etag}-gzip"`;
  const all = { ...own, ETag: tag, Vary: "Accept-Encoding" };
  if (matches(headers["if-none-match"], tag)) return { status: 304, headers: all, body: "" };
  return { status: 200, headers: body === text ? all : { ...all, "Content-Encoding": "gzip" }, body };
}

const GZIP = /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=([0-9.]+)\s*)?(?=,|$)/i;

function acceptsGzip(header: string | string[] | undefined): boolean {
  const match = GZIP.exec(String(header ?? ""));
  return match !== null && Number(match[1] ?? 1) > 0;
}

/** Media in pieces, whole or the part that is asked for. `etag` without quotes differs wherever the bytes could. */
export function mediaAnswer(
  { headers }: WireRequest,
  pieces: readonly Uint8Array[],
  own: Readonly<Record<string, string>>,
  etag: string,
): WireResponse {
  const tag = `"${etag}"`;
  const all = { ...own, ETag: tag, "Accept-Ranges": "bytes" };
  if (matches(headers["if-none-match"], tag)) return { status: 304, headers: all, body: "" };
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const ifRange = headers["if-range"];
  const range = ifRange === undefined || ifRange === tag ? byteRange(headers.range, length) : undefined;
  if (range === undefined) return { status: 200, headers: all, body: pieces };
  if (range === "unsatisfiable") {
    return plain(416, `The resource has ${length} bytes.`, { "Content-Range": `bytes */${length}` });
  }
  const contentRange = `bytes ${range.start}-${range.end - 1}/${length}`;
  return { status: 206, headers: { ...all, "Content-Range": contentRange }, body: slicePieces(pieces, range) };
}

/** If-None-Match, by the weak comparison (RFC 9110, section 13.1.2). */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((item) => item.trim() === "*" || item.trim().replace(/^W\//, "") === tag);
}
