/** Streaming sessions over the whole domain, with a clock that tests set. */
import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, fragment } from "../../../../../tests/support/matroska-body.ts";
import { RecordDamaged, RecordUnavailable } from "../../storage/ports/journal.ts";
import { FragmentArchive } from "../fragments/archive.ts";
import { FragmentPoints, GENEROUS_POINT_LIMITS } from "../fragments/fragment-points.ts";
import type { Stream } from "../streams/stream.ts";
import { dashManifest } from "./dash.ts";
import { hlsMedia, hlsMultivariant } from "./hls.ts";
import { GENEROUS_PLAYBACK_LIMITS, type SessionRequest } from "./parameters.ts";
import type { PlaybackRefusal } from "./refusal.ts";
import type { PlaybackSession } from "./session.ts";
import { PlaybackSessions } from "./sessions.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 4, 17);
let now = START;
const server = new InProcessServer({ now: () => now });
after(() => server.close());

const tokenKey = createSecretKey(randomBytes(32));
const reported: unknown[] = [];
/** Counts what is read of the archive, and finds some of it damaged. */
class CountingArchive extends FragmentArchive {
  opened = 0;
  /** Fragments, by when they began on the producer's clock. */
  readonly damaged = new Set<number>();
  override async open(...args: Parameters<FragmentArchive["open"]>): ReturnType<FragmentArchive["open"]> {
    this.opened++;
    if (this.damaged.has(args[1].producerTimestamp)) throw new RecordDamaged("a flipped bit");
    return super.open(...args);
  }
}
const archive = new CountingArchive({ index: server.index, journal: server.journal, keys: server.keys });

/** The sessions of a server that has just started. */
const started = (): PlaybackSessions =>
  new PlaybackSessions({
    streams: server.streams,
    index: server.index,
    archive,
    points: new FragmentPoints(GENEROUS_POINT_LIMITS),
    live: server.live,
    tokenKey,
    limits: GENEROUS_PLAYBACK_LIMITS,
    cacheBytes: 2 ** 20,
    report: (error) => void reported.push(error),
    now: () => now,
  });

/** Sends `count` fragments of a second each, the first of which began a second ago; time passes with each. */
async function send(stream: Stream, count: number): Promise<void> {
  const producer = await TestSession.open(server, stream);
  await producer.send(bodyHeader());
  for (let sent = 0; sent < count; sent++) {
    await producer.send(fragment(now, 5, 100, 1000));
    now += 1000;
  }
  producer.session.end();
  await producer.ended;
}

const LIVE: SessionRequest = { protocol: "hls", selector: { clock: "producerTimestamp" }, expiresSeconds: 43_200 };

async function playlist(session: PlaybackSession): Promise<string> {
  return Buffer.from(hlsMedia(session, await session.track(1), await session.playlistWindow(), false)).toString();
}

/** What a playlist says of its place: `MEDIA-SEQUENCE/DISCONTINUITY-SEQUENCE`, and its segments. */
function place(text: string): { sequence: string; segments: string[] } {
  const tag = (name: string): string => new RegExp(`#EXT-X-${name}:(\\d+)`).exec(text)?.[1] ?? "-";
  const segments = text.match(/(?<=MediaFragment\.mp4\?FragmentNumber=)\d+/g) ?? [];
  return { sequence: `${tag("MEDIA-SEQUENCE")}/${tag("DISCONTINUITY-SEQUENCE")}`, segments };
}

const refusal = (reason: PlaybackRefusal["reason"]) => (error: unknown) =>
  (error as PlaybackRefusal).name === "PlaybackRefusal" && (error as PlaybackRefusal).reason === reason;

test("a live session goes on where it was when the server starts again, also when its beginning has expired", async () => {
  const stream = await server.create("restarted", 1);
  await send(stream, 8);
  const before = started();
  const token = await before.create(stream, LIVE);
  const session = await before.open(token);
  assert.equal(place(await playlist(session)).sequence, "0/-");
  now += HOUR / 2;
  await send(stream, 20);
  const there = place(await playlist(session));
  assert.equal(there.segments.length, 5);
  const rebuilt = place(await playlist(await started().open(token)));
  assert.deepEqual(rebuilt, there);
  // Both are the same as long as everything is there. Later the numbers go on from at least as many.
  now += HOUR / 2 + 5000;
  await send(stream, 10);
  const [own, other] = [place(await playlist(session)), place(await playlist(await started().open(token)))];
  assert.deepEqual(other.segments, own.segments);
  assert.ok(
    Number.parseInt(other.sequence, 10) >= Number.parseInt(own.sequence, 10),
    `${other.sequence} ${own.sequence}`,
  );
});

test("what expires leaves the playlist of a range, and when nothing is left it is refused", async () => {
  const stream = await server.create("expiring", 1);
  const from = now - 1000;
  await send(stream, 6);
  now += 1000;
  const to = now - 1;
  const sessions = started();
  const range = { mode: "on-demand", selector: { clock: "serverTimestamp", range: { from, to } } } as const;
  const token = await sessions.create(stream, { ...LIVE, ...range });
  const session = await sessions.open(token);
  const whole = place(await playlist(session));
  assert.equal(whole.segments.length, 6);
  now = from + HOUR + 3500;
  for (const opened of [session, await started().open(token)]) {
    const left = place(await playlist(opened));
    assert.deepEqual(left.segments, whole.segments.slice(-left.segments.length));
    assert.ok(left.segments.length > 0 && left.segments.length < 6);
    await opened.segment({ fragmentNumber: left.segments[0]!, fragments: 1 });
    const gone = whole.segments[5 - left.segments.length]!;
    await assert.rejects(opened.segment({ fragmentNumber: gone, fragments: 1 }), refusal("not-found"));
  }
  const number = Number.parseInt(place(await playlist(session)).sequence, 10);
  assert.equal(number, 6 - place(await playlist(session)).segments.length);
  now += HOUR;
  for (const opened of [session, await started().open(token)]) {
    await assert.rejects(opened.window(), refusal("not-found"));
    await assert.rejects(opened.playlistWindow(), refusal("not-found"));
  }
});

/** A manifest's periods, where their times begin, and what they list. */
const PERIODS =
  /mediaPresentationDuration="[^"]*"|<Period [^>]*>|startNumber="\d+" presentationTimeOffset="\d+"|<S t="\d+"/g;

/** Sends fragments of a second each that began at these moments on the producer's clock. */
async function sendOf(stream: Stream, moments: readonly number[]): Promise<void> {
  const producer = await TestSession.open(server, stream);
  await producer.send(bodyHeader());
  for (const moment of moments) await producer.send(fragment(moment, 5, 100, 1000));
  producer.session.end();
  await producer.ended;
}

test("what expires between others is left out of a manifest, whose players go on behind it", async () => {
  const stream = await server.create("sent-late", 1);
  const start = now;
  await sendOf(stream, [start + 3000, start + 4000]);
  now += HOUR / 10;
  await sendOf(stream, [start, start + 1000, start + 2000]);
  await sendOf(stream, [start + 5000]);
  const range = { from: start, to: start + 10_000 };
  const request = { mode: "on-demand", selector: { clock: "producerTimestamp", range } } as const;
  const sessions = started();
  const session = await sessions.open(await sessions.create(stream, { ...LIVE, ...request, protocol: "dash" }));
  const shape = async (): Promise<string[]> => (await dashManifest(session, now)).match(PERIODS) ?? [];
  const seconds = (...all: number[]): string[] => all.map((second) => `<S t="${second * 1000}"`);
  assert.deepEqual(await shape(), [
    'mediaPresentationDuration="PT6S"',
    '<Period id="0" start="PT0S" duration="PT6S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...seconds(0, 1, 2, 3, 4, 5),
  ]);
  now += 0.9 * HOUR + 10_000;
  assert.deepEqual(await shape(), [
    'mediaPresentationDuration="PT4S"',
    '<Period id="0" start="PT0S" duration="PT3S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...seconds(0, 1, 2),
    '<Period id="5" start="PT3S" duration="PT1S">',
    'startNumber="6" presentationTimeOffset="5000"',
    ...seconds(5),
  ]);
  await assert.rejects(session.numbered(4), refusal("not-found"));
  assert.equal((await session.numbered(5)).segment.tracks.length, 1);
});

test("a damaged fragment is a gap once it was asked for, and its set-up comes from another one", async () => {
  const stream = await server.create("damaged");
  const start = now;
  const moments = Array.from({ length: 6 }, (_, second) => start + second * 1000);
  await sendOf(stream, moments);
  const range = { from: start, to: start + 10_000 };
  const selector = { clock: "producerTimestamp", range } as const;
  const sessions = started();
  const open = async (more: Partial<SessionRequest>): Promise<PlaybackSession> =>
    sessions.open(await sessions.create(stream, { ...LIVE, selector, ...more }));
  const hls = await open({ mode: "on-demand" });
  const replay = await open({ mode: "live-replay", selector: { clock: "producerTimestamp", range } });
  const dash = await open({ mode: "on-demand", protocol: "dash" });
  const dynamic = await open({ mode: "live-replay", protocol: "dash" });
  now += 2500;
  const gaps = async (session: PlaybackSession): Promise<boolean[]> =>
    Array.from((await session.window()).segments, ({ gap }) => gap);
  const none = [false, false, false, false, false];
  assert.deepEqual([await gaps(hls), await gaps(replay)], [[...none, false], none]);
  archive.damaged.add(start).add(start + 2000);
  const names = place(await playlist(hls)).segments;
  const later = started();
  const damagedFirst = await later.open(hls.token);
  for (const damaged of [0, 2]) {
    const asked = { fragmentNumber: names[damaged]!, fragments: 1 };
    await assert.rejects(damagedFirst.segment(asked), refusal("unplayable"));
  }
  assert.equal((await damagedFirst.setUp({ fragmentNumber: names[0]!, fragments: 1 })).tracks.length, 1);
  assert.deepEqual(await gaps(damagedFirst), [true, false, true, false, false, false]);
  assert.equal((await playlist(damagedFirst)).match(/#EXT-X-GAP/g)?.length, 2);
  await assert.rejects(hls.segment({ fragmentNumber: names[2]!, fragments: 1 }), refusal("unplayable"));
  assert.deepEqual(await gaps(hls), [false, false, true, false, false, false]);
  assert.deepEqual(await gaps(replay), [false, false, true, false, false]);
  const shape = async (session: PlaybackSession): Promise<string[]> =>
    (await dashManifest(session, now)).match(PERIODS) ?? [];
  const seconds = (...all: number[]): string[] => all.map((second) => `<S t="${second * 1000}"`);
  assert.deepEqual(await shape(dash), [
    'mediaPresentationDuration="PT5S"',
    '<Period id="0" start="PT0S" duration="PT2S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...seconds(0, 1),
    '<Period id="3" start="PT2S" duration="PT3S">',
    'startNumber="4" presentationTimeOffset="3000"',
    ...seconds(3, 4, 5),
  ]);
  const empty = await dynamic.numbered(2);
  assert.deepEqual(
    empty.segment.tracks.map(({ frames, frameBytes }) => [frames, frameBytes]),
    [[0, 0]],
  );
  assert.deepEqual(await shape(dynamic), [
    '<Period id="0" start="PT0S" duration="PT2S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...seconds(0, 1),
    '<Period id="3" start="PT3S">',
    'startNumber="4" presentationTimeOffset="3000"',
    ...seconds(3, 4),
  ]);
  for (const moment of moments) archive.damaged.add(moment);
  const nothingLeft = await started().open(dash.token);
  for (const number of moments.keys()) await assert.rejects(nothingLeft.numbered(number), refusal("unplayable"));
  await assert.rejects(dashManifest(nothingLeft, now), refusal("not-found"));
  archive.damaged.clear();
  const told = reported.splice(0);
  assert.ok(told.length > 0 && told.every((error) => error instanceof RecordDamaged));
});

test("sessions begin with the first fragment that is not damaged", async () => {
  const stream = await server.create("damaged-first");
  const start = now;
  await sendOf(
    stream,
    Array.from({ length: 5 }, (_, second) => start + second * 1000),
  );
  const selector = { clock: "producerTimestamp", range: { from: start, to: start + 10_000 } } as const;
  const sessions = started();
  const open = async (more: Partial<SessionRequest>): Promise<PlaybackSession> =>
    sessions.open(await sessions.create(stream, { ...LIVE, selector, ...more }));
  const whole = place(await playlist(await open({ mode: "on-demand" }))).segments;
  archive.damaged.add(start).add(start + 1000);
  const skipping = started();
  for (const mode of ["on-demand", "live-replay"] as const) {
    const session = await skipping.open(await skipping.create(stream, { ...LIVE, selector, mode }));
    const text = await playlist(session);
    assert.deepEqual(place(text).segments, whole.slice(2));
    assert.ok(!text.includes("#EXT-X-GAP"));
    assert.equal((await session.numbered(0)).base, start + 2000);
    await assert.rejects(session.segment({ fragmentNumber: whole[1]!, fragments: 1 }), refusal("forbidden"));
  }
  const live = await skipping.open(await skipping.create(stream, LIVE));
  assert.deepEqual(place(await playlist(live)).segments, whole.slice(2));
  for (let second = 2; second < 5; second++) archive.damaged.add(start + second * 1000);
  await assert.rejects(started().create(stream, LIVE), { code: "not-found" });
  archive.damaged.clear();
  assert.ok(reported.splice(0).every((error) => error instanceof RecordDamaged));
});

test("the periods of a replay reach up to one another, and the last one up to the end, which the manifest tells", async () => {
  const stream = await server.create("changing");
  const start = now;
  // Each reaches beyond the next one's start, as sound does.
  const runOf = (first: number): number[] => Array.from({ length: 3 }, (_, index) => start + first + index * 900);
  await sendOf(stream, runOf(0));
  await sendOf(stream, runOf(30_000));
  const selector = { clock: "producerTimestamp", range: { from: start, to: start + 60_000 } } as const;
  const sessions = started();
  const request = { ...LIVE, mode: "live-replay", protocol: "dash", selector, maxSegments: 5 } as const;
  const session = await sessions.open(await sessions.create(stream, request));
  now += 100_000;
  const manifest = await dashManifest(session, now);
  assert.match(manifest, / type="static" /);
  assert.deepEqual(manifest.match(/mediaPresentationDuration="[^"]*"|<Period [^>]*>|<S [^>]*>/g), [
    'mediaPresentationDuration="PT5.5S"',
    '<Period id="0" start="PT0S" duration="PT2.8S">',
    '<S t="900" d="900"/>',
    '<S t="1800" d="1000"/>',
    '<Period id="3" start="PT2.8S">',
    '<S t="30000" d="900"/>',
    '<S t="30900" d="900"/>',
    '<S t="31800" d="900"/>',
  ]);
});

test("footage that is sent late is there for the sessions that begin behind it", async () => {
  const stream = await server.create("completed");
  const range = { from: now - 1000, to: now + 10_000 };
  await send(stream, 3);
  const sessions = started();
  const request = { ...LIVE, mode: "on-demand", selector: { clock: "producerTimestamp", range } } as const;
  const segments = async (): Promise<string[]> =>
    place(await playlist(await sessions.open(await sessions.create(stream, request)))).segments;
  const before = await segments();
  assert.equal(before.length, 3);
  now += HOUR / 2;
  const late = await TestSession.open(server, stream);
  await late.send(bodyHeader());
  await late.send(fragment(range.from + 5000, 5, 100, 1000));
  late.session.end();
  await late.ended;
  assert.deepEqual((await segments()).slice(0, -1), before);
});

test("a session ends at its time, and is then neither opened nor kept open", async () => {
  const stream = await server.create("brief");
  await send(stream, 3);
  const sessions = started();
  const token = await sessions.create(stream, { ...LIVE, expiresSeconds: 300 });
  await sessions.open(token);
  now += 299_999;
  await sessions.open(token);
  now += 1;
  await assert.rejects(sessions.open(token), refusal("expired"));
  await assert.rejects(started().open(token), refusal("expired"));
});

test("nothing is live 30 seconds after the last fragment", async () => {
  const stream = await server.create("ended");
  await send(stream, 3);
  now += 30_000;
  await started().create(stream, LIVE);
  now += 1;
  await assert.rejects(started().create(stream, LIVE), { code: "not-found" });
});

test("a live session does not begin before a silence", async () => {
  const stream = await server.create("silent");
  await send(stream, 3);
  now += 60_000;
  await send(stream, 2);
  const sessions = started();
  const session = await sessions.open(await sessions.create(stream, LIVE));
  assert.equal(place(await playlist(session)).segments.length, 2);
});

test("a thousand viewers of one live stream share what is read and built", async () => {
  const stream = await server.create("watched");
  await send(stream, 5);
  const sessions = started();
  archive.opened = 0;
  const watch = async (): Promise<number> => {
    const session = await sessions.open(await sessions.create(stream, LIVE));
    await hlsMultivariant(session);
    const { segments } = place(await playlist(session));
    for (const fragmentNumber of segments) await session.segment({ fragmentNumber, fragments: 1 });
    return segments.length;
  };
  const counts = await Promise.all(Array.from({ length: 1000 }, watch));
  assert.ok(counts.every((count) => count === 5));
  assert.equal(archive.opened, 5);
});

test("a deleted stream ends its sessions, and its media is forgotten", async () => {
  const stream = await server.create("deleted");
  await send(stream, 3);
  const sessions = started();
  const token = await sessions.create(stream, LIVE);
  const session = await sessions.open(token);
  const [fragmentNumber] = place(await playlist(session)).segments;
  const kept = sessions.kept;
  await server.streams.delete(stream.arn);
  assert.equal(sessions.kept, kept - 1);
  await assert.rejects(sessions.open(token), refusal("gone"));
  await assert.rejects(started().open(token), refusal("gone"));
  await assert.rejects(session.segment({ fragmentNumber: fragmentNumber!, fragments: 1 }), refusal("gone"));
});

test("a session of a stream that is deleted while it begins says so", async () => {
  const stream = await server.create("deleted-at-once");
  await send(stream, 3);
  await server.streams.delete(stream.arn);
  await assert.rejects(started().create(stream, LIVE), { code: "stream-not-found" });
});

test("a segment that the archive cannot open for now is asked for again", async () => {
  const stream = await server.create("crowded");
  await send(stream, 3);
  const sessions = started();
  const session = await sessions.open(await sessions.create(stream, LIVE));
  const [, fragmentNumber] = place(await playlist(session)).segments;
  const { read } = server.journal;
  server.journal.read = () => {
    throw new RecordUnavailable("no descriptors");
  };
  const asked = () => session.segment({ fragmentNumber: fragmentNumber!, fragments: 1 });
  await assert.rejects(asked(), refusal("unavailable"));
  server.journal.read = read;
  assert.equal((await asked()).segment.tracks.length, 1);
});

test("nothing of all this was the server's fault", () => assert.deepEqual([...reported, ...server.errors], []));

test("a segment that is kept is there at once, the same as for those who wait, and counts like theirs", async () => {
  const stream = await server.create("kept", 1);
  await send(stream, 6);
  const sessions = started();
  const token = await sessions.create(stream, LIVE);
  const [first, other] = [await sessions.open(token), await sessions.open(await sessions.create(stream, LIVE))];
  const [fragmentNumber] = place(await playlist(first)).segments.slice(-1);
  const name = { fragmentNumber: fragmentNumber!, fragments: 1 };
  assert.equal(first.keptSegment(name), undefined);
  const awaited = await first.segment(name);
  // Who asks next need not have looked up its fragment before.
  await playlist(other);
  for (const session of [first, other]) {
    const kept = session.keptSegment(name);
    assert.equal(kept?.segment, awaited.segment);
    assert.equal(kept?.version, awaited.version);
    assert.equal(session.keptSegment(name, 2), undefined, "a track that it lacks is waited for");
  }
  const before = { fragmentNumber: place(await playlist(first)).segments[0]!, fragments: 1 };
  await send(stream, 3);
  const later = await sessions.open(await sessions.create(stream, { ...LIVE, maxSegments: 1 }));
  await first.segment(before);
  assert.equal(later.keptSegment(before), undefined);
  await assert.rejects(later.segment(before), refusal("forbidden"));
  now += HOUR + 10_000;
  assert.equal(first.keptSegment(name), undefined);
});
