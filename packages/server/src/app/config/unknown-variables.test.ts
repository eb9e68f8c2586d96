import assert from "node:assert/strict";
import { test } from "node:test";
import { describeUnknown, unknownVariables } from "./unknown-variables.ts";

const warnings = (...names: string[]): string[] =>
  unknownVariables(Object.fromEntries(names.map((name) => [name, "x"]))).map(describeUnknown);

test("a variable that nothing reads is told, with the one that was probably meant", () => {
  assert.deepEqual(warnings("KVASS_LISTN", "KVASS_MAX_BYTE", "KVASS_SOMETHING_ELSE"), [
    "KVASS_LISTN is no setting of Kvass; did you mean KVASS_LISTEN?",
    "KVASS_MAX_BYTE is no setting of Kvass; did you mean KVASS_MAX_BYTES?",
    "KVASS_SOMETHING_ELSE is no setting of Kvass",
  ]);
});

test("what is read, what belongs to others and what Kubernetes sets are not", () => {
  const known = ["KVASS_LISTEN", "KVASS_CONFIG", "KVASS_ROOT_ACCESS_KEY_ID", "KVASS_ROOT_SECRET_ACCESS_KEY"];
  const kubernetes = ["KVASS_SERVICE_HOST", "KVASS_PORT", "KVASS_PORT_8400_TCP_ADDR", "KVASS_SERVICE_PORT_HTTP"];
  assert.deepEqual(warnings(...known, ...kubernetes, "PATH", "AWS_REGION"), []);
});

test("a name without end is compared no further than any that is known is long", () => {
  assert.deepEqual(warnings(`KVASS_${"X".repeat(100_000)}`), [`KVASS_${"X".repeat(100_000)} is no setting of Kvass`]);
});
