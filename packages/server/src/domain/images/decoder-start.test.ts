import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { output } from "../../../../../tests/support/command-line.ts";
import { DecoderPool } from "./decoder-pool.ts";
import { startFailure } from "./decoder-start.ts";

function poolOf(ffmpeg: string): DecoderPool {
  const pool = new DecoderPool({ ffmpeg, size: 2 });
  after(() => pool.close());
  return pool;
}

/** Has a decoder started, for a task without frames. */
const begin = (pool: DecoderPool): Promise<void> => pool.decode("h264", [], async () => {});

test("without ffmpeg the error says what to do", async () => {
  const pool = poolOf("/nonexistent/ffmpeg");
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(begin(pool), {
      name: "DomainError",
      code: "no-decoder",
      message: /cannot be started as \/nonexistent\/ffmpeg: there is no such program\. Install it .*--ffmpeg PATH/,
    });
  }
  assert.deepEqual(pool.pids, []);
});

/** Run with few file descriptors: takes all of them, decodes, gives them back, and decodes once more. */
const CROWDED = `
import { closeSync, openSync } from "node:fs";
import { DecoderPool } from ${JSON.stringify(new URL("./decoder-pool.ts", import.meta.url).href)};
const pool = new DecoderPool({ ffmpeg: "ffmpeg", size: 1 });
const taken = [];
try {
  for (;;) taken.push(openSync("/dev/null"));
} catch {}
const told = await pool.decode("h264", [], async () => {}).catch(({ code, message }) => code + " " + message);
for (const descriptor of taken) closeSync(descriptor);
await pool.decode("h264", [], async () => {});
console.log(told, pool.pids.length);
await pool.close();
`;

test("without file descriptors for a decoder the error is one that passes, and so it does", async () => {
  const told = await output("sh", [
    ...["-c", 'ulimit -n 100; exec "$0" "$@"', process.execPath],
    ...["--input-type=module-typescript", "-e", CROWDED],
  ]);
  assert.match(told.toString(), /^decoder-unavailable The server has no room .*no file descriptors are left\. 1\n$/);
});

test("what the system may have again soon is told apart from a program that is not there", () => {
  for (const code of ["EAGAIN", "ENOMEM", "ENFILE"]) {
    assert.equal(startFailure(Object.assign(new Error(code), { code }), "ffmpeg").name, "DecoderUnavailable");
  }
  for (const code of ["ENOENT", "EACCES"]) {
    assert.equal(startFailure(Object.assign(new Error(code), { code }), "ffmpeg").name, "DecoderMissing");
  }
});

test("a program that is no ffmpeg fails the task", async () => {
  const pool = poolOf("/bin/cat");
  await assert.rejects(begin(pool), { name: "DecoderFailed", message: /^ffmpeg ended with 1/ });
});

/** A program of a few lines, in the place of ffmpeg. */
function script(...lines: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "kvass-decoder-"));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "ffmpeg");
  writeFileSync(path, ["#!/bin/sh", ...lines].join("\n"), { mode: 0o755 });
  return path;
}

test("a decoder gets the server's environment without its secrets", async () => {
  process.env.KVASS_ROOT_SECRET_ACCESS_KEY = "not for decoders";
  process.env.DECODER_LIBRARIES = "for decoders";
  after(() => {
    delete process.env.KVASS_ROOT_SECRET_ACCESS_KEY;
    delete process.env.DECODER_LIBRARIES;
  });
  const pool = poolOf(script('echo "[$KVASS_ROOT_SECRET_ACCESS_KEY][$DECODER_LIBRARIES]" >&2', "exit 3"));
  await assert.rejects(begin(pool), { message: "ffmpeg ended with 3: [][for decoders]" });
});
