import { incompleteSignature } from "./failures.ts";
import { formatAmzDate } from "./time.ts";

/** The one algorithm of Signature Version 4 with shared secrets. */
export const ALGORITHM = "AWS4-HMAC-SHA256";
/** The last part of every credential scope. */
export const SCOPE_END = "aws4_request";
/** Most headers that a signature may cover; a listener takes no more than a hundred. */
const MAX_SIGNED_HEADERS = 100;
/** Longest access key id: IAM documents 16 to 128 characters. */
const MAX_ACCESS_KEY_ID = 128;
/** Longest region or service name in a scope. */
const MAX_SCOPE_PART = 64;
/** Longest life of a presigned request, in seconds: seven days (AWS docs, "Signature Version 4"). */
export const MAX_EXPIRES_SECONDS = 604_800;
/** Key id and service in a credential scope, in a header or a query. */
const SCOPE = /Credential=([^/%,&]{1,128})(?:\/|%2F)\d{8}(?:\/|%2F)[^/%,&]{1,64}(?:\/|%2F)([^/%,&]{1,64})/i;

/** The parts of a request that its signature covers or is found in. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent, one character for each byte. */
  readonly target: string;
  /** Name, value, name, value, ... as sent, one character for each byte. */
  readonly rawHeaders: readonly string[];
}

/** What a request says of its own signature. */
export interface Claim {
  /** Whether the signature is in the Authorization header or in the query (presigned). */
  readonly form: "header" | "query";
  readonly accessKeyId: string;
  /** `YYYYMMDD` of the credential scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** `YYYYMMDD'T'HHMMSS'Z'`. */
  readonly timestamp: string;
  /** Lower-case names in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
  /** Seconds for which a presigned request holds; undefined in the header form. */
  readonly expires: number | undefined;
  readonly securityToken: string | undefined;
  /** Value of `x-amz-content-sha256`, signed or not. */
  readonly contentHash: string | undefined;
}

/**
 * Reads what a request says of its signature.
 * @returns undefined where the request is not signed at all
 * @throws ServiceError IncompleteSignatureException where a part is missing or malformed
 */
export function readClaim(request: SignedRequest): Claim | undefined {
  const authorization = headerValue(request.rawHeaders, "authorization");
  if (authorization !== undefined) return headerClaim(request, authorization);
  const query = new URLSearchParams(queryOf(request.target));
  return query.has("X-Amz-Signature") || query.has("X-Amz-Algorithm") ? queryClaim(request, query) : undefined;
}

/**
 * The service in a request's credential scope, without any check: what a request is routed by before it is authenticated.
 * @returns undefined where there is none to be found
 */
export function scopedService(request: SignedRequest): string | undefined {
  return scopeIn(request)?.[2];
}

/**
 * The access key id that a request claims to be signed with, without any check.
 * @returns undefined where there is none to be found
 */
export function claimedKeyId(request: SignedRequest): string | undefined {
  return scopeIn(request)?.[1];
}

function scopeIn(request: SignedRequest): RegExpExecArray | null {
  return SCOPE.exec(headerValue(request.rawHeaders, "authorization") ?? queryOf(request.target));
}

/** The query of a request target, without its question mark. */
export function queryOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? "" : target.slice(mark + 1);
}

/** The path of a request target. */
export function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

function headerClaim(request: SignedRequest, authorization: string): Claim {
  const space = authorization.indexOf(" ");
  if (space < 0 || authorization.slice(0, space) !== ALGORITHM) {
    throw incompleteSignature(`the Authorization header must start with ${ALGORITHM}`);
  }
  const parts = authorizationParts(authorization.slice(space + 1));
  return {
    form: "header",
    ...credentialParts(required(parts.get("Credential"), "Credential")),
    timestamp: headerTimestamp(request.rawHeaders),
    signedHeaders: signedHeaderNames(required(parts.get("SignedHeaders"), "SignedHeaders")),
    signature: signatureDigits(required(parts.get("Signature"), "Signature")),
    expires: undefined,
    securityToken: headerValue(request.rawHeaders, "x-amz-security-token"),
    contentHash: headerValue(request.rawHeaders, "x-amz-content-sha256"),
  };
}

function queryClaim(request: SignedRequest, query: URLSearchParams): Claim {
  const only = (name: string): string | undefined => {
    const values = query.getAll(name);
    if (values.length > 1) throw incompleteSignature(`${name} is given more than once`);
    return values[0];
  };
  const one = (name: string): string => required(only(name), name);
  if (one("X-Amz-Algorithm") !== ALGORITHM) throw incompleteSignature(`X-Amz-Algorithm must be ${ALGORITHM}`);
  return {
    form: "query",
    ...credentialParts(one("X-Amz-Credential")),
    timestamp: one("X-Amz-Date"),
    signedHeaders: signedHeaderNames(one("X-Amz-SignedHeaders")),
    signature: signatureDigits(one("X-Amz-Signature")),
    expires: expirySeconds(one("X-Amz-Expires")),
    // An empty one is left to those who know what token there should be, as it is in the header form.
    securityToken: only("X-Amz-Security-Token") ?? headerValue(request.rawHeaders, "x-amz-security-token"),
    contentHash: query.has("X-Amz-Content-Sha256")
      ? one("X-Amz-Content-Sha256")
      : headerValue(request.rawHeaders, "x-amz-content-sha256"),
  };
}

/** `Credential=..., SignedHeaders=..., Signature=...` in any order, with or without blanks after the commas. */
function authorizationParts(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text.split(",", 4)) {
    const equals = part.indexOf("=");
    if (equals < 0) throw incompleteSignature("the Authorization header has a part without '='");
    const name = part.slice(0, equals).trim();
    if (parts.has(name)) throw incompleteSignature(`${name} is given more than once`);
    parts.set(name, part.slice(equals + 1).trim());
  }
  return parts;
}

function credentialParts(credential: string): Pick<Claim, "accessKeyId" | "day" | "region" | "service"> {
  const [accessKeyId = "", day = "", region = "", service = "", end, extra] = credential.split("/", 6);
  if (end !== SCOPE_END || extra !== undefined || !/^\d{8}$/.test(day)) {
    throw incompleteSignature(`Credential must be ACCESS_KEY/YYYYMMDD/REGION/SERVICE/${SCOPE_END}`);
  }
  if (accessKeyId === "" || accessKeyId.length > MAX_ACCESS_KEY_ID || region.length > MAX_SCOPE_PART) {
    throw incompleteSignature("the access key or region in Credential is empty or too long");
  }
  if (service.length > MAX_SCOPE_PART) throw incompleteSignature("the service in Credential is too long");
  return { accessKeyId, day, region, service };
}

function signedHeaderNames(text: string): string[] {
  const names = text.split(";", MAX_SIGNED_HEADERS + 1);
  if (names.length > MAX_SIGNED_HEADERS)
    throw incompleteSignature(`more than ${MAX_SIGNED_HEADERS} headers are signed`);
  if (!names.includes("host")) throw incompleteSignature("the host header must be signed");
  if (new Set(names).size < names.length) throw incompleteSignature("SignedHeaders names a header twice");
  return names;
}

function signatureDigits(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw incompleteSignature("the signature must have 64 hexadecimal digits");
  return text;
}

function expirySeconds(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= MAX_EXPIRES_SECONDS) return seconds;
  throw incompleteSignature(`X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRES_SECONDS}`);
}

/** The moment of signing: `X-Amz-Date`, or `Date` in either of its forms where a client sends only that. */
function headerTimestamp(rawHeaders: readonly string[]): string {
  const amzDate = headerValue(rawHeaders, "x-amz-date");
  if (amzDate !== undefined) return amzDate;
  const date = required(headerValue(rawHeaders, "date"), "X-Amz-Date");
  const time = Date.parse(date);
  return Number.isNaN(time) ? date : formatAmzDate(time);
}

/** The first header of a name, which must be given in lower case. */
function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name) return rawHeaders[i + 1]!.trim();
  }
  return undefined;
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === "") throw incompleteSignature(`${name} is missing`);
  return value;
}
