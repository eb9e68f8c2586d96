import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openInput } from "./open-input.ts";

for (const [what, isWritten] of [
  ["nobody has opened to write into", false],
  ["nothing has come from", true],
] as const) {
  test(`a named pipe that ${what} can be interrupted`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "kvass-open-input-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const interruption = new AbortController();
    const input = openInput(path, interruption.signal);
    const writer = isWritten ? await open(path, "w") : undefined;
    interruption.abort();
    await assert.rejects(input, { name: "CliError", message: `${path}: ended before any media came`, exitCode: 130 });
    // Whatever waits for a writer still gets one.
    await (writer ?? (await open(path, "w"))).close();
  });
}
