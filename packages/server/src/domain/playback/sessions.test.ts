/** The life of streaming sessions: how they begin, go on elsewhere, and end. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, fragment } from "../../../../../tests/support/matroska-body.ts";
import {
  HOUR,
  LIVE,
  openSession,
  PlaybackFixture,
  placeOf,
  playlistOf,
  refusal,
} from "../../../../../tests/support/playback.ts";

const playback = new PlaybackFixture();
const { server } = playback;
after(() => playback.close());

test("a live session goes on where it was when the server starts again, also when its beginning has expired", async () => {
  const stream = await server.create("restarted", 1);
  await playback.send(stream, 8);
  const before = playback.started();
  const token = await before.create(stream, LIVE);
  const session = await before.open(token);
  assert.equal(placeOf(await playlistOf(session)).sequence, "0/-");
  playback.now += HOUR / 2;
  await playback.send(stream, 20);
  const there = placeOf(await playlistOf(session));
  assert.equal(there.segments.length, 5);
  const rebuilt = placeOf(await playlistOf(await playback.started().open(token)));
  assert.deepEqual(rebuilt, there);
  // Both are the same as long as everything is there. Later the numbers go on from at least as many.
  playback.now += HOUR / 2 + 5000;
  await playback.send(stream, 10);
  const [own, other] = [
    placeOf(await playlistOf(session)),
    placeOf(await playlistOf(await playback.started().open(token))),
  ];
  assert.deepEqual(other.segments, own.segments);
  assert.ok(
    Number.parseInt(other.sequence, 10) >= Number.parseInt(own.sequence, 10),
    `${other.sequence} ${own.sequence}`,
  );
});

test("what expires leaves the playlist of a range, and when nothing is left it is refused", async () => {
  const stream = await server.create("expiring", 1);
  const from = playback.now - 1000;
  await playback.send(stream, 6);
  playback.now += 1000;
  const to = playback.now - 1;
  const sessions = playback.started();
  const range = { mode: "on-demand", selector: { clock: "serverTimestamp", range: { from, to } } } as const;
  const token = await sessions.create(stream, { ...LIVE, ...range });
  const session = await sessions.open(token);
  const whole = placeOf(await playlistOf(session));
  assert.equal(whole.segments.length, 6);
  playback.now = from + HOUR + 3500;
  for (const opened of [session, await playback.started().open(token)]) {
    const left = placeOf(await playlistOf(opened));
    assert.deepEqual(left.segments, whole.segments.slice(-left.segments.length));
    assert.ok(left.segments.length > 0 && left.segments.length < 6);
    await opened.segment({ fragmentNumber: left.segments[0]!, fragments: 1 });
    const gone = whole.segments[5 - left.segments.length]!;
    await assert.rejects(opened.segment({ fragmentNumber: gone, fragments: 1 }), refusal("not-found"));
  }
  const number = Number.parseInt(placeOf(await playlistOf(session)).sequence, 10);
  assert.equal(number, 6 - placeOf(await playlistOf(session)).segments.length);
  playback.now += HOUR;
  for (const opened of [session, await playback.started().open(token)]) {
    await assert.rejects(opened.window(), refusal("not-found"));
    await assert.rejects(opened.playlistWindow(), refusal("not-found"));
  }
});

test("footage that is sent late is there for the sessions that begin behind it", async () => {
  const stream = await server.create("completed");
  const range = { from: playback.now - 1000, to: playback.now + 10_000 };
  await playback.send(stream, 3);
  const sessions = playback.started();
  const request = { mode: "on-demand", selector: { clock: "producerTimestamp", range } } as const;
  const segments = async (): Promise<string[]> =>
    placeOf(await playlistOf(await openSession(sessions, stream, request))).segments;
  const before = await segments();
  assert.equal(before.length, 3);
  playback.now += HOUR / 2;
  const late = await TestSession.open(server, stream);
  await late.send(bodyHeader());
  await late.send(fragment(range.from + 5000, 5, 100, 1000));
  late.session.end();
  await late.ended;
  assert.deepEqual((await segments()).slice(0, -1), before);
});

test("a session ends at its time, and is then neither opened nor kept open", async () => {
  const stream = await server.create("brief");
  await playback.send(stream, 3);
  const sessions = playback.started();
  const token = await sessions.create(stream, { ...LIVE, expiresSeconds: 300 });
  await sessions.open(token);
  playback.now += 299_999;
  await sessions.open(token);
  playback.now += 1;
  await assert.rejects(sessions.open(token), refusal("expired"));
  await assert.rejects(playback.started().open(token), refusal("expired"));
});

test("nothing is live 30 seconds after the last fragment", async () => {
  const stream = await server.create("ended");
  await playback.send(stream, 3);
  playback.now += 30_000;
  await playback.started().create(stream, LIVE);
  playback.now += 1;
  await assert.rejects(playback.started().create(stream, LIVE), { code: "not-found" });
});

test("a live session does not begin before a silence", async () => {
  const stream = await server.create("silent");
  await playback.send(stream, 3);
  playback.now += 60_000;
  await playback.send(stream, 2);
  const sessions = playback.started();
  const session = await openSession(sessions, stream);
  assert.equal(placeOf(await playlistOf(session)).segments.length, 2);
});

test("a deleted stream ends its sessions, and its media is forgotten", async () => {
  const stream = await server.create("deleted");
  await playback.send(stream, 3);
  const sessions = playback.started();
  const token = await sessions.create(stream, LIVE);
  const session = await sessions.open(token);
  const [fragmentNumber] = placeOf(await playlistOf(session)).segments;
  const kept = sessions.kept;
  await server.streams.delete(stream.arn);
  assert.equal(sessions.kept, kept - 1);
  await assert.rejects(sessions.open(token), refusal("gone"));
  await assert.rejects(playback.started().open(token), refusal("gone"));
  await assert.rejects(session.segment({ fragmentNumber: fragmentNumber!, fragments: 1 }), refusal("gone"));
});

test("a session of a stream that is deleted while it begins says so", async () => {
  const stream = await server.create("deleted-at-once");
  await playback.send(stream, 3);
  await server.streams.delete(stream.arn);
  await assert.rejects(playback.started().create(stream, LIVE), { code: "stream-not-found" });
});

test("nothing of all this was the server's fault", () => assert.deepEqual(playback.faults, []));
