import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Connection } from "./connection.ts";
import { KinesisVideoError } from "./errors.ts";

/** Credential scope of every plane of Kinesis Video Streams. */
const SERVICE = "kinesisvideo";

/** The hash interface that the signer takes, over Node's own. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = typeof secret === "string" || secret === undefined ? secret : bytesOf(secret);
    this.#hash = this.#fresh();
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === "string" ? data : bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#fresh();
  }

  #fresh(): Hash | Hmac {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
  }
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

/** A POST that has been signed and whose head is on its way; the caller writes the body, if any, and ends it. */
export interface SignedPost {
  readonly connection: Connection;
  /** `scheme://host[:port]` of the data plane, as GetDataEndpoint gives it. */
  readonly endpoint: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Signed over its hash. A streaming body is signed as the empty one, as the producer SDK for C does: its signature covers the
   * headers only.
   */
  readonly body?: string;
}

/** Signs a POST (Signature Version 4, header form) and opens it. */
export async function openSignedPost({
  connection,
  endpoint,
  path,
  headers,
  body,
}: SignedPost): Promise<ClientRequest> {
  const url = new URL(path, endpoint);
  const signer = new SignatureV4({
    service: SERVICE,
    region: connection.region,
    credentials: connection.credentials,
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: {},
    headers: { host: url.host, ...headers },
    body,
  });
  const open = url.protocol === "https:" ? httpsRequest : httpRequest;
  // A connection of its own: a body that lasts for days must not wait behind, or hold up, another request.
  const request = open(url, { method: "POST", headers: signed.headers, agent: false });
  request.setNoDelay(true);
  request.setSocketKeepAlive(true, KEEP_ALIVE_PROBE_MS);
  return request;
}

/** A peer that vanished without a word is found out by TCP keep-alive after this and a few probes. */
const KEEP_ALIVE_PROBE_MS = 15_000;
/** Error bodies are a short JSON object; more is not read. */
const MAX_ERROR_BODY_CHARS = 64 * 1024;

/** Reads an answer other than 200 into the error that it states. */
export async function responseError(response: IncomingMessage): Promise<KinesisVideoError> {
  const status = response.statusCode;
  let body = "";
  try {
    for await (const text of response.setEncoding("utf8")) {
      body += text;
      if (body.length > MAX_ERROR_BODY_CHARS) break;
    }
  } catch {
    // The status and the headers are enough to go on.
  }
  const header = response.headers["x-amzn-errortype"];
  const name = (typeof header === "string" ? header : "").split(":")[0] || `HTTP${status}`;
  const requestId = response.headers["x-amzn-requestid"];
  return new KinesisVideoError(name, messageOf(body) ?? `the service answered with status ${status}`, {
    status,
    requestId: typeof requestId === "string" ? requestId : undefined,
  });
}

function messageOf(body: string): string | undefined {
  try {
    const { Message, message } = JSON.parse(body) as { Message?: unknown; message?: unknown };
    const text = Message ?? message;
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}
