import { createHash, createHmac } from "node:crypto";

/** A request to sign with Signature Version 4, path without query. */
export interface SignableRequest {
  readonly url: string;
  readonly path: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region?: string;
  /** Further headers, names in lower case; all are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the canonical request hashes; PutMedia of the C producer library signs the empty body. */
  readonly body?: string | Uint8Array;
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Header lines of a signed POST (AWS docs, "Signature Version 4 signing process"): host, date, `headers`, authorization. */
export function signedLines(request: SignableRequest): string[] {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/${request.region ?? "us-east-1"}/kinesisvideo/aws4_request`;
  const headers = Object.entries({
    ...request.headers,
    host: new URL(request.url).host,
    "x-amz-date": date,
  }).sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = headers.map(([name]) => name).join(";");
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = `POST\n${request.path}\n\n${lines}\n${signed}\n${sha256(request.body ?? "")}`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${request.secretAccessKey}`);
  const authorization = `AWS4-HMAC-SHA256 Credential=${request.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${hmac(key as Buffer, toSign).toString("hex")}`;
  return [...headers.map(([name, value]) => `${name}: ${value}`), `authorization: ${authorization}`];
}

/** A whole signed JSON request as it goes over the wire. */
export function signedJsonRequest(request: Omit<SignableRequest, "headers" | "body">, input: object): string {
  const body = JSON.stringify(input);
  const headers = { "content-length": String(Buffer.byteLength(body)), "content-type": "application/json" };
  return `POST ${request.path} HTTP/1.1\r\n${signedLines({ ...request, headers, body }).join("\r\n")}\r\n\r\n${body}`;
}
