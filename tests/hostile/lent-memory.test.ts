/** Memory that media is read into is used again for the media of other streams: whoever reads what, and leaves when, each gets their own. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../fuzz/random.ts";
import { makeMedia, pictureAndTone, putMedia } from "../support/media.ts";
import { TestServer } from "../support/server.ts";
import { type Footage, record } from "./lending/footage.ts";
import { call, called, chunks, deletable, imagesOf, type Target, targetsOf } from "./lending/targets.ts";
import { answer, converse, type Habits, type Place } from "./lending/wire.ts";

/** Seconds of reading in each of the tests; the longer ones are for nights. */
const SECONDS = Number(process.env.KVASS_LENDING_SECONDS ?? 3);
const SEED = Number(process.env.KVASS_LENDING_SEED ?? 1);
const READERS = 44;
const MAX_PIPELINED = 4;
const LIVE_EVERY_MS = 250;
const LIVE_BEYOND_S = 60;
const VIDEO_SECONDS = 3;
const START = Date.now() - 3_600_000;
const CERTIFICATES = join(import.meta.dirname, "../../packages/server/src/edge/http/testing");

/** One of fragments of many parts and a long clip, one of a part each, one opened without the worker, one in BlockGroups. */
const RECORDED: readonly Footage[] = [
  { name: "large", mark: 1, fragments: 9, frameBytes: 250_000 },
  { name: "middle", mark: 2, fragments: 8, frameBytes: 80_000 },
  { name: "small", mark: 3, fragments: 8, frameBytes: 15_000 },
  { name: "grouped", mark: 4, fragments: 6, frameBytes: 15_000, padding: 200_000 },
];
const VIDEOS = { "picture-a": "960x540", "picture-b": "640x360" };
/** A cache that keeps few segments, and journal segments that a deletion leaves half empty. */
const FLAGS = [
  ...["--log-level", "error", "--reader-idle-seconds", "0.5", "--playback-cache-bytes", "6MiB"],
  ...["--segment-bytes", "16MiB", "--sweep-seconds", "1"],
];

const data = mkdtempSync(join(tmpdir(), "kvass-lending-"));
after(() => rmSync(data, { recursive: true, force: true }));

const create = (place: Place, StreamName: string): Promise<Buffer> =>
  answer(place, call(place, "/createStream", { StreamName, DataRetentionInHours: 24 }));

async function erase(place: Place, StreamName: string): Promise<void> {
  const { StreamInfo } = await called<{ StreamInfo: { StreamARN: string } }>(place, "/describeStream", { StreamName });
  await answer(place, call(place, "/deleteStream", StreamInfo));
}

/** Habits of the next reader: half of them leave, and all that would read without end; many read in bursts. */
function habitsFor(random: Random, wanted: readonly Target[]): Habits {
  const bytes = wanted.reduce((sum, target) => sum + target.bytes, 0);
  const leaves = random.below(2) === 0 || wanted.some(({ isEndless }) => isEndless);
  const leavesAfter = leaves ? 1 + random.below(Math.ceil(bytes * 1.2)) : Number.POSITIVE_INFINITY;
  const isSlow = random.below(5) < 2;
  const burst = isSlow ? 20_000 + random.below(400_000) : Number.POSITIVE_INFINITY;
  return { leavesAfter, burst, pauseMs: 1 + random.below(40) };
}

/** Reads on and on until the time has come; resolves to how often each kind of target was answered, and left. */
async function readOn(
  place: Place,
  targets: readonly Target[][],
  random: Random,
  until: number,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  while (performance.now() < until) {
    const isPipelined = random.below(3) === 0;
    const wanted = Array.from({ length: isPipelined ? 1 + random.below(MAX_PIPELINED) : 1 }, () =>
      random.pick(random.pick(targets)),
    );
    const habits = habitsFor(random, wanted);
    const outcome = await converse(
      place,
      wanted.map((target) => target.ask(random)),
      habits,
    );
    const mayBeCut = wanted.some(({ kind }) => kind.includes("deleted"));
    assert.ok(outcome !== "cut off" || mayBeCut, `${wanted.map(({ kind }) => kind)} cut off`);
    for (const { kind } of wanted) {
      const name = `${outcome} ${kind.split(/ (?:\d+ )?of /)[0]}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** Has readers of all kinds read everything while a stream is written to and another is deleted. */
async function assail(
  place: Place,
  live: Footage,
  deleted: Footage,
  videos: readonly string[],
): Promise<Map<string, number>> {
  for (const { name } of [live, deleted]) await create(place, name);
  await record(place, deleted, START);
  const targets: Target[][] = [];
  for (const footage of RECORDED) targets.push(await targetsOf(place, footage, START));
  targets.push(deletable(await targetsOf(place, deleted, START), deleted));
  targets.push(await Promise.all(videos.map((video) => imagesOf(place, video, START, VIDEO_SECONDS))));
  const following = [chunks(place, live, "EARLIEST", 2e6), chunks(place, live, "NOW", 2e6)];
  targets.push(following.map((target) => ({ ...target, isEndless: true })));
  const until = performance.now() + SECONDS * 1000;
  const readers = Array.from({ length: READERS }, (_, i) => readOn(place, targets, new Random(SEED * 1000 + i), until));
  const read = new AbortController();
  const writing = record(place, live, START, { everyMs: LIVE_EVERY_MS, stop: read.signal });
  // Where a reader fails the writer does not come to its end either.
  writing.catch(() => undefined);
  await Promise.race([delay((SECONDS * 1000) / 2), ...readers]);
  await erase(place, deleted.name);
  const counts = new Map<string, number>();
  for (const part of await Promise.all(readers)) {
    for (const [name, count] of part) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  read.abort();
  await writing;
  return counts;
}

const KINDS = ["GetMedia EARLIEST", "GetMedia NOW", "list", "clip", "FRAGMENTED_MP4", "MPEG_TS", "DASH", "images"];

function assertAllRead(counts: ReadonlyMap<string, number>): void {
  if (process.env.KVASS_LENDING_SECONDS !== undefined) console.log(counts);
  for (const kind of KINDS) {
    const found = [...counts].filter(([name]) => name.includes(kind)).reduce((sum, [, count]) => sum + count, 0);
    assert.ok(found > 0, `${kind} was not read: ${JSON.stringify([...counts])}`);
  }
}

/** May go on until the last readers have something to read: where nothing comes at all they wait for half a minute. */
const liveFor = (name: string): Footage => ({
  name,
  mark: 5,
  fragments: Math.ceil(((SECONDS + LIVE_BEYOND_S) * 1000) / LIVE_EVERY_MS),
  frameBytes: 40_000,
});

test("each reader gets the bytes of their stream alone, whoever leaves, whatever is deleted, and when the opener is lost", async () => {
  const nodeFlags = ["--import", join(import.meta.dirname, "lending/fragile-opener.ts")];
  const server = await TestServer.start({ data, flags: FLAGS, nodeFlags });
  try {
    for (const footage of RECORDED) {
      await create(server, footage.name);
      await record(server, footage, START);
    }
    for (const [name, size] of Object.entries(VIDEOS)) {
      await create(server, name);
      await putMedia(server.url, name, await makeMedia(pictureAndTone(VIDEO_SECONDS, { size, tone: false })), START);
    }
    const deleted = { name: "deleted", mark: 6, fragments: 6, frameBytes: 120_000 };
    assertAllRead(await assail(server, liveFor("live"), deleted, Object.keys(VIDEOS)));
    assert.equal(server.log, "");
  } finally {
    await server.stop();
  }
});

test("so does each over TLS", async () => {
  const [certificate, key] = ["localhost.cert.pem", "localhost.key.pem"].map((name) => join(CERTIFICATES, name));
  const server = await TestServer.start({ data, flags: [...FLAGS, "--tls-cert", certificate!, "--tls-key", key!] });
  try {
    const place = { url: server.url, ca: readFileSync(certificate!) };
    const deleted = { name: "deleted-too", mark: 7, fragments: 6, frameBytes: 120_000 };
    assertAllRead(await assail(place, liveFor("live-too"), deleted, Object.keys(VIDEOS)));
    assert.equal(server.log, "");
  } finally {
    await server.stop();
  }
});
