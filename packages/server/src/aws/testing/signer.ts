import { createHash, createHmac } from "node:crypto";
import { Readable } from "node:stream";
import type { WireRequest } from "../wire.ts";

/** A request to be signed, and how its client signs it. */
export interface Unsigned {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Last line of the canonical request; the body's SHA-256 where absent. */
  readonly payloadHash?: string;
  /** Names of headers that are sent but not signed. */
  readonly unsigned?: readonly string[];
  readonly secret?: string;
  readonly accessKeyId?: string;
  readonly region?: string;
  readonly service?: string;
  /** Milliseconds since the epoch. */
  readonly signedAt?: number;
  /** Seconds: presigned where present. */
  readonly expires?: number;
}

/** The key that the helpers sign with. */
export const TEST_KEY = { accessKeyId: "AKIATEST", secretAccessKey: "test-secret" } as const;
/** The moment at which the helpers sign: 2026-11-21T12:00:00Z. */
export const TEST_TIME = Date.UTC(2026, 10, 21, 12);

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Signs as a client does, written apart from the verifier so that the two can disagree. Paths and queries must need no escaping. */
export function signed(unsigned: Unsigned): { method: string; target: string; rawHeaders: string[]; body: Buffer } {
  const { method = "POST", region = "us-east-1", service = "kinesisvideo", signedAt = TEST_TIME } = unsigned;
  const { accessKeyId = TEST_KEY.accessKeyId, secret = TEST_KEY.secretAccessKey } = unsigned;
  const body = Buffer.from(unsigned.body ?? "");
  const timestamp = `${new Date(signedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const day = timestamp.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const presign = unsigned.expires !== undefined;
  const headers: Record<string, string> = { host: "localhost", ...unsigned.headers };
  if (!presign) headers["x-amz-date"] = timestamp;
  const names = Object.keys(headers)
    .filter((name) => !unsigned.unsigned?.includes(name))
    .sort();
  const query = presign
    ? [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        `X-Amz-Credential=${encodeURIComponent(`${accessKeyId}/${scope}`)}`,
        `X-Amz-Date=${timestamp}`,
        `X-Amz-Expires=${unsigned.expires}`,
        `X-Amz-SignedHeaders=${encodeURIComponent(names.join(";"))}`,
      ].join("&")
    : "";
  const canonical = [
    method,
    unsigned.target,
    query,
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    unsigned.payloadHash ?? sha256(body),
  ].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const signature = hmac(key as Buffer, `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`).toString(
    "hex",
  );
  const credential = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}`;
  if (!presign) headers.authorization = `${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const target = presign ? `${unsigned.target}?${query}&X-Amz-Signature=${signature}` : unsigned.target;
  return { method, target, rawHeaders: Object.entries(headers).flat(), body };
}

/** A wire request made of a signed one, as a listener would hand it over. */
export function wireRequest(
  request: { method: string; target: string; rawHeaders: string[]; body: Buffer },
  more: Partial<WireRequest> = {},
): WireRequest {
  const headers: Record<string, string> = {};
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    headers[request.rawHeaders[i]!.toLowerCase()] = request.rawHeaders[i + 1]!;
  }
  return {
    id: "00000000-0000-4000-8000-000000000000",
    method: request.method,
    target: request.target,
    headers,
    rawHeaders: request.rawHeaders,
    body: Readable.from(request.body.length === 0 ? [] : [request.body], { objectMode: false }),
    baseUrl: "http://localhost:8080",
    remoteAddress: "192.0.2.7",
    receivedAt: TEST_TIME,
    signal: new AbortController().signal,
    proceed: () => undefined,
    ...more,
  };
}
