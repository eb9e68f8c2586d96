import { hash } from "node:crypto";
import { invalidSignature } from "./failures.ts";

/** What a client signs in place of a hash where it does not hash its body. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";
/** What the AWS SDK for Java v1 signs for PutMedia, whose body it then sends without the chunk framing that the words announce. */
const STREAMING_PAYLOAD = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
/** SHA-256 of nothing, which C producers and libcurl sign for PutMedia. */
const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * What the last line of the canonical request may be for a body that has been read whole.
 * @param declared value of `x-amz-content-sha256`
 * @throws ServiceError InvalidSignatureException where the declared hash is not the body's
 */
export function wholeBodyHashes(body: Uint8Array, declared: string | undefined): string[] {
  if (declared === UNSIGNED_PAYLOAD) return [UNSIGNED_PAYLOAD];
  const actual = hash("sha256", body);
  // Presigned URLs may say in the signature alone that it leaves the body out.
  if (declared === undefined) return [actual, UNSIGNED_PAYLOAD];
  if (declared.toLowerCase() === actual) return [actual];
  throw invalidSignature("wrong body hash", "The x-amz-content-sha256 header is not the SHA-256 of the request body.");
}

/**
 * What the last line of the canonical request may be for a body that goes on for hours: the declared value, then the words and the
 * empty hash that producers put there whether they declare them or not.
 * @param declared value of `x-amz-content-sha256`
 */
export function streamedBodyHashes(declared: string | undefined): string[] {
  const usual = [UNSIGNED_PAYLOAD, EMPTY_HASH, STREAMING_PAYLOAD];
  if (declared === undefined) return usual;
  const known = SHA256_HEX.test(declared) || usual.includes(declared);
  return known ? [declared, ...usual.filter((each) => each !== declared)] : usual;
}
