import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kvass, makeRecording, output, startKvass } from "../support/command-line.ts";
import { TestServer } from "../support/server.ts";
import { createStreams, untilStored } from "../support/streams.ts";
import { until, untilItSpeaks } from "../support/waiting.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-command-line-"));
const path = (name: string): string => join(folder, name);
const ffmpeg = (...args: string[]): Promise<Buffer> => output("ffmpeg", ["-v", "error", "-y", ...args]);

let server: TestServer;
const run = (...args: string[]) => kvass([...args, "--data", server.data]);

before(async () => {
  server = await TestServer.start();
  await makeRecording(path("clip.mkv"));
  await ffmpeg("-i", path("clip.mkv"), "-c", "copy", path("clip.mp4"));
  await ffmpeg("-i", path("clip.mkv"), "-c", "copy", path("clip.ts"));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** Hashes of the packets of the video and of the audio, timestamps apart. */
async function hashes(file: string): Promise<string[]> {
  const text = await ffmpeg("-i", file, "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "streamhash", "-");
  return text.toString().trim().split("\n");
}

async function durationOf(file: string): Promise<number> {
  const text = await output("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file]);
  return Number(text);
}

/** mkvinfo's complaints, and ffmpeg's when it decodes every frame. */
async function complaints(file: string): Promise<string> {
  const info = await output("mkvinfo", ["--all", file]);
  const decoded = await ffmpeg("-i", file, "-f", "null", "-");
  return [...info.toString().matchAll(/^.*(?:error|warning|unknown element).*$/gim)].join("\n") + decoded.toString();
}

test("a Matroska file goes in and comes out with every frame, as one file that can be sought", async () => {
  const put = await run("put", "plain", path("clip.mkv"), "--create");
  assert.equal(put.status, 0, put.stderr);
  assert.match(put.stderr, /^created plain, retention 24 h\nplain: 6 fragments persisted, .* kB in /);
  const get = await run("get", "plain", "-o", path("plain.mkv"));
  assert.equal(get.status, 0, get.stderr);
  assert.deepEqual(await hashes(path("plain.mkv")), await hashes(path("clip.mkv")));
  assert.equal(await complaints(path("plain.mkv")), "");
  assert.ok(Math.abs((await durationOf(path("plain.mkv"))) - (await durationOf(path("clip.mkv")))) < 0.05);
  const info = (await output("mkvinfo", ["--all", path("plain.mkv")])).toString();
  assert.match(info, /\+ Cues/);
  const again = await run("get", "plain", "-o", path("plain.mkv"));
  assert.equal(again.status, 1);
  assert.match(again.stderr, /^kvass: .*plain\.mkv: exists already; --force replaces it\n$/);
  assert.equal((await run("get", "plain", "-o", path("plain.mkv"), "--force")).status, 0);
});

for (const [name, args, input] of [
  ["an MP4 file", [path("clip.mp4")], undefined],
  ["a transport stream", [path("clip.ts")], undefined],
  ["Matroska on standard input", ["-"], "clip.mkv"],
  ["a transport stream on standard input", ["-"], "clip.ts"],
] as const) {
  test(`${name} is sent without transcoding`, async () => {
    const stream = name.replaceAll(" ", "-");
    const bytes = input === undefined ? undefined : readFileSync(path(input));
    const put = await kvass(["put", stream, ...args, "--create", "--data", server.data], bytes);
    assert.equal(put.status, 0, put.stderr);
    assert.equal((await run("get", stream, "-o", path(`${stream}.mkv`))).status, 0);
    const source = input ?? args[0].split("/").at(-1)!;
    // The reference takes the same way, since leaving a transport stream changes how H.264 is framed.
    await ffmpeg("-i", path(source), "-c", "copy", path("reference.mkv"));
    assert.deepEqual(await hashes(path(`${stream}.mkv`)), await hashes(path("reference.mkv")));
  });
}

test("--as-is sends the file's own Clusters, which --raw gives back", async () => {
  const put = await run("put", "as-is", path("clip.mkv"), "--create", "--as-is", "--start-timestamp", "1711124585.823");
  assert.equal(put.status, 0, put.stderr);
  const raw = await run("get", "as-is", "--raw", "-o", "-");
  const firstCluster = Buffer.from("1f43b675", "hex");
  const sent = readFileSync(path("clip.mkv"));
  const cluster = sent.subarray(sent.indexOf(firstCluster), sent.indexOf(firstCluster) + 50_000);
  assert.ok(raw.stdout.includes(cluster));
  const listed = (await run("ls", "as-is", "--json")).stdout.toString().split("\n");
  const { producerTimestamp } = JSON.parse(listed[0]!) as { producerTimestamp: number };
  // The first Cluster's own timecode is that of its first frame, a few milliseconds into the file.
  assert.ok(producerTimestamp >= 1_711_124_585_823 && producerTimestamp < 1_711_124_585_923, `${producerTimestamp}`);
});

test("a range of time is saved from the fragment that it begins in", async () => {
  const at = Date.UTC(2026, 0, 1);
  await run("put", "range", path("clip.mkv"), "--create", "--start-timestamp", String(at));
  const get = await run(
    "get",
    "range",
    "--from",
    String(at + 5000),
    "--to",
    String(at + 8000),
    "-o",
    path("range.mkv"),
  );
  assert.match(get.stderr, /3 fragments, 6\.\d s/);
  const listing = await run("ls", "range", "--from", String(at + 4000), "--to", String(at + 8100));
  assert.match(
    listing.stdout.toString(),
    /^2026-01-01T00:00:04\.\d{3}Z .* 2\.\d s .*\n.*\n.*\n3 fragments, 6\.\d s, /m,
  );
  const nothing = await run("get", "range", "--from", "2020-01-01", "--to", "2020-01-02", "-o", path("none.mkv"));
  assert.equal(nothing.status, 1);
  const elsewhere =
    /^kvass: range holds no media there; what it holds lies between 2026-01-01T00:00:00\.\d+Z and 2026-01-01T00:00:12\.\d+Z\n$/;
  assert.match(nothing.stderr, elsewhere);
  const listed = await run("ls", "range", "--from", "2020-01-01", "--to", "2020-01-02");
  assert.deepEqual([listed.status, listed.stdout.toString()], [0, "0 fragments, 0.0 s, 0 B\n"]);
  assert.match(listed.stderr, elsewhere);
  assert.ok(!existsSync(path("none.mkv")));
});

test("tracks that change on the way begin a further file", async () => {
  await ffmpeg("-i", path("clip.mkv"), "-an", "-c:v", "copy", "-t", "3.9", path("silent.mkv"));
  await run("put", "change", path("clip.mkv"), "--create", "--start-timestamp", "-1h");
  await run("put", "change", path("silent.mkv"), "--start-timestamp", "-30m");
  const get = await run("get", "change", "-o", path("change.mkv"));
  assert.match(get.stderr, /change\.mkv, .*change-2\.mkv: 8 fragments/);
  assert.deepEqual(await hashes(path("change.mkv")), await hashes(path("clip.mkv")));
  assert.equal(await complaints(path("change-2.mkv")), "");
  await run("put", "mixed", path("clip.mkv"), "--create", "--start-timestamp", "1711124585");
  await run("put", "mixed", path("silent.mkv"), "--start-timestamp", "1711124589");
  await run("put", "mixed", path("clip.mkv"), "--start-timestamp", "1711124585");
  const mixed = await run("get", "mixed", "-o", path("mixed.mkv"));
  assert.match(mixed.stderr, /mixed\.mkv, .*mixed-2\.mkv: 8 fragments/, "what was sent again begins no file");
});

test("pauses between recordings are closed, or kept when asked for", async () => {
  await run("put", "pause", path("clip.mkv"), "--create", "--start-timestamp", "-1h");
  await run("put", "pause", path("clip.mkv"), "--start-timestamp", "-50m");
  await run("get", "pause", "-o", path("closed.mkv"));
  await run("get", "pause", "-o", path("kept.mkv"), "--keep-gaps");
  assert.equal(Math.round(await durationOf(path("closed.mkv"))), 25);
  assert.equal(Math.round((await durationOf(path("kept.mkv"))) / 60), 10);
  assert.equal(await complaints(path("closed.mkv")), "");
});

/** How many packets the video of a file has, and how many of them are decoded no later than the one before. */
async function steps(file: string): Promise<{ packets: number; back: number }> {
  const fields = ["-select_streams", "v", "-show_entries", "packet=dts", "-of", "csv=p=0"];
  const text = (await output("ffprobe", ["-v", "error", ...fields, file])).toString();
  const times = text.trim().split("\n").map(Number.parseFloat);
  return { packets: times.length, back: times.filter((time, at) => at > 0 && time <= times[at - 1]!).length };
}

test("recordings that lie over one another come out one after the other, and time never goes back", async () => {
  await run("put", "over", path("clip.mkv"), "--create", "--start-timestamp", "1711124585");
  await run("put", "over", path("clip.mkv"), "--start-timestamp", "1711124582.5");
  const { status, stderr } = await run("get", "over", "-o", path("over.mkv"));
  assert.equal(status, 0, stderr);
  assert.match(stderr, /over\.mkv: 12 fragments, 25\.\d s/);
  assert.deepEqual(await steps(path("over.mkv")), { packets: 600, back: 0 });
  assert.equal(await complaints(path("over.mkv")), "");
});

test("recordings whose fragments begin at the same moments are all there, but what was sent again is there once", async () => {
  await run("put", "alike", path("clip.mkv"), "--create", "--start-timestamp", "1711124585");
  for (let again = 0; again < 2; again++) {
    await run("put", "alike", path("clip.mkv"), "--start-timestamp", "1711124581");
  }
  const { status, stderr } = await run("get", "alike", "-o", path("alike.mkv"));
  assert.equal(status, 0, stderr);
  assert.match(stderr, /alike\.mkv: 12 fragments, /);
  assert.deepEqual(await steps(path("alike.mkv")), { packets: 600, back: 0 });
});

test("recordings of the same moments are all there though their fragments have the same sizes, as those of G.711 have", async () => {
  for (const frequency of ["440", "880"]) {
    const tone = ["-f", "lavfi", "-i", `sine=frequency=${frequency}:sample_rate=8000:duration=8`, "-c:a", "pcm_mulaw"];
    await ffmpeg(...tone, path(`${frequency}.mkv`));
    await run("put", "tones", path(`${frequency}.mkv`), "--create", "--start-timestamp", "1711124581");
  }
  assert.match((await run("get", "tones", "-o", path("tones.mkv"))).stderr, /tones\.mkv: 8 fragments, /);
  assert.match(
    (await run("get", "tones", "--raw", "-o", path("tones-raw.mkv"))).stderr,
    /tones-raw\.mkv: 8 fragments, /,
  );
});

test("--raw counts the fragments that it writes", async () => {
  await run("put", "raw", path("clip.mkv"), "--create");
  const { stderr } = await run("get", "raw", "--raw", "-o", path("raw.mkv"));
  assert.match(stderr, /raw\.mkv: 6 fragments, \d/);
});

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

test("a live stream is followed while it is sent at playing speed, and ^C ends both in order", async () => {
  await run("put", "live", path("clip.mkv"), "--create", "--start-timestamp", "-1h");
  const follower = startKvass(["get", "live", "--from", "now", "-o", path("live.mkv"), "--data", server.data]);
  await untilItSpeaks(follower);
  const sender = startKvass(["put", "live", path("clip.mkv"), "--realtime", "--data", server.data]);
  await until("a fragment that was followed", () => sizeOf(path("live.mkv")) > 10_000);
  sender.process.kill("SIGINT");
  const sent = await sender.ended;
  assert.equal(sent.status, 130);
  // What was read so far is acknowledged before it ends; the whole file would be six fragments.
  assert.match(sent.stderr, /live: [2345] fragments persisted/);
  follower.process.kill("SIGINT");
  const followed = await follower.ended;
  assert.equal(followed.status, 0, followed.stderr);
  assert.equal(await complaints(path("live.mkv")), "");
  assert.ok((await durationOf(path("live.mkv"))) > 1.9);
});

test("what is sent live over media that the stream holds already is told", async () => {
  const ahead = Date.now() + 3_600_000;
  await run("put", "ahead", path("clip.mkv"), "--create", "--start-timestamp", String(ahead));
  const sender = startKvass(["put", "ahead", path("clip.mkv"), "--realtime", "--data", server.data]);
  let said = "";
  sender.process.stderr!.on("data", (text: string) => {
    said += text;
  });
  await until("a word", () => said.includes("\n"));
  sender.process.kill("SIGINT");
  await sender.ended;
  const [, end] = /^kvass: ahead holds media up to (\S+), which this lies over: .* --start-timestamp \1 /.exec(said)!;
  assert.ok(Date.parse(end!) > ahead);
});

test("what begins later is said, and begins then", async () => {
  await run("put", "later", path("clip.mkv"), "--create", "--start-timestamp", "-1h");
  const follower = startKvass(["get", "later", "--from", "+5s", "-o", path("later.mkv"), "--data", server.data]);
  let said = "";
  follower.process.stderr!.on("data", (text: string) => {
    said += text;
  });
  await until("a word", () => said !== "");
  const [, begin] = /^later: begins at (\S+), in [45]\.\d s\n$/.exec(said) ?? assert.fail(said);
  const sender = startKvass(["put", "later", path("clip.mkv"), "--realtime", "--data", server.data]);
  await until("a fragment that was followed", () => sizeOf(path("later.mkv")) > 10_000);
  assert.ok(Date.now() >= Date.parse(begin!));
  for (const { process, ended } of [follower, sender]) {
    process.kill("SIGINT");
    await ended;
  }
  const never = await run("get", "later", "--from", "+25d", "-o", path("never.mkv"));
  assert.deepEqual([never.status, never.stderr], [2, "kvass: --from: lies more than 24 days ahead\n"]);
  const over = await run("get", "later", "--from", "now", "--to", "+1s", "-o", path("never.mkv"));
  assert.equal(over.status, 1);
  assert.match(over.stderr, /^later: follows the live stream until \S+Z\nkvass: later: no media came\n$/);
});

test("a stream without retention is read from memory", async () => {
  const put = await run("put", "volatile", path("clip.mkv"), "--create", "--retention", "0");
  assert.match(put.stderr, /volatile: 6 fragments received/);
  assert.equal((await run("get", "volatile", "-o", path("volatile.mkv"))).status, 0);
  assert.deepEqual(await hashes(path("volatile.mkv")), await hashes(path("clip.mkv")));
  const past = ["--from", "2020-01-01", "--to", "2020-01-02"];
  for (const args of [
    ["play", "volatile", "--from", "-1m"],
    ["clip", "volatile", "--from", "-1m"],
    ["get", "volatile", ...past, "-o", path("none.mkv")],
    ["image", "volatile", "--at", "earliest"],
    ["ls", "volatile"],
  ]) {
    const { status, stderr } = await run(...args);
    assert.match(stderr, /^kvass: volatile keeps nothing: its retention is 0 h \(NoDataRetention\)[^\n]*\n$/, args[0]);
    assert.equal(status, args[0] === "ls" ? 0 : 1);
  }
});

test("following that is ended before anything has come is an interruption", async () => {
  await run("put", "nothing", path("clip.mkv"), "--create", "--start-timestamp", "-1h");
  const follower = startKvass(["get", "nothing", "--from", "now", "-o", path("n.mkv"), "--data", server.data]);
  await untilItSpeaks(follower);
  follower.process.kill("SIGINT");
  const { status, stderr } = await follower.ended;
  assert.equal(status, 130);
  assert.match(stderr, /\nkvass: nothing: ended before any media came\n$/);
});

test("a server that is killed and comes back costs no frame", async () => {
  const data = mkdtempSync(join(tmpdir(), "kvass-killed-"));
  const first = await TestServer.start({ data });
  const flags = ["--listen", new URL(first.url).host];
  await createStreams(first, ["killed"]);
  const sender = startKvass(["put", "killed", path("clip.mkv"), "--realtime", "--data", data]);
  await untilStored(first, "killed", 2);
  await first.kill();
  const second = await TestServer.start({ data, flags });
  const put = await sender.ended;
  assert.equal(put.status, 0, put.stderr);
  const get = await kvass(["get", "killed", "-o", path("killed.mkv"), "--data", data]);
  assert.equal(get.status, 0, get.stderr);
  assert.deepEqual(await hashes(path("killed.mkv")), await hashes(path("clip.mkv")));
  await second.stop();
  const check = await kvass(["fsck", "--rebuild-index", "--data", data]);
  assert.equal(check.status, 0, check.stdout.toString());
  assert.match(
    check.stdout.toString(),
    /: the index was made anew from the journal, 6 fragments\n.*: 6 fragments in .*: no damage\n$/,
  );
  // The first record of a journal segment begins with its table of frames behind 4096 bytes of header and those of its own.
  const journal = join(data, "journal");
  const segment = join(journal, readdirSync(journal).sort()[0]!);
  const bytes = readFileSync(segment);
  bytes[4096 + 116 + 30]! ^= 1;
  writeFileSync(segment, bytes);
  const damaged = await kvass(["fsck", "--data", data]);
  assert.equal(damaged.status, 1);
  assert.match(
    damaged.stdout.toString(),
    /^table: segment 1 .* does not match; the fragment is read instead\n.*: 6 whole fragments in .*: 1 damaged table of frames, whose fragments are read instead: no media is lost by that\n$/,
  );
  rmSync(data, { recursive: true });
});

test("what cannot be sent is said in one line", async () => {
  writeFileSync(path("no-media.bin"), Buffer.alloc(10_000, 1));
  writeFileSync(path("text.mp4"), "no media");
  for (const [args, line] of [
    [["put", "missing", path("clip.mkv")], /there is no stream missing; --create makes it\n$/],
    [["put", "plain", folder], /^kvass: .* is a folder, not a media file\n$/],
    [["ls", "missing"], /^kvass: ResourceNotFoundException: there is no stream missing\n$/],
    [["put", "plain", path("nothing.mkv")], /^kvass: .*nothing\.mkv: no such file or folder\n$/],
    [["put", "plain", path("no-media.bin")], /^kvass: .*no-media\.bin: ffmpeg finds no media there \(.*\)\n$/],
    [["put", "plain", path("text.mp4")], /^kvass: .*text\.mp4: ffmpeg finds no media there \(.*\)\n$/],
    [["get", "missing", "-o", path("missing.mkv")], /^kvass: ResourceNotFoundException: .*\n$/],
  ] as const) {
    const { status, stderr } = await run(...args);
    assert.match(stderr, line);
    assert.equal(status, 1);
  }
});

test("the demo streams a camera that can be seen, and ends cleanly by ^C, and by itself before its first frame", async () => {
  const data = mkdtempSync(join(tmpdir(), "kvass-demo-"));
  const demo = ["demo", "--data", data, "--listen", "127.0.0.1:0"];
  const shown = startKvass(demo);
  let said = "";
  shown.process.stdout!.on("data", (text: Buffer) => {
    said += text;
  });
  await until("a link", () => /^ {2}http:\S+\/play#http/m.test(said));
  shown.process.kill("SIGINT");
  const { status, stdout, stderr } = await shown.ended;
  assert.equal(status, 0, stderr);
  const text = stdout.toString();
  assert.match(text, /^Kvass is ready on http:\/\/127\.0\.0\.1:\d+/m);
  assert.match(text, /^ {2}aws --endpoint-url http:\/\/127\.0\.0\.1:\d+ kinesisvideo list-streams$/m);
  assert.match(text, /^Watch it live in a browser, for 12 hours:\n {2}http:\S+\/play#http/m);
  const [, seconds, fragments] =
    /^demo-camera: (\d+\.\d) s, (\d+) fragments, .*, \d+ acks, lag \d+ ms$/m.exec(text) ?? assert.fail(text);
  // The first one begins when the camera does, and the last one is as long as ^C lets it be.
  assert.ok(Number(fragments) >= 3 && Number(fragments) <= Number(seconds) / 2 + 1, text);
  const early = await kvass([...demo, "--seconds", "0.01"]);
  assert.equal(early.status, 0, early.stderr);
  assert.match(early.stdout.toString(), /^demo-camera: .*, 0 fragments, .*\nstopped; the recording stays in .*\n$/m);
  const again = await TestServer.start({ data });
  const get = await kvass(["get", "demo-camera", "-o", path("demo.mkv"), "--data", data]);
  assert.equal(get.status, 0, get.stderr);
  const streams = await output("ffprobe", [
    "-v",
    "error",
    "-show_entries",
    "stream=codec_name",
    "-of",
    "csv=p=0",
    path("demo.mkv"),
  ]);
  assert.equal(streams.toString().trim(), "h264\naac");
  assert.equal(await complaints(path("demo.mkv")), "");
  await again.stop();
  rmSync(data, { recursive: true });
});
