import assert from "node:assert/strict";
import { test } from "node:test";
import { CommanderError } from "commander";
import { CliError, describe, exitCodeOf } from "./errors.ts";

const coded = (code: string, rest: object = {}): Error =>
  Object.assign(new Error(`${code}: raw words`), { code, ...rest });

class ResourceNotFoundException extends Error {
  override readonly name = "ResourceNotFoundException";
}

const DESCRIBED: [error: unknown, line: string][] = [
  [new CliError("no server runs"), "no server runs"],
  [new ResourceNotFoundException("not found\n or not active"), "ResourceNotFoundException: not found or not active"],
  [coded("ENOENT", { path: "/a/b.mkv" }), "/a/b.mkv: no such file or folder"],
  [
    new AggregateError([coded("ECONNREFUSED", { address: "127.0.0.1", port: 8400 })]),
    "127.0.0.1:8400: connection refused (is the server running?)",
  ],
  [
    new Error("the connection failed", { cause: coded("ECONNREFUSED", { address: "::1", port: 1 }) }),
    "::1:1: connection refused (is the server running?)",
  ],
  [coded("ENOTFOUND", { syscall: "getaddrinfo", hostname: "camera.example" }), "camera.example: host not found"],
  [new Error("config file x: no JSON", { cause: coded("ENOENT", { path: "x" }) }), "config file x: no JSON"],
  [new CommanderError(1, "commander.unknownOption", "error: unknown option '--x'"), "unknown option '--x'"],
  [
    coded("DEPTH_ZERO_SELF_SIGNED_CERT"),
    "the server's certificate is not trusted; NODE_EXTRA_CA_CERTS=FILE.pem names its authority",
  ],
  [
    Object.assign(new Error("Could not load credentials from any providers"), { name: "CredentialsProviderError" }),
    "no credentials found in the environment, shared files or metadata; kvass env prints those of a server on this machine",
  ],
  [new TypeError(""), "TypeError"],
  ["just text", "just text"],
];

for (const [error, line] of DESCRIBED) {
  test(`one line: ${line}`, () => assert.equal(describe(error), line));
}

test("exit codes tell a wrong command line from a failure", () => {
  assert.equal(exitCodeOf(new CommanderError(1, "x", "x")), 2);
  assert.equal(exitCodeOf(new CliError("x", { exitCode: 3 })), 3);
  assert.equal(exitCodeOf(new Error("x")), 1);
});
