/** What the command line says where its output, or its input, has no place or no end. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DeleteStreamCommand, DescribeStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { kvass, makeRecording, output, start, startKvass } from "../support/command-line.ts";
import { TestServer } from "../support/server.ts";
import { createStreams, untilStored } from "../support/streams.ts";
import { until, untilItSpeaks } from "../support/waiting.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-output-command-"));
const path = (name: string): string => join(folder, name);
const KVASS = join(import.meta.dirname, "../../packages/cli/src/main.ts");

let server: TestServer;
const run = (...args: string[]) => kvass([...args, "--data", server.data]);

before(async () => {
  server = await TestServer.start();
  await makeRecording(path("clip.mkv"));
  await output("ffmpeg", ["-v", "error", "-i", path("clip.mkv"), "-c", "copy", path("clip.mp4")]);
  const { status, stderr } = await run("put", "porch", path("clip.mkv"), "--create");
  assert.equal(status, 0, stderr);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const SAVING: readonly string[][] = [
  ["get", "porch"],
  ["get", "porch", "--raw"],
  ["clip", "porch", "--from", "-1h"],
  ["image", "porch", "--at", "earliest"],
];

for (const args of SAVING) {
  const named = args.join(" ");

  test(`kvass ${named} names the file that finds no space`, async () => {
    const { status, stderr } = await run(...args, "-o", "/dev/full");
    assert.deepEqual([status, stderr], [1, "kvass: /dev/full: no space left on the disk\n"]);
  });

  test(`kvass ${named} wants a name for its file`, async () => {
    const { status, stderr } = await run(...args, "-o", "");
    assert.deepEqual([status, stderr], [2, "kvass: -o: expected the name of a file\n"]);
  });

  test(`kvass ${named} ends without a word where its reader has seen enough`, async () => {
    const { status, stdout, stderr } = await shell(named, "| head -c 100");
    assert.deepEqual([status, stdout.length], [0, 100]);
    assert.doesNotMatch(stderr, /kvass:/);
  });
}

test("kvass get replaces no file where the tracks change either, unless it is told to", async () => {
  await output("ffmpeg", ["-v", "error", "-i", path("clip.mkv"), "-an", "-c", "copy", path("pictures.mkv")]);
  await run("put", "turn", path("clip.mkv"), "--create", "--start-timestamp", "-1h");
  await run("put", "turn", path("pictures.mkv"), "--start-timestamp", "-30m");
  writeFileSync(path("turn-2.mkv"), "another one's");
  const saved = await run("get", "turn", "-o", path("turn.mkv"));
  assert.match(saved.stderr, /turn\.mkv, .*turn-3\.mkv: 12 fragments, /);
  assert.equal(readFileSync(path("turn-2.mkv"), "latin1"), "another one's");
  const forced = await run("get", "turn", "-o", path("turn.mkv"), "--force");
  assert.match(forced.stderr, /turn\.mkv, .*turn-2\.mkv: 12 fragments, /);
  assert.deepEqual(readFileSync(path("turn-2.mkv")), readFileSync(path("turn-3.mkv")));
});

/** Runs `kvass ... -o -`, or another command that writes to stdout, with its stdout where `redirection` says. */
const shell = (command: string, redirection: string) => {
  const saves = SAVING.some((args) => args.join(" ") === command) ? "-o -" : "";
  const line = `"$0" "$1" ${command} ${saves} --data "$2" ${redirection}`;
  return start("sh", ["-c", line, process.execPath, KVASS, server.data]).ended;
};

for (const command of [...SAVING.map((args) => args.join(" ")), "ls", "ls porch", "env", "play porch --from -1h"]) {
  test(`kvass ${command} says where standard output finds no space`, async () => {
    const { status, stderr } = await shell(command, "> /dev/full");
    assert.equal(status, 1);
    assert.match(stderr, /^kvass: standard output: no space left on the disk$/m);
  });
}

for (const args of [
  ["clip", "porch", "--from", "-1h"],
  ["image", "porch", "--at", "earliest"],
]) {
  test(`kvass ${args.join(" ")} leaves what was there where the new file cannot be whole`, async () => {
    const file = path(`${args[0]}-before`);
    writeFileSync(file, "what was there");
    const save = `${args.join(" ")} --force --data "$2" -o "$3"${args[0] === "image" ? " --format png" : ""}`;
    // Blocks of 512 bytes, as POSIX has it; whoever ignores the signal is told by an error.
    const line = `trap "" XFSZ; ulimit -f 16; "$0" "$1" ${save}`;
    const { status, stderr } = await start("dash", ["-c", line, process.execPath, KVASS, server.data, file], {
      environment: { NODE_DISABLE_COMPILE_CACHE: "1" },
    }).ended;
    assert.equal(status, 1);
    assert.match(stderr, /^kvass: \S+-before: the file would be too large\n$/);
    assert.equal(readFileSync(file, "latin1"), "what was there");
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".part")),
      [],
    );
  });
}

test("kvass put wants a name for what it reads", async () => {
  const { status, stderr } = await run("put", "porch", "");
  assert.deepEqual([status, stderr], [2, "kvass: FILE: expected the name of a file\n"]);
});

test("kvass put --as-is of what is no Matroska ends", async () => {
  const { status, stderr } = await run("put", "porch", path("clip.mp4"), "--as-is");
  assert.deepEqual([status, stderr], [1, "kvass: --as-is: the input is not Matroska\n"]);
});

test("kvass put takes files whose names look like something else", async () => {
  for (const name of ["cam:1.mp4", "a b'c\".mp4", "-x.mp4", "100%d.mp4"]) {
    copyFileSync(path("clip.mp4"), path(name));
    const { status, stderr } = await startKvass(
      ["put", "--create", "--data", server.data, "names", "--", name],
      undefined,
      {
        cwd: folder,
      },
    ).ended;
    assert.equal(status, 0, stderr);
  }
});

test("kvass get says what it has saved when the server goes", async (context) => {
  const gone = await TestServer.start();
  context.after(() => gone.stop());
  await createStreams(gone, ["gone"]);
  const reach = ["--data", gone.data];
  const saved = startKvass(["get", "gone", "--from", "now", "-o", path("gone.mkv"), ...reach]);
  await untilItSpeaks(saved);
  const sent = startKvass(["put", "gone", path("clip.mkv"), "--realtime", ...reach]);
  await until("a fragment", () => existsSync(path("gone.mkv")) && statSync(path("gone.mkv")).size > 10_000);
  await gone.kill();
  const { status, stderr } = await saved.ended;
  sent.process.kill("SIGKILL");
  assert.equal(status, 1);
  assert.match(stderr, /^gone: follows .*\n\S+gone\.mkv: \d fragments?, .*\nkvass: [^\n]+\n$/);
});

test("kvass put that is refused on its way does not say that the media reaches to where it has sent", async () => {
  await createStreams(server, ["deleted"]);
  const sent = startKvass(["put", "deleted", path("clip.mkv"), "--realtime", "--data", server.data]);
  await untilStored(server, "deleted", 1);
  const client = new KinesisVideoClient(server.client);
  const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: "deleted" }));
  await client.send(new DeleteStreamCommand({ StreamARN: StreamInfo?.StreamARN }));
  client.destroy();
  const { status, stderr } = await sent.ended;
  assert.equal(status, 1);
  assert.match(stderr, /^deleted: \d fragments? persisted, .*, from \S+Z, \S+ k?B of what was sent are not stored$/m);
});

test("kvass get ends where nothing can come between its times", async () => {
  const { status, stderr } = await run("get", "porch", "--from", "now", "--to", "now", "-o", path("none.mkv"));
  assert.deepEqual([status, stderr], [2, "kvass: --to: nothing can come before it, since --from is no earlier\n"]);
  assert.ok(!existsSync(path("none.mkv")));
});
