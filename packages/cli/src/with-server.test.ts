import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describe } from "./errors.ts";
import { explainAnswer, type Work } from "./with-server.ts";

const failure = (fields: object): Error => Object.assign(new Error("raw"), fields);
const REFUSED = failure({ code: "ECONNREFUSED", address: "127.0.0.1", port: 1 });
const MISSING = failure({ name: "ResourceNotFoundException" });
const EXPORTED = { AWS_ENDPOINT_URL: "http://127.0.0.1:1" };

const CASES: [error: Error, work: Work, environment: Record<string, string>, line: string][] = [
  [
    REFUSED,
    { target: {} },
    EXPORTED,
    "127.0.0.1:1: connection refused (is the server running?) (the endpoint is that of AWS_ENDPOINT_URL)",
  ],
  [REFUSED, { target: { data: "x" } }, EXPORTED, "127.0.0.1:1: connection refused (is the server running?)"],
  [MISSING, { target: {}, stream: "porch" }, {}, "ResourceNotFoundException: there is no stream porch"],
  [
    MISSING,
    { target: {}, stream: "porch", ifMissing: "--create makes it" },
    {},
    "ResourceNotFoundException: there is no stream porch; --create makes it",
  ],
  [
    MISSING,
    { target: {}, stream: "porch" },
    EXPORTED,
    "ResourceNotFoundException: there is no stream porch (the endpoint is that of AWS_ENDPOINT_URL)",
  ],
  [failure({ name: "ExpiredTokenException" }), { target: {} }, EXPORTED, "ExpiredTokenException: raw"],
  [failure({ name: "InvalidArgumentException" }), { target: {} }, EXPORTED, "InvalidArgumentException: raw"],
  [
    failure({ name: "InternalFailure" }),
    { target: {}, stream: "porch" },
    {},
    "the server failed (InternalFailure); its log says why",
  ],
  [
    failure({ name: "NoDataRetentionException" }),
    { target: {}, stream: "porch" },
    {},
    "porch keeps nothing: its retention is 0 h (NoDataRetention); kvass get --from now follows what arrives",
  ],
  [
    failure({ name: "UnrecognizedClientException" }),
    { target: { endpoint: "http://127.0.0.1:1" } },
    {},
    'UnrecognizedClientException: raw; eval "$(kvass env)" sets the one of the server on this machine',
  ],
  [failure({ code: "ENOENT", path: "a.mkv" }), { target: {} }, EXPORTED, "a.mkv: no such file or folder"],
];

test("a stream that is missing is not laid to a variable that names the server that is found without it", () => {
  const folder = mkdtempSync(join(tmpdir(), "kvass-found-"));
  const server = { url: "http://127.0.0.1:1", region: "us-east-1", accessKeyId: "A", pid: process.pid };
  writeFileSync(join(folder, "server.json"), JSON.stringify(server));
  const environment = {
    ...EXPORTED,
    KVASS_DATA: folder,
    KVASS_ROOT_ACCESS_KEY_ID: "A",
    KVASS_ROOT_SECRET_ACCESS_KEY: "B",
  };
  const line = (error: Error): string => describe(explainAnswer(error, { target: {}, stream: "porch" }, environment));
  assert.equal(line(MISSING), "ResourceNotFoundException: there is no stream porch");
  assert.match(line(REFUSED), /the endpoint is that of AWS_ENDPOINT_URL\)$/);
  rmSync(folder, { recursive: true });
});

for (const [error, work, environment, line] of CASES) {
  test(`failed work: ${line}`, () => assert.equal(describe(explainAnswer(error, work, environment)), line));
}
