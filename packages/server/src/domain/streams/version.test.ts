import assert from "node:assert/strict";
import { test } from "node:test";
import { newVersion } from "./version.ts";

test("versions are 20 alphanumerics and differ", () => {
  const versions = new Set(Array.from({ length: 1_000 }, newVersion));
  assert.equal(versions.size, 1_000);
  for (const version of versions) assert.match(version, /^[a-zA-Z0-9]{20}$/);
});
