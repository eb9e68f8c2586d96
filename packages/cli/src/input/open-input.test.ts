import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open, stat } from "node:fs/promises";
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
    await writer?.close();
  });
}

/** More than Node has threads for files, unless it is told otherwise. */
const MANY = 8;

test("named pipes that nothing comes from hold no threads, which an interrupted process would wait for", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "kvass-open-input-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const paths = Array.from({ length: MANY }, (_, place) => join(folder, `pipe${place}`));
  execFileSync("mkfifo", paths);
  const interruption = new AbortController();
  const inputs = Promise.allSettled(paths.map((path) => openInput(path, interruption.signal)));
  // Half of them have a writer, and each of these takes a thread for a moment.
  const writers = await Promise.all(paths.slice(MANY / 2).map((path) => open(path, "w")));
  await stat(folder);
  interruption.abort();
  assert.ok((await inputs).every(({ status }) => status === "rejected"));
  for (const writer of writers) await writer.close();
});
