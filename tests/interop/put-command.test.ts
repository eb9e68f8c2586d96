import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kvass, makeRecording, output } from "../support/command-line.ts";
import { TestServer } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-put-command-"));
const path = (name: string): string => join(folder, name);
const ffmpeg = (...args: string[]): Promise<Buffer> => output("ffmpeg", ["-v", "error", "-y", ...args]);

let server: TestServer;
const run = (...args: string[]) => kvass([...args, "--data", server.data]);

before(async () => {
  server = await TestServer.start();
  await makeRecording(path("clip.mkv"));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("a file that is sent again within its length lies behind what is there", async () => {
  const spans: number[][] = [];
  for (let time = 0; time < 2; time++) {
    const { status, stderr } = await run("put", "again", path("clip.mkv"), "--create");
    assert.equal(status, 0, stderr);
    const [, from, to] = /, from (\S+Z) to (\S+Z)\n$/.exec(stderr) ?? assert.fail(stderr);
    spans.push([Date.parse(from!), Date.parse(to!)]);
  }
  assert.ok(spans[1]![0]! >= spans[0]![1]!, JSON.stringify(spans));
  const listed = (await run("ls", "again", "--json")).stdout.toString().trim().split("\n");
  const begins = listed.map((line) => (JSON.parse(line) as { producerTimestamp: number }).producerTimestamp);
  assert.equal(begins.length, 12);
  assert.deepEqual(
    begins,
    begins.toSorted((a, b) => a - b),
  );
});

test("a file that would end in the future behind what the stream holds is told so", async () => {
  const ahead = await run("put", "future", path("clip.mkv"), "--create", "--start-timestamp", "+1h");
  assert.match(ahead.stderr, /^created future, .*\nfuture: 6 fragments .*\n$/);
  const { status, stderr } = await run("put", "future", path("clip.mkv"));
  assert.equal(status, 0, stderr);
  const [, told, end] =
    /^kvass: this lies behind what future holds, .* into the future, to (\S+Z); --start-timestamp TIME .*\nfuture: .* to (\S+Z)\n$/.exec(
      stderr,
    ) ?? assert.fail(stderr);
  // The header of the file tells its length, the frames where they end.
  assert.ok(Math.abs(Date.parse(told!) - Date.parse(end!)) < 100, stderr);
});

test("what is sent, listed and saved of one recording lasts equally long", async () => {
  await ffmpeg("-i", path("clip.mkv"), "-an", "-c", "copy", path("pictures.mkv"));
  await ffmpeg("-i", path("clip.mkv"), "-vn", "-c", "copy", path("sound.mkv"));
  for (const [name, ...flags] of [["clip"], ["pictures"], ["sound"], ["clip", "--as-is"]] as const) {
    const stream = `long-${name}${flags.length}`;
    const sent = (await run("put", stream, path(`${name}.mkv`), "--create", ...flags)).stderr;
    const [, from, to] = /, from (\S+Z) to (\S+Z)\n$/.exec(sent) ?? assert.fail(sent);
    const durationMs = Date.parse(to!) - Date.parse(from!);
    assert.equal(await savedMs(stream), durationMs, sent);
    const shown = `${(durationMs / 1000).toFixed(1)} s`;
    assert.equal(/^\d+ fragments?, ([^,]+), /m.exec((await run("ls", stream)).stdout.toString())?.[1], shown);
  }
});

/** What the header of a file that `get` has written says of its length, in milliseconds. */
async function savedMs(stream: string): Promise<number> {
  assert.equal((await run("get", stream, "-o", path(`${stream}.mkv`))).status, 0);
  const probed = await output("ffprobe", [
    ...["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path(`${stream}.mkv`)],
  ]);
  return Math.round(Number(probed.toString()) * 1000);
}

test("standard input that comes faster than it plays is told once", async () => {
  await ffmpeg("-i", path("clip.mkv"), "-c", "copy", "-live", "1", path("endless.mkv"));
  const send = (...more: string[]) =>
    kvass(["put", "fast", "-", "--create", "--data", server.data, ...more], readFileSync(path("endless.mkv")));
  const { status, stderr } = await send();
  assert.equal(status, 0, stderr);
  assert.equal(
    stderr.match(/^kvass: the input comes faster than it plays, .*--realtime .*--start-timestamp/gm)?.length,
    1,
  );
  assert.doesNotMatch((await send("--start-timestamp", "-1h")).stderr, /faster/);
});

test("an MP4 file whose index lies at the end cannot come by a pipe, and that is said", async () => {
  await ffmpeg("-i", path("clip.mkv"), "-c", "copy", path("behind.mp4"));
  await ffmpeg("-i", path("clip.mkv"), "-c", "copy", "-movflags", "+faststart", path("before.mp4"));
  const send = (name: string) =>
    kvass(["put", "mp4", "-", "--create", "--data", server.data], readFileSync(path(name)));
  const { status, stderr } = await send("behind.mp4");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^kvass: standard input: an MP4 file with its index at the end .* the path of the file .*-movflags \+faststart.*\n$/,
  );
  assert.equal((await send("before.mp4")).status, 0);
});

test("a named pipe is read as standard input is", async () => {
  await output("mkfifo", [path("pipe")]);
  const sent = run("put", "pipe", path("pipe"), "--create");
  await writeFile(path("pipe"), readFileSync(path("clip.mkv")));
  const { status, stderr } = await sent;
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^created pipe, .*\n(kvass: the input comes faster .*\n)?pipe: \d fragments persisted/);
});

test("the retention of a stream that exists stays, and that is said", async () => {
  await run("put", "kept", path("clip.mkv"), "--create", "--retention", "24");
  const other = await run("put", "kept", path("clip.mkv"), "--create", "--retention", "48");
  assert.match(other.stderr, /^kvass: kept exists, and its retention stays 24 h; --retention is for one that/);
  assert.doesNotMatch((await run("put", "kept", path("clip.mkv"), "--create")).stderr, /stays/);
});

test("what is stored but cannot be played is said once", async () => {
  await ffmpeg("-i", path("clip.mkv"), "-t", "2", "-an", "-c:v", "mpeg4", "-g", "25", path("old.mkv"));
  const { status, stderr } = await run("put", "old", path("old.mkv"), "--create");
  assert.equal(status, 0, stderr);
  assert.match(
    stderr,
    /^kvass: track 1 is V_MPEG4\/ISO\/ASP: it is stored, .* no mapping for it\ncreated old, .*\nold: \d/,
  );
});

test("of a recording that was cut off what is whole is stored, and told", async () => {
  const whole = readFileSync(path("clip.mkv"));
  writeFileSync(path("cut.mkv"), whole.subarray(0, whole.length / 2));
  const { status, stderr } = await run("put", "cut", path("cut.mkv"), "--create");
  assert.equal(status, 1);
  const said =
    /^created cut, .*\ncut: (\d) fragments persisted, .* from \S+Z to \S+Z\nkvass: the input is cut off: it ends inside the \w+ at byte \d+\n$/;
  const [, fragments] = said.exec(stderr) ?? assert.fail(stderr);
  assert.equal((await run("get", "cut", "-o", path("rest.mkv"))).status, 0);
  const listed = await run("ls", "cut");
  assert.match(listed.stdout.toString(), new RegExp(`^${fragments} fragments`, "m"));
});

test("of an MP4 file that was cut off what is whole is stored, and told; without its index that it cannot be read", async () => {
  for (const [name, ...flags] of [["front", "-movflags", "+faststart"], ["end"]] as const) {
    await ffmpeg("-i", path("clip.mkv"), "-c", "copy", ...flags, path("whole.mp4"));
    const whole = readFileSync(path("whole.mp4"));
    writeFileSync(path(`${name}.mp4`), whole.subarray(0, whole.length / 2));
  }
  const front = await run("put", "front", path("front.mp4"), "--create");
  assert.equal(front.status, 1);
  assert.match(
    front.stderr,
    /^created front, .*\nfront: (\d) fragments persisted, .* from \S+Z to \S+Z\nkvass: the input is cut off: it ends before the end that its index tells\n$/,
  );
  const end = await run("put", "end", path("end.mp4"), "--create");
  assert.equal(end.status, 1);
  assert.match(end.stderr, /^kvass: \S*end\.mp4: an MP4 file without its index \(moov\), .* it is cut off, [^\n]*\n$/);
});
