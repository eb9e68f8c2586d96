/** Segments that are delivered to many viewers, or asked for again. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  HOUR,
  LIVE,
  openSession,
  PlaybackFixture,
  placeOf,
  playlistOf,
  refusal,
} from "../../../../../tests/support/playback.ts";
import { hlsMultivariant } from "./hls.ts";

const playback = new PlaybackFixture();
const { archive, server } = playback;
after(() => playback.close());

test("a thousand viewers of one live stream share what is read and built", async () => {
  const stream = await server.create("watched");
  await playback.send(stream, 5);
  const sessions = playback.started();
  archive.opened = 0;
  const watch = async (): Promise<number> => {
    const session = await openSession(sessions, stream);
    await hlsMultivariant(session);
    const { segments } = placeOf(await playlistOf(session));
    for (const fragmentNumber of segments) await session.segment({ fragmentNumber, fragments: 1 });
    return segments.length;
  };
  const counts = await Promise.all(Array.from({ length: 1000 }, watch));
  assert.ok(counts.every((count) => count === 5));
  assert.equal(archive.opened, 5);
});

test("a segment that is kept is there at once, the same as for those who wait, and counts like theirs", async () => {
  const stream = await server.create("kept", 1);
  await playback.send(stream, 6);
  const sessions = playback.started();
  const token = await sessions.create(stream, LIVE);
  const [first, other] = [await sessions.open(token), await openSession(sessions, stream)];
  const [fragmentNumber] = placeOf(await playlistOf(first)).segments.slice(-1);
  const name = { fragmentNumber: fragmentNumber!, fragments: 1 };
  assert.equal(first.keptSegment(name), undefined);
  const awaited = await first.segment(name);
  // Who asks next need not have looked up its fragment before.
  await playlistOf(other);
  for (const session of [first, other]) {
    const kept = session.keptSegment(name);
    assert.equal(kept?.segment, awaited.segment);
    assert.equal(kept?.version, awaited.version);
    assert.equal(session.keptSegment(name, 2), undefined, "a track that it lacks is waited for");
  }
  const before = { fragmentNumber: placeOf(await playlistOf(first)).segments[0]!, fragments: 1 };
  await playback.send(stream, 3);
  const later = await openSession(sessions, stream, { maxSegments: 1 });
  await first.segment(before);
  assert.equal(later.keptSegment(before), undefined);
  await assert.rejects(later.segment(before), refusal("forbidden"));
  playback.now += HOUR + 10_000;
  assert.equal(first.keptSegment(name), undefined);
});

test("nothing of all this was the server's fault", () => assert.deepEqual(playback.faults, []));
