import { type ServerResponse, STATUS_CODES } from "node:http";
import { CORS_HEADERS } from "./cors.ts";

const MS_PER_SECOND = 1000;

/** What the head of an answer says, beside what all say. */
export interface AnswerHead {
  /** The request's. */
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers of every answer, names and values in turn: Node writes those out faster than an object's. */
const COMMON_HEADERS: readonly string[] = ["Server", "Kvass", ...Object.entries(CORS_HEADERS).flat()];
const COMMON_LINES = Object.entries({ Server: "Kvass", ...CORS_HEADERS })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

/** Headers by which Node decides what else it writes. */
const FRAMING = /^(?:connection|content-length|date|expect|keep-alive|trailer|transfer-encoding)$/i;
/** RFC 9110, section 5.6.2. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a value may not have (RFC 9110, section 5.5). */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Names are those of the program: a few dozen. */
const MAX_NAMES = 256;
/** What a header line begins with by its name; nothing where that is not one for {@link ownHead}. */
const BEGINNINGS = new Map<string, string>();

/** All headers of an answer, names and values in turn. */
export function headOf({ id, headers }: AnswerHead): string[] {
  const head = ["x-amzn-RequestId", id, ...COMMON_HEADERS];
  for (const name in headers) head.push(name, headers[name]!);
  return head;
}

/**
 * Writes the head of an answer with so many bytes, to be sent with the first of them. That of an ordinary answer, on a connection that goes on, is
 * written here as Node would: by its general way, header by header, it would cost a viewer's request more than all that Kvass does for it.
 * @param keepAliveMs how long the connection is kept without a request
 * @param plain whether nothing but the response tells how the connection goes on
 * @throws where a header has characters that none can have
 */
export function writeHead(
  response: ServerResponse,
  head: AnswerHead,
  length: number,
  keepAliveMs: number,
  plain: boolean,
): void {
  const text = plain ? ownHead(response, head, length, keepAliveMs) : undefined;
  if (text === undefined) {
    response.writeHead(head.status, [...headOf(head), "Content-Length", String(length)]);
    return;
  }
  response.statusCode = head.status;
  (response as WithHeader)._header = text;
}

/** Where Node keeps a head until it is sent; null before there is one. Were it elsewhere one day, heads would be written by Node. */
type WithHeader = ServerResponse & { _header?: string | null };

/** The head as text; undefined where it is left to Node. */
function ownHead(
  response: WithHeader,
  { id, status, headers }: AnswerHead,
  length: number,
  keepAliveMs: number,
): string | undefined {
  const isOrdinary = response.shouldKeepAlive && status >= 200 && status !== 204;
  if (response._header !== null || !isOrdinary || response.req.headers.expect !== undefined) return undefined;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\nx-amzn-RequestId: ${id}\r\n${COMMON_LINES}`;
  for (const name in headers) {
    const beginning = beginningOf(name);
    const value = headers[name]!;
    if (beginning === "" || NOT_IN_VALUE.test(value)) return undefined;
    text += `${beginning}${value}\r\n`;
  }
  const seconds = Math.floor(keepAliveMs / MS_PER_SECOND);
  return `${text}Content-Length: ${length}\r\nDate: ${dateNow()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
}

function beginningOf(name: string): string {
  let beginning = BEGINNINGS.get(name);
  if (beginning === undefined) {
    beginning = NAME.test(name) && !FRAMING.test(name) ? `${name}: ` : "";
    if (BEGINNINGS.size < MAX_NAMES) BEGINNINGS.set(name, beginning);
  }
  return beginning;
}

let dateSecond = Number.NaN;
let date = "";

/** The value of `Date`, made once a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / MS_PER_SECOND);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * MS_PER_SECOND).toUTCString();
  }
  return date;
}
