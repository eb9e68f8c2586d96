import { type KeyObject, timingSafeEqual } from "node:crypto";
import type { Principal } from "../handler.ts";
import { canonicalHead, canonicalQueries, sign, stringToSign } from "./canonical.ts";
import type { Claim, SignedRequest } from "./claim.ts";
import { incompleteSignature, invalidSignature, unrecognizedClient } from "./failures.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { formatAmzDate, parseAmzDate } from "./time.ts";

/** How far a client's clock may be from the server's (AWS docs: five to fifteen minutes, by service). */
export const MAX_SKEW_MS = 15 * 60 * 1000;

/** A credential as its keeper knows it. */
export interface Credential {
  /** Made by `signingSecret`. */
  readonly secret: KeyObject;
  /** Present for temporary credentials: requests must carry it. */
  readonly sessionToken?: string | undefined;
  readonly principal: Principal;
}

/** Finds the credential of an access key; undefined where there is none or it has expired. */
export type CredentialLookup = (accessKeyId: string) => Promise<Credential | undefined>;

/**
 * Checks that a request was signed for this service and region.
 * @throws ServiceError InvalidSignatureException that names what the scope should be
 */
export function checkScope(claim: Claim, expected: { readonly region: string; readonly service: string }): void {
  if (claim.service !== expected.service) {
    throw invalidSignature(
      "wrong service",
      `Credential should be scoped to service '${expected.service}', not '${claim.service}'.`,
    );
  }
  if (claim.region !== expected.region) {
    throw invalidSignature(
      "wrong region",
      `Credential should be scoped to region '${expected.region}', not '${claim.region}'.`,
    );
  }
}

/**
 * Checks that a request was signed about now or, presigned, that it has not expired. C clients look for the words "Signature expired"
 * and "Signature not yet current" and then set their clock by the answer's Date header.
 * @param now milliseconds since the epoch
 * @throws ServiceError InvalidSignatureException with the server's time
 */
export function checkTime(claim: Claim, now: number): void {
  const signedAt = parseAmzDate(claim.timestamp);
  if (signedAt === undefined) throw incompleteSignature("X-Amz-Date must have the form YYYYMMDD'T'HHMMSS'Z'");
  if (!claim.timestamp.startsWith(claim.day)) {
    throw invalidSignature(
      "wrong day",
      `The day of Credential, ${claim.day}, is not that of the request, ${claim.timestamp}.`,
    );
  }
  const life = claim.expires === undefined ? MAX_SKEW_MS : claim.expires * 1000;
  if (signedAt + life < now) {
    const until = formatAmzDate(signedAt + life);
    throw invalidSignature(
      "expired",
      `Signature expired: valid until ${until}, while the server's time is ${formatAmzDate(now)}.`,
    );
  }
  if (signedAt - MAX_SKEW_MS > now) {
    const times = `signed at ${claim.timestamp}, while the server's time is ${formatAmzDate(now)}`;
    throw invalidSignature(
      "not yet current",
      `Signature not yet current: ${times}; at most 15 minutes of difference are allowed.`,
    );
  }
}

/**
 * Checks that a request carries the session token that was issued with its access key. A token beside a long-term key, which has
 * none, is left alone: C producers send stale ones.
 * @throws ServiceError UnrecognizedClientException
 */
export function checkToken(claim: Claim, credential: Credential): void {
  const { sessionToken } = credential;
  if (sessionToken === undefined || equalTexts(claim.securityToken ?? "", sessionToken)) return;
  throw unrecognizedClient("wrong session token");
}

/** How {@link checkSignature} finds keys and builds paths. */
export interface SignatureOptions {
  readonly keys: SigningKeys;
  /** False for S3's rule, which signs paths as sent; true for every other service. */
  readonly normalizePath?: boolean;
}

/**
 * Checks a signature against each form that the request may have been signed in.
 * @param payloadHashes what the canonical request may end with
 * @throws ServiceError InvalidSignatureException where none matches
 */
export function checkSignature(
  request: SignedRequest,
  claim: Claim,
  credential: Credential,
  payloadHashes: readonly string[],
  { keys, normalizePath = true }: SignatureOptions,
): void {
  const key = keys.keyFor(claim, credential.secret);
  const given = Buffer.from(claim.signature, "hex");
  for (const query of canonicalQueries(request, claim)) {
    const head = canonicalHead(request, claim, query, normalizePath);
    for (const payloadHash of payloadHashes) {
      if (timingSafeEqual(sign(key, stringToSign(claim, head + payloadHash)), given)) return;
    }
  }
  throw invalidSignature(
    "wrong signature",
    "The signature does not match the one calculated from the request. Check the secret access key and the signing method.",
  );
}

/** Compares in a time that depends on the lengths alone. */
function equalTexts(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
