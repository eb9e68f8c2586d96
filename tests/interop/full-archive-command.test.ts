import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Ended, makeRecording, startKvass } from "../support/command-line.ts";
import { TestServer } from "../support/server.ts";
import { until } from "../support/waiting.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-full-archive-"));
const clip = join(folder, "clip.mkv");

/** Runs while the other tests do. */
const demo = startKvass(["demo", "--data", join(folder, "demo"), "--listen", "127.0.0.1:0"], undefined, {
  environment: { KVASS_MIN_FREE_BYTES: "1000t" },
});
let saidByDemo = "";
demo.process.stdout!.on("data", (text: Buffer) => {
  saidByDemo += text;
});
/** In which it tries again several times. */
const RETRIES_MS = 2000;

before(() => makeRecording(clip));
after(() => rmSync(folder, { recursive: true }));

/** Puts a recording into an archive that has no space for it, and ends that with a signal once it is told that there is none. */
async function interruptedPut(flags: readonly string[], signal: NodeJS.Signals): Promise<Ended> {
  const server = await TestServer.start({ flags });
  try {
    const { process, ended } = startKvass(["put", "porch", clip, "--create", "--data", server.data]);
    let said = "";
    process.stderr!.on("data", (text: string) => {
      said += text;
    });
    while (!said.includes("; trying again for up to 30 s\n")) await once(process.stderr!, "data");
    process.kill(signal);
    return await ended;
  } finally {
    await server.stop();
  }
}

test("put into an archive that is full names the limit, and ends at once when it is interrupted", async () => {
  const { status, stderr } = await interruptedPut(["--max-bytes", "200k"], "SIGTERM");
  assert.equal(status, 130);
  assert.match(
    stderr,
    /: the archive is full, its limit is 200 KiB \(--max-bytes\); delete streams, .*; trying again for up to 30 s\n/,
  );
  assert.match(
    stderr,
    /\nporch: \d fragments? persisted, .*\nkvass: ended while the service took nothing: \S+ kB of what was sent are not stored\n$/,
  );
});

test("put onto a disk that is full names the space that stays free, and ends at once when it is interrupted", async () => {
  const { status, stderr } = await interruptedPut(["--min-free-bytes", "1000t"], "SIGINT");
  assert.equal(status, 130);
  const reason = /: less than 1000 TiB of the archive's disk would stay free \(--min-free-bytes\); make space on it, /g;
  assert.equal(stderr.match(reason)?.length, 1, stderr);
  assert.match(stderr, /\nkvass: ended while the service took nothing: 47\d\.\d kB of what was sent are not stored\n$/);
});

test("a demo whose disk is full says so once", async () => {
  await until("a reason", () => saidByDemo.includes("; trying again for up to 30 s\n"));
  await delay(RETRIES_MS);
  demo.process.kill("SIGINT");
  const { status, stdout, stderr } = await demo.ended;
  assert.equal(status, 130);
  const reason = /^kvass: .*: less than 1000 TiB .*; trying again for up to 30 s$/gm;
  assert.equal(stdout.toString().match(reason)?.length, 1, stdout.toString());
  // Where no terminal is, the demo says how it gets on every ten seconds.
  const end =
    /^(?:demo-camera: .*\n)*kvass: ended while the service took nothing: \S+ [kM]?B of what was sent are not stored\n$/;
  assert.match(stderr, end);
});
