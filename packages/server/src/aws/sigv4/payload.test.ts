import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { readClaim } from "./claim.ts";
import { UNSIGNED_PAYLOAD, wholeBodyHashes } from "./payload.ts";

const body = Buffer.from("{}");
const actual = hash("sha256", body);

test("a whole body is signed by its hash or not at all, as the client says", () => {
  assert.deepEqual(wholeBodyHashes(body, actual), [actual]);
  assert.deepEqual(wholeBodyHashes(body, actual.toUpperCase()), [actual]);
  assert.deepEqual(wholeBodyHashes(body, UNSIGNED_PAYLOAD), [UNSIGNED_PAYLOAD]);
  assert.throws(() => wholeBodyHashes(body, "0".repeat(64)), /not the SHA-256 of the request body/);
});

test("a client that says nothing may have signed either", () => {
  assert.deepEqual(wholeBodyHashes(body, undefined), [actual, UNSIGNED_PAYLOAD]);
});

test("a presigned URL can say in its query what it signed of the body", () => {
  const query = [
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "X-Amz-Credential=AKID%2F20261121%2Fus-east-1%2Fkinesisvideo%2Faws4_request",
    "X-Amz-Date=20261121T000000Z",
    "X-Amz-Expires=60",
    "X-Amz-SignedHeaders=host",
    `X-Amz-Signature=${"0".repeat(64)}`,
    `X-Amz-Content-Sha256=${UNSIGNED_PAYLOAD}`,
  ].join("&");
  const claim = readClaim({
    method: "POST",
    target: `/getMedia?${query}`,
    rawHeaders: ["Host", "h"],
  });
  assert.equal(claim?.contentHash, UNSIGNED_PAYLOAD);
});
