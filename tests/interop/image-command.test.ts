import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import sharp from "sharp";
import { type Ended, kvass, output } from "../support/command-line.ts";
import { TestServer } from "../support/server.ts";
import { frameShown, SHADED_RATE, sendBody, shadedVideo } from "../support/shaded-video.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-image-"));
const path = (name: string): string => join(folder, name);
const START = Date.now() - 600_000;
const SECONDS = 6;

let server: TestServer;
const run = (...args: string[]): Promise<Ended> => kvass(["image", ...args, "--data", server.data]);
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

before(async () => {
  server = await TestServer.start();
  const client = new KinesisVideoClient(server.client);
  await client.send(new CreateStreamCommand({ StreamName: "porch", DataRetentionInHours: 24 }));
  await client.send(new CreateStreamCommand({ StreamName: "empty", DataRetentionInHours: 24 }));
  client.destroy();
  await sendBody(server.url, "porch", await shadedVideo({ seconds: SECONDS }), START);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("an image of a moment is saved as the file's name says", async () => {
  for (const [name, format] of [
    ["one.jpg", "jpeg"],
    ["one.png", "png"],
  ] as const) {
    const { status, stderr } = await run("porch", "--at", at(3.1), "-o", path(name));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /one\.(jpg|png): 1 image, /);
    const bytes = readFileSync(path(name));
    assert.equal((await sharp(bytes).metadata()).format, format);
    assert.equal(await frameShown(bytes), 3.1 * SHADED_RATE);
  }
});

test("a file's name that says another format is refused", async () => {
  const { status, stderr } = await run("porch", "--at", at(3), "-o", path("one.gif"));
  assert.equal(status, 2);
  assert.match(stderr, /^kvass: .*one\.gif: images are \.jpg or \.png; [^\n]*\n$/);
});

test("size and format are those asked for, also on standard output", async () => {
  const { stdout, stderr } = await run("porch", "--at", "earliest", "-o", "-", "--width", "80", "--format", "png");
  const { width, height, format } = await sharp(stdout).metadata();
  assert.deepEqual([width, height, format], [80, 45, "png"], stderr);
  assert.equal(await frameShown(stdout), 0);
});

test("a series has a file for each moment, and a line for each that there is none of", async () => {
  const series = ["--at", at(4), "--to", at(7), "--every", "1s", "-o", path("series.jpg")];
  const { status, stderr } = await run("porch", ...series);
  assert.equal(status, 0, stderr);
  const files = readdirSync(folder).filter((name) => name.startsWith("series"));
  assert.deepEqual(files, ["series-0001.jpg", "series-0002.jpg"]);
  assert.equal(await frameShown(readFileSync(path("series-0002.jpg"))), 5 * SHADED_RATE);
  const lines = stderr.trim().split("\n");
  assert.equal(lines[0], `kvass: ${at(6)}: there is no media of that moment`);
  assert.equal(lines.length, 3);
  assert.match(lines[2]!, /series-\*\.jpg: 2 images, /);
});

test("a range longer than one request may have is asked for in several", async () => {
  const series = ["--at", at(5 - 400), "--to", at(5), "--every", "100s", "-o", path("long.jpg")];
  const { status, stderr } = await run("porch", ...series);
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("long")),
    ["long-0005.jpg"],
  );
});

test("media without pictures is told for what it is", async () => {
  for (const [stream, codec, line] of [
    ["radio", ["-vn", "-c:a", "aac"], "the media of that moment is sound alone"],
    ["old", ["-an", "-c:v", "mpeg4"], "the video of that moment is V_MPEG4/ISO/ASP; there are pictures of H.264, "],
  ] as const) {
    const sources = [
      "-f",
      "lavfi",
      "-i",
      "testsrc2=size=64x36:rate=5:duration=2",
      "-f",
      "lavfi",
      "-i",
      "sine=duration=2",
    ];
    await output("ffmpeg", ["-v", "error", ...sources, ...codec, path(`${stream}.mkv`)]);
    const sent = ["put", stream, path(`${stream}.mkv`), "--create", "--start-timestamp", at(0), "--data", server.data];
    assert.equal((await kvass(sent)).status, 0);
    const { status, stderr } = await run(stream, "--at", at(1));
    assert.equal(status, 1);
    assert.ok(stderr.startsWith(`kvass: ${stream}: ${at(1)}: ${line}`), stderr);
  }
});

test("what cannot be had is said in one line", async () => {
  await run("porch", "--at", at(1), "-o", path("there.jpg"));
  const wrong: [args: string[], line: RegExp, status: number][] = [
    [["porch", "--at", at(1), "-o", path("there.jpg")], /there\.jpg: exists already; --force replaces it\n$/, 1],
    [["missing", "--at", "-1m"], /^kvass: ResourceNotFoundException: there is no stream missing\n$/, 1],
    [["empty", "--at", "earliest"], /^kvass: empty holds no media\n$/, 1],
    [
      ["porch", "--at", at(-5)],
      /^kvass: porch: \S+Z: there is no media of that moment; what it holds lies between \S+Z and \S+Z\n$/,
      1,
    ],
    [["porch", "--at", "now"], /moment; what arrives has pictures once its fragment is stored\n$/, 1],
    [
      ["porch", "--at", at(-9), "--every", "1s", "--to", at(-9)],
      /no media of that moment; what it holds [^\n]+\nkvass: porch: no image\n$/,
      1,
    ],
    [["porch", "--at", at(1), "--every", "2s"], /^kvass: --every and --to go together\n$/, 2],
    [["porch", "--at", at(1), "--every", "1x", "--to", at(2)], /^kvass: --every: expected a duration/, 2],
    [["porch", "--at", at(1), "--every", "100ms", "--to", at(2)], /at least 200ms\n$/, 2],
    [["porch", "--at", at(2), "--every", "1s", "--to", at(1)], /^kvass: --to lies before --at\n$/, 2],
    [["porch", "--at", at(1), "--format", "png", "--quality", "8"], /^kvass: --quality is for JPEG/, 2],
    [
      ["porch", "--at", at(1), "--quality", "101"],
      /^kvass: --quality: expected a number from 1 to 100; got "101"\n$/,
      2,
    ],
  ];
  for (const [args, line, expected] of wrong) {
    const { status, stderr } = await run(...args);
    assert.match(stderr, line);
    assert.equal(status, expected);
  }
  assert.ok(!existsSync("porch.jpg"));
});
