import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Principal } from "../../handler.ts";
import type { SignedRequest } from "../claim.ts";
import { signingSecret } from "../signing-keys.ts";
import type { Credential } from "../verify.ts";

/**
 * The cases of the public test suite for Signature Version 4 (github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4): what is
 * signed, the canonical request it must become, and the signature, in the header form and presigned.
 */
export interface Vector {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value, ... */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly token?: string;
  /** False where the token is added to the request after it has been signed. */
  readonly tokenSigned?: boolean;
  readonly normalizePath?: boolean;
  readonly header: VectorForm;
  readonly query: VectorForm;
}

/** What a case becomes in one of its forms. */
export interface VectorForm {
  /** Lines. */
  readonly canonicalRequest: readonly string[];
  readonly signature: string;
}

/** The suite's key, secret, moment, region and service. */
export const ACCESS_KEY_ID = "AKIDEXAMPLE";
const SECRET = signingSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/** When every case is signed: in milliseconds, and as it is written. */
export const SIGNED_AT = Date.UTC(2015, 7, 30, 12, 36, 0);
const TIMESTAMP = "20150830T123600Z";
/** Where every case is signed for. */
export const SCOPE = { region: "us-east-1", service: "service" } as const;
const CREDENTIAL = `${ACCESS_KEY_ID}/20150830/${SCOPE.region}/${SCOPE.service}/aws4_request`;
/** Seconds for which presigned cases hold. */
export const EXPIRES = 3600;

/** A request ready to be verified. */
export interface SignedCase {
  readonly name: string;
  readonly form: "header" | "query";
  readonly request: SignedRequest;
  readonly body: Buffer;
  readonly credential: Credential;
  readonly normalizePath: boolean;
  readonly canonicalRequest: string;
}

/** Every case in each of its two forms. */
export function signedCases(): SignedCase[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8")) as Vector[])
    .flatMap((vector) => [signed(vector, "header"), signed(vector, "query")]);
}

function signed(vector: Vector, form: "header" | "query"): SignedCase {
  const target = bytes(vector.target);
  const request =
    form === "header"
      ? { target, rawHeaders: headerForm(vector) }
      : { target: queryForm(vector, target), rawHeaders: vector.rawHeaders.map(bytes) };
  return {
    name: vector.name,
    form,
    request: { method: vector.method, ...request },
    body: Buffer.from(vector.body),
    credential: { secret: SECRET, sessionToken: vector.token, principal: PRINCIPAL },
    normalizePath: vector.normalizePath ?? true,
    canonicalRequest: vector[form].canonicalRequest.join("\n"),
  };
}

const PRINCIPAL: Principal = { accountId: "0", arn: "arn:aws:iam::0:root", accessKeyId: ACCESS_KEY_ID, root: true };

function headerForm(vector: Vector): string[] {
  const { canonicalRequest, signature } = vector.header;
  const names = canonicalRequest.at(-2)!;
  const parts = `Credential=${CREDENTIAL}, SignedHeaders=${names}, Signature=${signature}`;
  const contentHash = names.includes("x-amz-content-sha256") ? ["X-Amz-Content-Sha256", canonicalRequest.at(-1)!] : [];
  const token = vector.token === undefined ? [] : ["X-Amz-Security-Token", vector.token];
  const added = ["X-Amz-Date", TIMESTAMP, ...contentHash, ...token, "Authorization", `AWS4-HMAC-SHA256 ${parts}`];
  return [...vector.rawHeaders.map(bytes), ...added];
}

function queryForm(vector: Vector, target: string): string {
  const { canonicalRequest, signature } = vector.query;
  const parameters: [string, string][] = [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", CREDENTIAL],
    ["X-Amz-Date", TIMESTAMP],
    ["X-Amz-SignedHeaders", canonicalRequest.at(-2)!],
    ["X-Amz-Expires", String(EXPIRES)],
    ...(vector.token === undefined ? [] : [["X-Amz-Security-Token", vector.token] as [string, string]]),
    ["X-Amz-Signature", signature],
  ];
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${target}${target.includes("?") ? "&" : "?"}${query}`;
}

/** Text as Node hands over what is on the wire: one character for each byte of its UTF-8. */
function bytes(text: string): string {
  return Buffer.from(text).toString("latin1");
}
