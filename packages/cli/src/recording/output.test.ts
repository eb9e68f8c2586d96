import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileOutput } from "./output.ts";

function namedPipe(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "kvass-output-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

test("a named pipe is written into once somebody reads it, no faster than that", async (context) => {
  const path = namedPipe(context);
  const opening = fileOutput(path, new AbortController().signal);
  const reader = await open(path, "r");
  const output = await opening;
  assert.equal(output.patch, undefined);
  // More than a pipe holds.
  const bytes = Buffer.alloc(1 << 20, "kvass");
  let isWritten = false;
  const writing = output.write(bytes).then(() => {
    isWritten = true;
  });
  const { buffer, bytesRead } = await reader.read(Buffer.alloc(bytes.length));
  assert.ok(!isWritten);
  const chunks: Uint8Array[] = [buffer.subarray(0, bytesRead)];
  const reading = (async () => {
    for await (const chunk of reader.createReadStream()) chunks.push(chunk as Uint8Array);
  })();
  await writing;
  await output.close();
  await reading;
  assert.ok(Buffer.concat(chunks).equals(bytes));
});

test("waiting for somebody who reads a named pipe can be interrupted", async (context) => {
  const interruption = new AbortController();
  const opening = fileOutput(namedPipe(context), interruption.signal);
  interruption.abort();
  await assert.rejects(opening, { name: "AbortError" });
});

test("a pipe that nobody reads any more is named", async (context) => {
  const path = namedPipe(context);
  const opening = fileOutput(path, new AbortController().signal);
  const reader = await open(path, "r");
  const output = await opening;
  await reader.close();
  const writing = (async () => {
    for (;;) await output.write(Buffer.alloc(1 << 20));
  })();
  await assert.rejects(writing, { code: "EPIPE", path });
  await output.close();
});
