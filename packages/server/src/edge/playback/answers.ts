import { hash } from "node:crypto";
import { constants, gzipSync } from "node:zlib";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { owned } from "../../domain/own-memory.ts";
import type { PlaybackRefusal, RefusalReason } from "../../domain/playback/refusal.ts";
import { byteRange, slicePieces } from "./byte-range.ts";
import { ParallelGzip } from "./parallel-gzip.ts";

/** Text below this length fits in a packet as it is. */
const GZIP_LEAST_BYTES = 1200;
/** Fast: most of a playlist is the same over and over, which any level finds. */
const GZIP_OPTIONS = { level: constants.Z_BEST_SPEED };
/** Text up to this length is compressed at once: it takes less than to hand it to another thread. */
const GZIP_AT_ONCE_BYTES = 16_384;
/** The same, with a window of that size and as little memory: zlib's usual 256 KiB would take longer to clear than the text to read. */
const GZIP_AT_ONCE_OPTIONS = { ...GZIP_OPTIONS, windowBits: 14, memLevel: 6 };
/** What a text and its compressed form take, in lengths of the text: the latter is much shorter. */
const BOTH_FORMS = 1.25;
/** Text up to this length is sent as a string: that of a live playlist with its usual window. */
const SHORT_BYTES = 4096;
/** What the objects around a text take, in bytes: more than a short playlist itself. */
const OVERHEAD_BYTES = 1024;

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

/** One form of a text as it is sent. */
export interface TextForm {
  readonly body: string | Uint8Array;
  /** Without quotes. */
  readonly etag: string;
}

/** A text in its compressed form. */
export class ZippedText implements TextForm {
  readonly body: Uint8Array;
  readonly etag: string;

  /** @param body one member of gzip */
  constructor(body: Uint8Array) {
    this.body = owned(body);
    this.etag = `${sumOf(this.body)}-gzip`;
  }
}

/** A playlist or manifest as it is sent. */
export class EncodedText implements TextForm {
  readonly #content: string | Uint8Array;
  readonly #length: number;
  #text: Uint8Array | undefined;
  #etag: string | undefined;
  /** Memory for it and its compressed form. */
  readonly bytes: number;
  /** The text as a body. A short one, which many may ask for, is written to a socket with less ado as a string. */
  readonly body: string | Uint8Array;
  #zipped: Promise<ZippedText> | undefined;

  /** @param zipped the content compressed, where that has begun already */
  constructor(content: string | Uint8Array, zipped?: Promise<Uint8Array>) {
    this.#zipped = zipped?.then((body) => new ZippedText(body));
    this.#content = content;
    this.#length = Buffer.byteLength(content);
    this.bytes = Math.ceil(this.#length * BOTH_FORMS) + OVERHEAD_BYTES;
    const isShort = typeof content === "string" && this.#length <= SHORT_BYTES && this.#length === content.length;
    this.body = isShort ? content : this.text;
  }

  /** Its bytes. */
  get text(): Uint8Array {
    const content = this.#content;
    this.#text ??= owned(typeof content === "string" ? Buffer.from(content) : content);
    return this.#text;
  }

  /** Made when it is asked for: to sum a long text up takes milliseconds, and who takes it compressed needs no sum of this form. */
  get etag(): string {
    this.#etag ??= sumOf(this.body);
    return this.#etag;
  }

  /** The same compressed, once for all who take it so; undefined where that would gain nothing. Long texts on another thread. */
  zipped(): Promise<ZippedText> | undefined {
    if (this.#length < GZIP_LEAST_BYTES) return undefined;
    this.#zipped ??= this.#zip().then((body) => new ZippedText(body));
    return this.#zipped;
  }

  async #zip(): Promise<Uint8Array> {
    const { text } = this;
    return text.length > GZIP_AT_ONCE_BYTES ? textGzip().finish(text) : gzipSync(text, GZIP_AT_ONCE_OPTIONS);
  }
}

/** What tells bytes from all others, in 22 characters: 132 bits of their SHA-256. */
const sumOf = (bytes: string | Uint8Array): string => hash("sha256", bytes, "base64url").slice(0, 22);

/** What compresses a long text. */
export const textGzip = (): ParallelGzip => new ParallelGzip(GZIP_OPTIONS.level);

/**
 * A text, compressed where the client takes that. The two forms have ETags of their own (RFC 9110, section 8.8.3.3), each of the bytes that are
 * sent: equal after a restart too.
 */
export function textAnswer(
  request: Pick<WireRequest, "headers">,
  encoded: EncodedText,
  own: Readonly<Record<string, string>>,
): Promise<WireResponse> | WireResponse {
  const zipped = acceptsGzip(request) ? encoded.zipped() : undefined;
  if (zipped === undefined) return formAnswer(request, encoded, own);
  return zipped.then((form) => formAnswer(request, form, own, { "Content-Encoding": "gzip" }));
}

/** One form of a text, or that the client has it. */
function formAnswer(
  { headers }: Pick<WireRequest, "headers">,
  form: TextForm,
  own: Readonly<Record<string, string>>,
  encoding?: Readonly<Record<string, string>>,
): WireResponse {
  const all = { ...own, ETag: `"${form.etag}"`, Vary: "Accept-Encoding" };
  if (matches(headers["if-none-match"], all.ETag)) return { status: 304, headers: all, body: "" };
  return { status: 200, headers: encoding === undefined ? all : { ...all, ...encoding }, body: form.body };
}

const GZIP = /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=([0-9.]+)\s*)?(?=,|$)/i;

/** Whether the client takes a compressed answer. */
export function acceptsGzip({ headers }: Pick<WireRequest, "headers">): boolean {
  const accepted = headers["accept-encoding"];
  if (accepted === undefined) return false;
  const match = GZIP.exec(String(accepted));
  return match !== null && Number(match[1] ?? 1) > 0;
}

/**
 * Media in pieces, whole or the part that is asked for, by GET alone (RFC 9110, section 14.2). `etag` without quotes differs wherever the bytes
 * could.
 */
export function mediaAnswer(
  { method, headers }: Pick<WireRequest, "method" | "headers">,
  pieces: readonly Uint8Array[],
  own: Readonly<Record<string, string>>,
  etag: string,
): WireResponse {
  const tag = `"${etag}"`;
  const all = { ...own, ETag: tag, "Accept-Ranges": "bytes" };
  if (matches(headers["if-none-match"], tag)) return { status: 304, headers: all, body: "" };
  if (headers.range === undefined || method !== "GET") return { status: 200, headers: all, body: pieces };
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
