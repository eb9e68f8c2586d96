/** The periods of DASH manifests, over the whole domain. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  atSeconds,
  HOUR,
  openSession,
  PlaybackFixture,
  periodsOf,
  refusal,
} from "../../../../../tests/support/playback.ts";
import { dashManifest } from "./dash.ts";

const playback = new PlaybackFixture();
const { server } = playback;
after(() => playback.close());

test("what expires between others is left out of a manifest, whose players go on behind it", async () => {
  const stream = await server.create("sent-late", 1);
  const start = playback.now;
  await playback.sendOf(stream, [start + 3000, start + 4000]);
  playback.now += HOUR / 10;
  await playback.sendOf(stream, [start, start + 1000, start + 2000]);
  await playback.sendOf(stream, [start + 5000]);
  const range = { from: start, to: start + 10_000 };
  const request = { mode: "on-demand", selector: { clock: "producerTimestamp", range } } as const;
  const sessions = playback.started();
  const session = await openSession(sessions, stream, { ...request, protocol: "dash" });
  assert.deepEqual(await periodsOf(session, playback.now), [
    'mediaPresentationDuration="PT6S"',
    '<Period id="0" start="PT0S" duration="PT6S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...atSeconds(0, 1, 2, 3, 4, 5),
  ]);
  playback.now += 0.9 * HOUR + 10_000;
  assert.deepEqual(await periodsOf(session, playback.now), [
    'mediaPresentationDuration="PT4S"',
    '<Period id="0" start="PT0S" duration="PT3S">',
    'startNumber="1" presentationTimeOffset="0"',
    ...atSeconds(0, 1, 2),
    '<Period id="5" start="PT3S" duration="PT1S">',
    'startNumber="6" presentationTimeOffset="5000"',
    ...atSeconds(5),
  ]);
  await assert.rejects(session.numbered(4), refusal("not-found"));
  assert.equal((await session.numbered(5)).segment.tracks.length, 1);
});

test("the periods of a replay reach up to one another, and the last one up to the end, which the manifest tells", async () => {
  const stream = await server.create("changing");
  const start = playback.now;
  // Each reaches beyond the next one's start, as sound does.
  const runOf = (first: number): number[] => Array.from({ length: 3 }, (_, index) => start + first + index * 900);
  await playback.sendOf(stream, runOf(0));
  await playback.sendOf(stream, runOf(30_000));
  const selector = { clock: "producerTimestamp", range: { from: start, to: start + 60_000 } } as const;
  const sessions = playback.started();
  const request = { mode: "live-replay", protocol: "dash", selector, maxSegments: 5 } as const;
  const session = await openSession(sessions, stream, request);
  playback.now += 100_000;
  const manifest = await dashManifest(session, playback.now);
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

test("nothing of all this was the server's fault", () => assert.deepEqual(playback.faults, []));
