/** Sessions of streams whose archive is damaged, or cannot be read for now. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  atSeconds,
  LIVE,
  openSession,
  PlaybackFixture,
  periodsOf,
  placeOf,
  playlistOf,
  refusal,
} from "../../../../../tests/support/playback.ts";
import { RecordDamaged, RecordUnavailable } from "../../storage/ports/journal.ts";
import { dashManifest } from "./dash.ts";
import type { PlaybackSession } from "./session.ts";

const playback = new PlaybackFixture();
const { archive, server } = playback;
after(() => playback.close());

const gaps = async (session: PlaybackSession): Promise<boolean[]> =>
  Array.from((await session.window()).segments, ({ gap }) => gap);

test("a damaged fragment is a gap once it was asked for, and its set-up comes from another one", async () => {
  const stream = await server.create("damaged");
  const start = playback.now;
  const moments = Array.from({ length: 6 }, (_, second) => start + second * 1000);
  await playback.sendOf(stream, moments);
  const range = { from: start, to: start + 10_000 };
  const selector = { clock: "producerTimestamp", range } as const;
  const sessions = playback.started();
  const hls = await openSession(sessions, stream, { selector, mode: "on-demand" });
  const replay = await openSession(sessions, stream, { selector, mode: "live-replay" });
  const dash = await openSession(sessions, stream, { selector, mode: "on-demand", protocol: "dash" });
  const dynamic = await openSession(sessions, stream, { selector, mode: "live-replay", protocol: "dash" });
  playback.now += 2500;
  const none = [false, false, false, false, false];
  assert.deepEqual([await gaps(hls), await gaps(replay)], [[...none, false], none]);
  archive.damaged.add(start).add(start + 2000);
  const names = placeOf(await playlistOf(hls)).segments;
  const later = playback.started();
  const damagedFirst = await later.open(hls.token);
  for (const damaged of [0, 2]) {
    const asked = { fragmentNumber: names[damaged]!, fragments: 1 };
    await assert.rejects(damagedFirst.segment(asked), refusal("unplayable"));
  }
  assert.equal((await damagedFirst.setUp({ fragmentNumber: names[0]!, fragments: 1 })).tracks.length, 1);
  assert.deepEqual(await gaps(damagedFirst), [true, false, true, false, false, false]);
  assert.equal((await playlistOf(damagedFirst)).match(/#EXT-X-GAP/g)?.length, 2);
  await assert.rejects(hls.segment({ fragmentNumber: names[2]!, fragments: 1 }), refusal("unplayable"));
  assert.deepEqual(await gaps(hls), [false, false, true, false, false, false]);
  assert.deepEqual(await gaps(replay), [false, false, true, false, false]);
  assert.deepEqual(await periodsOf(dash, playback.now), [
    'mediaPresentationDuration="PT5S"',
    '<Period id="0" start="PT0S" duration="PT2S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...atSeconds(0, 1),
    '<Period id="3" start="PT2S" duration="PT3S">',
    'startNumber="4" presentationTimeOffset="3000"',
    ...atSeconds(3, 4, 5),
  ]);
  const empty = await dynamic.numbered(2);
  assert.deepEqual(
    empty.segment.tracks.map(({ frames, frameBytes }) => [frames, frameBytes]),
    [[0, 0]],
  );
  assert.deepEqual(await periodsOf(dynamic, playback.now), [
    '<Period id="0" start="PT0S" duration="PT2S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...atSeconds(0, 1),
    '<Period id="3" start="PT3S">',
    'startNumber="4" presentationTimeOffset="3000"',
    ...atSeconds(3, 4),
  ]);
  for (const moment of moments) archive.damaged.add(moment);
  const nothingLeft = await playback.started().open(dash.token);
  for (const number of moments.keys()) await assert.rejects(nothingLeft.numbered(number), refusal("unplayable"));
  await assert.rejects(dashManifest(nothingLeft, playback.now), refusal("not-found"));
  archive.damaged.clear();
  const told = playback.reported.splice(0);
  assert.ok(told.length > 0 && told.every((error) => error instanceof RecordDamaged));
});

test("sessions begin with the first fragment that is not damaged", async () => {
  const stream = await server.create("damaged-first");
  const start = playback.now;
  await playback.sendOf(
    stream,
    Array.from({ length: 5 }, (_, second) => start + second * 1000),
  );
  const selector = { clock: "producerTimestamp", range: { from: start, to: start + 10_000 } } as const;
  const sessions = playback.started();
  const whole = placeOf(
    await playlistOf(await openSession(sessions, stream, { selector, mode: "on-demand" })),
  ).segments;
  archive.damaged.add(start).add(start + 1000);
  const skipping = playback.started();
  for (const mode of ["on-demand", "live-replay"] as const) {
    const session = await openSession(skipping, stream, { selector, mode });
    const text = await playlistOf(session);
    assert.deepEqual(placeOf(text).segments, whole.slice(2));
    assert.ok(!text.includes("#EXT-X-GAP"));
    assert.equal((await session.numbered(0)).base, start + 2000);
    await assert.rejects(session.segment({ fragmentNumber: whole[1]!, fragments: 1 }), refusal("forbidden"));
  }
  const live = await openSession(skipping, stream);
  assert.deepEqual(placeOf(await playlistOf(live)).segments, whole.slice(2));
  for (let second = 2; second < 5; second++) archive.damaged.add(start + second * 1000);
  await assert.rejects(playback.started().create(stream, LIVE), { code: "not-found" });
  archive.damaged.clear();
  assert.ok(playback.reported.splice(0).every((error) => error instanceof RecordDamaged));
});

test("a segment that the archive cannot open for now is asked for again", async () => {
  const stream = await server.create("crowded");
  await playback.send(stream, 3);
  const sessions = playback.started();
  const session = await openSession(sessions, stream);
  const [, fragmentNumber] = placeOf(await playlistOf(session)).segments;
  const { read } = server.journal;
  server.journal.read = () => {
    throw new RecordUnavailable("no descriptors");
  };
  const asked = () => session.segment({ fragmentNumber: fragmentNumber!, fragments: 1 });
  await assert.rejects(asked(), refusal("unavailable"));
  server.journal.read = read;
  assert.equal((await asked()).segment.tracks.length, 1);
});

test("nothing of all this was the server's fault", () => assert.deepEqual(playback.faults, []));
