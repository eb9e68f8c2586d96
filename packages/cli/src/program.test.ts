import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const MAIN = join(import.meta.dirname, "main.ts");

function kvass(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: "/nonexistent" },
  });
  return { status, stdout, stderr };
}

test("--help names every verb, and each verb explains itself", () => {
  const { status, stdout } = kvass("--help");
  assert.equal(status, 0);
  for (const verb of ["demo", "serve", "env", "ls", "put", "get", "image", "play", "retain", "rm", "fsck", "doctor"]) {
    assert.match(stdout, new RegExp(`^  ${verb}\\b`, "m"));
    const help = kvass(verb, "--help");
    assert.equal(help.status, 0);
    assert.match(help.stdout, new RegExp(`^Usage: kvass ${verb} `));
  }
});

test("help and help VERB are --help", () => {
  assert.deepEqual(kvass("help"), kvass("--help"));
  assert.deepEqual(kvass("help", "put"), kvass("put", "--help"));
  assert.match(kvass("help", "frobnicate").stderr, /unknown command 'frobnicate'/);
});

test("serve --help tells each option's variable and default", () => {
  const { stdout } = kvass("serve", "--help");
  assert.match(stdout, /--drain-seconds <SECONDS>.*\[KVASS_DRAIN_SECONDS; default 10\]/);
  assert.match(stdout, /--config <FILE>/);
});

test("--version is the package's", () => {
  assert.match(kvass("--version").stdout, /^\d+\.\d+\.\d+\n$/);
});

const WRONG: [args: string[], line: RegExp, status: number][] = [
  [["frobnicate"], /^kvass: unknown command 'frobnicate'; kvass --help lists what there is\n$/, 2],
  [["ls", "--frobnicate"], /^kvass: unknown option '--frobnicate'; kvass ls --help tells what it takes\n$/, 2],
  [["put", "porch"], /^kvass: missing required argument 'FILE'; kvass put --help tells what it takes\n$/, 2],
  [["get", "porch", "--clock", "wall"], /^kvass: --clock: expected one of producer, server; got "wall"\n$/, 2],
  [["get", "porch", "--from", "-1m", "--to", "-2m"], /^kvass: --to lies before --from\n$/, 2],
  [["play", "porch", "--to", "now"], /^kvass: --to needs --from\n$/, 2],
  [["play", "porch", "--from", "-1m", "--to", "-2m"], /^kvass: --to lies before --from\n$/, 2],
  [["play", "porch", "--from", "+1m"], /^kvass: --from lies in the future\n$/, 2],
  [["ls", "porch", "--from", "-1m", "--to", "-2m"], /^kvass: --to lies before --from\n$/, 2],
  [["ls", "porch", "--to", "earliest"], /^kvass: --to: expected a time, not earliest\n$/, 2],
  [["play", "porch", "--dash", "--ts"], /^kvass: --dash and --ts exclude each other\n$/, 2],
  [["play", "porch", "--dash", "--page"], /^kvass: the page plays HLS: --page does not go with --dash\n$/, 2],
  [["play", "porch", "--low-latency", "--from", "-1m"], /^kvass: --low-latency is for what arrives/, 2],
  [["play", "porch", "--low-latency", "--dash"], /^kvass: --low-latency is HLS with fragmented MP4/, 2],
  [["play", "porch", "--expires", "13h"], /^kvass: --expires: expected 5m to 12h\n$/, 2],
  [["play", "porch", "--player", "xine"], /^kvass: --player: expected one of mpv, ffplay, vlc; got "xine"\n$/, 2],
  [["serve", "--listen", "8400"], /^kvass: --listen: expected HOST:PORT.*got "8400"\n$/, 2],
  [["serve", "--listen", ":99999"], /^kvass: --listen: expected HOST:PORT.*got ":99999"\n$/, 2],
  [["serve", "--listen", "127.0.0.1:65536"], /^kvass: --listen: expected HOST:PORT.*got "127.0.0.1:65536"\n$/, 2],
  [["put", "porch", "x", "--as-is", "--realtime"], /^kvass: --as-is cannot be paced/, 2],
  [["ls", "--endpoint", "foo"], /^kvass: --endpoint: expected a URL.*got "foo"\n$/, 2],
  [["put", "s", "/nonexistent", "--endpoint", "localhost:1"], /^kvass: --endpoint: .*got "localhost:1"\n$/, 2],
  [["retain", "porch"], /^kvass: missing required argument 'HOURS'; kvass retain --help tells what it takes\n$/, 2],
  [["retain", "porch", "-1"], /^kvass: HOURS: expected hours from 0 on; got "-1"\n$/, 2],
  [["retain", "porch", "1.5"], /^kvass: HOURS: expected hours from 0 on; got "1\.5"\n$/, 2],
  [["retain", "porch", ""], /^kvass: HOURS: expected hours from 0 on; got ""\n$/, 2],
  [
    ["get", "porch", "-o"],
    /^kvass: option '-o, --output <FILE>' argument missing; kvass get --help tells what it takes\n$/,
    2,
  ],
  [["put", "porch", "x", "y"], /^kvass: too many arguments .* porch, x, y; kvass put --help tells what it takes\n$/, 2],
  [["image", "porch", "--at", "now", "--width", "it's"], /^kvass: --width: expected a number .*; got "it's"\n$/, 2],
  [
    ["put", "porch/x", "y"],
    /^kvass: STREAM: expected 1 to 256 letters, digits, "_", "-" and "\."; got "porch\/x"\n$/,
    2,
  ],
  [["get", "", "-o", "y"], /^kvass: STREAM: expected 1 to 256 .*; got ""\n$/, 2],
  [["ls"], /^kvass: no server runs over /, 1],
  [["env", "--data", "/nonexistent"], /^kvass: no server runs over \/nonexistent; start one/, 1],
  [["fsck", "--data", "/nonexistent"], /^kvass: \/nonexistent is no data folder of Kvass\n$/, 1],
];

for (const [args, line, expected] of WRONG) {
  test(`kvass ${args.join(" ")}: one line, no stack`, () => {
    const { status, stderr, stdout } = kvass(...args);
    assert.match(stderr, line);
    assert.equal(stderr.split("\n").length, 2);
    assert.equal(status, expected);
    assert.equal(stdout, "");
  });
}
