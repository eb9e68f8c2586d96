import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describe } from "./errors.ts";
import { explainStart } from "./starting.ts";

const failure = (fields: object): Error => Object.assign(new Error("raw"), fields);
const PLACE = { data: "/nonexistent", listen: "host:1" };

test("a folder in use is told by the server that uses it", () => {
  const data = mkdtempSync(join(tmpdir(), "kvass-starting-"));
  const locked = failure({ name: "FolderLocked" });
  assert.equal(describe(explainStart(locked, { ...PLACE, data })), `${data} is in use by another process`);
  const server = { url: "http://127.0.0.1:9", region: "us-east-1", accessKeyId: "AKIAX", pid: process.pid };
  writeFileSync(join(data, "server.json"), JSON.stringify(server));
  const line = `${data} is in use by the server on http://127.0.0.1:9 (process ${process.pid})`;
  assert.equal(describe(explainStart(locked, { ...PLACE, data })), line);
  rmSync(data, { recursive: true });
});

for (const [fields, line] of [
  [{ code: "EADDRINUSE" }, "host:1 is taken; choose another with --listen HOST:PORT, or port 0"],
  [{ code: "ENOTFOUND" }, "--listen host:1: no address of this machine"],
  [{ code: "EACCES", syscall: "listen" }, "--listen host:1: this user may not listen there"],
  [{ code: "EACCES", path: "/x" }, "/x: permission denied"],
  [{}, "raw"],
] as const) {
  test(`a start that fails: ${line}`, () => assert.equal(describe(explainStart(failure(fields), PLACE)), line));
}
