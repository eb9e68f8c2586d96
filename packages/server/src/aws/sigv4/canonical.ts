import { createHmac, hash, type KeyObject } from "node:crypto";
import { ALGORITHM, type Claim, pathOf, queryOf, SCOPE_END, type SignedRequest } from "./claim.ts";

/**
 * The canonical forms of Signature Version 4 (AWS docs, "Create a signed AWS API request"). Texts hold one character for each byte,
 * as Node hands targets and headers over, so that bytes beyond ASCII are signed as they were sent.
 */

/** Percent-encodes every byte but RFC 3986's unreserved characters; two bytes that are already an escape are escaped again. */
function encodeBytes(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~]/g, escapeByte);
}

/** Percent-decodes and encodes again, so that `%7e`, `%7E` and `~` all become `~`. */
function recode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~]/g, (byte, digits: string | undefined) => {
    if (digits === undefined) return escapeByte(byte);
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${digits.toUpperCase()}`;
  });
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/**
 * The canonical path: each segment encoded once more than it was sent, which is what every service but S3 asks for.
 * @param normalize whether empty segments, `.` and `..` are resolved (RFC 3986, section 5.2.4); every service but S3 does
 */
export function canonicalPath(path: string, normalize: boolean): string {
  if (/^(?:\/[A-Za-z0-9\-_~]+)+$/.test(path)) return path;
  const segments = path.split("/").map(encodeBytes);
  if (!normalize) return segments.join("/");
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const trailing = kept.length > 0 && /(?:^|\/)\.{0,2}$/.test(path) ? "/" : "";
  return `/${kept.join("/")}${trailing}`;
}

/**
 * The canonical query: parameters encoded, then sorted by name and value.
 * @param omit names of parameters that are not part of it, such as `X-Amz-Signature`
 */
export function canonicalQuery(query: string, omit: ReadonlySet<string>): string {
  if (query === "") return "";
  const pairs: [string, string][] = [];
  for (const parameter of query.split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const name = recode(equals < 0 ? parameter : parameter.slice(0, equals));
    if (!omit.has(name)) pairs.push([name, equals < 0 ? "" : recode(parameter.slice(equals + 1))]);
  }
  pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The canonical headers: `name:value` lines in the order of the signed names; duplicates joined by commas in the order sent. */
export function canonicalHeaders(rawHeaders: readonly string[], signedHeaders: readonly string[]): string {
  const values = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!signedHeaders.includes(name)) continue;
    const value = collapseBlanks(rawHeaders[i + 1]!);
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return signedHeaders.map((name) => `${name}:${values.get(name) ?? ""}\n`).join("");
}

/** Runs of blanks become one, and none is left at the ends. */
function collapseBlanks(value: string): string {
  if (!/[\t\r\n]| {2}|^ | $/.test(value)) return value;
  return value.replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, "");
}

/** Everything of the canonical request but its last line, the payload's hash. */
export function canonicalHead(request: SignedRequest, claim: Claim, query: string, normalizePath: boolean): string {
  const path = canonicalPath(pathOf(request.target), normalizePath);
  const headers = canonicalHeaders(request.rawHeaders, claim.signedHeaders);
  return `${request.method}\n${path}\n${query}\n${headers}\n${claim.signedHeaders.join(";")}\n`;
}

const SIGNATURE_ONLY = new Set(["X-Amz-Signature"]);
const SIGNATURE_AND_TOKEN = new Set(["X-Amz-Signature", "X-Amz-Security-Token"]);

/**
 * The canonical queries that a claim may stand for. A presigned request may have got its session token before or after signing
 * (AWS docs: some services add it afterwards), which nothing in it tells apart.
 */
export function canonicalQueries(request: SignedRequest, claim: Claim): string[] {
  const query = queryOf(request.target);
  if (claim.form === "header") return [canonicalQuery(query, new Set())];
  const full = canonicalQuery(query, SIGNATURE_ONLY);
  return claim.securityToken === undefined ? [full] : [full, canonicalQuery(query, SIGNATURE_AND_TOKEN)];
}

/** The string to sign for one canonical request. */
export function stringToSign(claim: Claim, canonicalRequest: string): string {
  const scope = `${claim.day}/${claim.region}/${claim.service}/${SCOPE_END}`;
  return `${ALGORITHM}\n${claim.timestamp}\n${scope}\n${hash("sha256", Buffer.from(canonicalRequest, "latin1"))}`;
}

/** The 32 bytes of the signature that the holder of a day's key gives to a string. */
export function sign(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text, "latin1").digest();
}
