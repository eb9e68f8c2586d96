import type { IncomingHttpHeaders } from "node:http";

/** Longest list of request headers that a preflight may ask for; the browser SDKs ask for about 300 characters. */
const MAX_REQUESTED_HEADERS = 2048;
/** Header names and commas, as RFC 9110 writes them. */
const HEADER_LIST = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]*$/;

/** On every answer: browsers may call from any page, because a request's signature is what lets it in, not its origin. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers":
    "x-amzn-RequestId, x-amzn-ErrorType, x-amz-request-id, x-amz-id-2, Date, Content-Length, Content-Range, Accept-Ranges, ETag",
};

/** Headers of the answer to a browser's preflight request (Fetch standard, "CORS protocol"). */
export function preflightHeaders(headers: Readonly<IncomingHttpHeaders>): Record<string, string> {
  const requested = headers["access-control-request-headers"] ?? "";
  const allowed = requested.length <= MAX_REQUESTED_HEADERS && HEADER_LIST.test(requested);
  return {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": allowed ? requested : "",
    // A day: browsers cut it to their own maximum.
    "Access-Control-Max-Age": "86400",
  };
}
