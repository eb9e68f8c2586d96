import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../errors.ts";
import { canonicalHead, canonicalPath, canonicalQueries, canonicalQuery } from "./canonical.ts";
import { readClaim, type SignedRequest, scopedService } from "./claim.ts";
import { formatAmzDate, parseAmzDate } from "./time.ts";

/** Texts that look like parts of signatures, in any order, with anything between. */
const piece = fc.oneof(
  fc.constantFrom(
    "AWS4-HMAC-SHA256 ",
    "Credential=",
    "AKID/20261121/us-east-1/kinesisvideo/aws4_request",
    ", SignedHeaders=",
    "host;x-amz-date",
    ", Signature=",
    "a".repeat(64),
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&",
    "X-Amz-Signature=",
    "&X-Amz-Credential=",
    "&X-Amz-SignedHeaders=host",
    "&X-Amz-Expires=60",
    "&X-Amz-Date=20261121T000000Z",
    "%2F",
    "%",
    "/",
    ";",
  ),
  fc.string({ maxLength: 12 }),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const request: fc.Arbitrary<SignedRequest> = fc.record({
  method: fc.constantFrom("GET", "POST"),
  target: fc.tuple(text, text).map(([path, query]) => `/${path}?${query}`),
  rawHeaders: fc
    .array(fc.tuple(fc.constantFrom("Host", "Authorization", "x-amz-date", "Date", "x-amz-security-token"), text), {
      maxLength: 5,
    })
    .map((headers) => headers.flat()),
});

test("whatever a request says of its signature is a claim, nothing, or a refusal", () => {
  fc.assert(
    fc.property(request, (each) => {
      scopedService(each);
      try {
        const claim = readClaim(each);
        if (claim === undefined) return;
        for (const query of canonicalQueries(each, claim)) canonicalHead(each, claim, query, true);
      } catch (error) {
        assert.ok(error instanceof ServiceError && error.type === "IncompleteSignatureException", String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("the service of the scope is found in either form", () => {
  const credential = "AKID/20261121/us-east-1/kinesisvideo/aws4_request";
  const header = ["Authorization", `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`];
  assert.equal(scopedService({ method: "POST", target: "/", rawHeaders: header }), "kinesisvideo");
  const target = `/?X-Amz-Credential=${encodeURIComponent(credential)}&X-Amz-Date=x`;
  assert.equal(scopedService({ method: "POST", target, rawHeaders: [] }), "kinesisvideo");
  assert.equal(scopedService({ method: "POST", target: "/?Credential=AKID", rawHeaders: [] }), undefined);
});

test("canonical queries do not depend on the order of parameters, nor on how a client escapes", () => {
  const parameter = fc.tuple(
    fc.string({ minLength: 1, maxLength: 5, unit: "binary" }),
    fc.string({ maxLength: 5, unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.array(parameter, { maxLength: 6 }), (parameters) => {
      const write = (pairs: typeof parameters): string =>
        pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
      const lower = write(parameters).replace(/%[0-9A-F]{2}/g, (encoded) => encoded.toLowerCase());
      assert.equal(canonicalQuery(write(parameters.toReversed()), new Set()), canonicalQuery(lower, new Set()));
    }),
  );
});

test("canonical paths are absolute, have no dot segments and no empty ones", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "..", ".", "", "b c", "~"), { maxLength: 8 }), (segments) => {
      const path = canonicalPath(`/${segments.join("/")}`, true);
      assert.match(path, /^\/(?:[^/]+\/)*[^/]*$/);
      assert.ok(!path.split("/").includes("..") && !path.split("/").includes("."), path);
    }),
  );
});

test("timestamps of ISO-8601's basic format are read back as written; others are refused", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
      assert.equal(parseAmzDate(formatAmzDate(seconds * 1000)), seconds * 1000);
    }),
  );
  const impossible = [
    "20261321T000000Z",
    "20260230T000000Z",
    "20261121T240000Z",
    "20261121T006000Z",
    "20261121T000060Z",
  ];
  for (const wrong of [...impossible, "20261121", "2026-11-21T00:00:00Z", "20261121T000000", ""]) {
    assert.equal(parseAmzDate(wrong), undefined, wrong);
  }
});
