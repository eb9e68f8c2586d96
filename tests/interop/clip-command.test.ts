import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kvass, output } from "../support/command-line.ts";
import { probePackets } from "../support/media-files.ts";
import { TestServer } from "../support/server.ts";

/** Months before now, so that a range up to now is longer than a clip may be. */
const START = Date.UTC(2026, 0, 1);
const folder = mkdtempSync(join(tmpdir(), "kvass-clip-command-"));
const path = (name: string): string => join(folder, name);

let server: TestServer;
const clip = (...args: string[]) => kvass(["clip", ...args, "--data", server.data]);

/** Twelve seconds in groups of two. */
before(async () => {
  server = await TestServer.start();
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=12"];
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=12"];
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac"];
  await output("ffmpeg", ["-v", "error", "-y", ...picture, ...tone, ...coding, path("source.mkv")]);
  const put = ["put", "porch", path("source.mkv"), "--create", "--start-timestamp", String(START)];
  const { status, stderr } = await kvass([...put, "--data", server.data]);
  assert.equal(status, 0, stderr);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("a clip begins with the fragment that --from lies in and ends with the one that begins before --to", async () => {
  const file = path("middle.mp4");
  const { status, stderr } = await clip("porch", "--from", `${START + 5000}`, "--to", `${START + 7000}`, "-o", file);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /middle\.mp4: [\d.]+ kB in [\d.]+ s \([\d.]+ [kM]B\/s\)\n$/);
  const [video] = probePackets(file);
  assert.equal(video!.length, 100);
  assert.ok(video![0]!.keyframe);
});

test("everything that is stored is one clip, where it is not longer than a clip may be", async () => {
  const file = path("all.mp4");
  assert.equal((await clip("porch", "--from", "earliest", "-o", file)).status, 0);
  assert.equal(probePackets(file)[0]!.length, 300);
  const { stdout } = await clip("porch", "--from", "earliest", "-o", "-");
  assert.deepEqual(stdout, readFileSync(file));
  const server = await clip("porch", "--from", "-10m", "--clock", "server", "-o", "-");
  assert.deepEqual(server.stdout, stdout);
});

test("without --to a clip ends with what is stored, also ahead of now, and a longer range names its parts", async () => {
  const ahead = Date.now() + 3_600_000;
  for (const at of [START, ahead]) {
    const put = ["put", "days", path("source.mkv"), "--create", "--start-timestamp", String(at)];
    assert.equal((await kvass([...put, "--data", server.data])).status, 0);
  }
  const { status, stderr } = await clip("days", "--from", "earliest", "-o", path("days.mp4"));
  assert.equal(status, 1);
  const said =
    /^kvass: days holds more than the 24 h that a clip may span from 2026-01-01T00:00:00\.000Z on: --to (\S+) ends one there, --from (\S+) begins the next; [^\n]*\n$/;
  const [, to, from] = said.exec(stderr) ?? assert.fail(stderr);
  assert.deepEqual([to, from], ["2026-01-02T00:00:00.000Z", new Date(ahead).toISOString()]);
  for (const range of [
    ["--from", "earliest", "--to", to!],
    ["--from", from!],
  ]) {
    const ended = await clip("days", ...range, "-o", path("days.mp4"), "--force");
    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(probePackets(path("days.mp4"))[0]!.length, 300);
  }
});

test("a file that exists is replaced only when told so, and only by a whole clip", async () => {
  const file = path("kept.mp4");
  writeFileSync(file, "precious");
  const range = ["--from", `${START}`, "--to", `${START + 2500}`];
  const refused = await clip("porch", ...range, "-o", file);
  assert.deepEqual([refused.status, refused.stderr], [1, `kvass: ${file}: exists already; --force replaces it\n`]);
  const nothing = await clip("porch", "--from", "2020-01-01", "--to", "2020-01-02", "-o", file, "--force");
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /^kvass: porch holds no media there; what it holds lies between \S+Z and \S+Z\n$/);
  assert.equal(readFileSync(file, "utf8"), "precious");
  assert.equal((await clip("porch", ...range, "-o", file, "--force")).status, 0);
  assert.ok(statSync(file).size > 10_000);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("what is wrong is said in a line", async () => {
  for (const [args, status, message] of [
    [["porch", "--to", "now"], 2, /required option '--from/],
    [["porch", "--from", "now", "--to", "-1m"], 2, /--to lies before --from/],
    [["porch", "--from", "yesterday"], 2, /--from: expected/],
    [["nowhere", "--from", "-1m"], 1, /there is no stream nowhere/],
    [["porch", "--from", `${START}`, "-o", path("none/x.mp4")], 1, /none\/x\.mp4: no such file or folder\n$/],
  ] as const) {
    const ended = await clip(...args);
    assert.equal(ended.status, status, ended.stderr);
    assert.match(ended.stderr, message);
    assert.equal(ended.stderr.trimEnd().split("\n").length, 1);
  }
  assert.ok(!existsSync("porch.mp4"));
});

test("a clip goes up to a change of the tracks, or begins there, as its refusal says", async () => {
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-an", "-vf", "scale=160:90"];
  await output("ffmpeg", ["-v", "error", "-y", "-i", path("source.mkv"), "-t", "4", ...coding, path("small.mkv")]);
  for (const [file, at] of [
    ["source.mkv", START],
    ["small.mkv", START + 12_000],
  ] as const) {
    const put = ["put", "changing", path(file), "--create", "--start-timestamp", String(at), "--data", server.data];
    assert.equal((await kvass(put)).status, 0);
  }
  const whole = await clip("changing", "--from", "earliest", "-o", path("changing.mp4"));
  assert.equal(whole.status, 1);
  const [, to, from] = / Use --to (\S+) or --from (\S+)\n$/.exec(whole.stderr) ?? assert.fail(whole.stderr);
  assert.deepEqual([to, from], ["2026-01-01T00:00:11.999Z", "2026-01-01T00:00:12.000Z"]);
  for (const [range, source] of [
    [["--from", "earliest", "--to", to!], "source.mkv"],
    [["--from", from!], "small.mkv"],
  ] as const) {
    const { status, stderr } = await clip("changing", ...range, "-o", path("changing.mp4"), "--force");
    assert.equal(status, 0, stderr);
    assert.equal(probePackets(path("changing.mp4"))[0]!.length, probePackets(path(source))[0]!.length);
  }
});

/** Flips a bit of the last fragment that was written. */
function damageLastFragment(): void {
  const journal = join(server.data, "journal");
  const segment = join(journal, readdirSync(journal).sort().at(-1)!);
  const bytes = readFileSync(segment);
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  bytes[end - 100_000]! ^= 1;
  writeFileSync(segment, bytes);
}

test("of a clip that the server breaks off nothing is left", async () => {
  const noise = ["-f", "lavfi", "-i", "color=gray:size=640x360:rate=25:duration=6,noise=alls=100:allf=t+u"];
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-qp", "10"];
  await output("ffmpeg", ["-v", "error", "-y", ...noise, ...coding, path("noise.mkv")]);
  assert.ok(statSync(path("noise.mkv")).size > 40_000_000);
  const put = ["put", "broken", path("noise.mkv"), "--create", "--start-timestamp", String(START)];
  assert.equal((await kvass([...put, "--data", server.data])).status, 0);
  damageLastFragment();
  const { status, stderr } = await clip("broken", "--from", "earliest", "-o", path("broken.mp4"));
  assert.deepEqual([status, stderr], [1, "kvass: the server broke the clip off; its log says why\n"]);
  assert.ok(!existsSync(path("broken.mp4")) && !existsSync(path("broken.mp4.part")));
});
