import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DomainError } from "../errors.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

const coded = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code;

test("a page token gives back its fields, in the alphabet that the API allows", () => {
  const field = fc.oneof(fc.string({ unit: "binary" }), fc.integer());
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const token = encodePageToken("list", fields);
      assert.match(token, /^[a-zA-Z0-9+/]+={0,2}$/);
      const types = fields.map((value) => (typeof value === "string" ? "string" : "number"));
      assert.deepEqual(decodePageToken("list", token, types), fields);
    }),
  );
});

test("the token of a page of streams fits the 1,024 characters of the API with the longest names", () => {
  assert.ok(encodePageToken("streams", ["p".repeat(256), "n".repeat(256)]).length <= 1_024);
});

test("foreign, altered and misplaced tokens are refused", () => {
  const token = encodePageToken("list", ["a", 1]);
  const refused = (text: string, kind = "list", types: ("string" | "number")[] = ["string", "number"]) =>
    assert.throws(() => decodePageToken(kind, text, types), coded("invalid-argument"), text);
  refused(token, "other");
  refused(token, "list", ["string"]);
  refused(token, "list", ["number", "number"]);
  refused(`${token}=`);
  refused(token.slice(1));
  refused("");
  refused("bnVsbA==");
  refused(Buffer.from('["list","a",1e0]').toString("base64"));
  fc.assert(fc.property(fc.base64String(), (text) => text === token || refused(text) === undefined));
});
