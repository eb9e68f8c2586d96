import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runDemo } from "./run-demo.ts";

const data = mkdtempSync(join(tmpdir(), "kvass-demo-"));
after(() => rmSync(data, { recursive: true }));

test("a demo that is ended while its server starts ends, and stops the server", async () => {
  await runDemo({ data, listen: "127.0.0.1:0", signal: AbortSignal.abort() });
  assert.ok(existsSync(join(data, "catalog.db")));
  assert.ok(!existsSync(join(data, "server.json")));
});
