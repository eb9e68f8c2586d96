/** Low-latency sessions over the whole domain, with a clock that tests set and frames that they send one by one. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  AT_ONCE,
  FOR_EVER,
  LiveScene,
  playlist,
  readable,
  turns,
} from "../../../../../../tests/support/low-latency.ts";
import { audioVideoHeader, soundHeader } from "../../../../../../tests/support/matroska-body.ts";
import { LIVE, refusal } from "../../../../../../tests/support/playback.ts";
import { hlsMedia } from "../hls.ts";
import { placedTrack } from "../placed-segment.ts";
import { nameOf } from "../segment.ts";
import { hlsLowLatency, lowLatencyPart, type ReloadRequest } from "./requests.ts";

const scene = new LiveScene();
after(() => scene.close());
const { reported, server, sessions } = scene;

/** What a playlist says from its first segment on. */
const body = (text: string): string => text.slice(text.indexOf("#EXT-X-PROGRAM-DATE-TIME"));
const reload = (segment: number, part?: number): ReloadRequest => ({ segment, part, skip: false });

test("a playlist goes on into the fragment that arrives, part by part", async () => {
  const { camera, session } = await scene.watched("growing");
  await camera.fragment(11);
  // Also what had arrived before anybody watched has its parts.
  assert.equal(
    body(await playlist(session)),
    `#EXT-X-PROGRAM-DATE-TIME:0
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=0&TrackNumber=1",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=1&TrackNumber=1"
#EXT-X-PART:DURATION=0.120,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=2&TrackNumber=1"
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F1&TrackNumber=1
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="getMP4MediaFragment.mp4?SequenceNumber=1&Part=0&TrackNumber=1"
`,
  );
  await camera.frames(1);
  assert.equal(
    await playlist(session),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:1
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,CAN-SKIP-UNTIL=6.000
#EXT-X-PART-INF:PART-TARGET=0.500
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="getMP4InitFragment.mp4?FragmentNumber=F1&TrackNumber=1&SequenceNumber=0"
#EXT-X-PROGRAM-DATE-TIME:0
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=0&TrackNumber=1",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=1&TrackNumber=1"
#EXT-X-PART:DURATION=0.120,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=2&TrackNumber=1"
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F1&TrackNumber=1
#EXT-X-PROGRAM-DATE-TIME:1000
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=1&Part=0&TrackNumber=1",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="getMP4MediaFragment.mp4?SequenceNumber=1&Part=1&TrackNumber=1"
`,
  );
  await camera.frames(13);
  await camera.end();
  await camera.fragment(2);
  assert.equal(
    body(await playlist(session)),
    `#EXT-X-PROGRAM-DATE-TIME:0
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=0&TrackNumber=1",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=1&TrackNumber=1"
#EXT-X-PART:DURATION=0.120,URI="getMP4MediaFragment.mp4?SequenceNumber=0&Part=2&TrackNumber=1"
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F1&TrackNumber=1
#EXT-X-PROGRAM-DATE-TIME:1000
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=1&Part=0&TrackNumber=1",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.440,URI="getMP4MediaFragment.mp4?SequenceNumber=1&Part=1&TrackNumber=1"
#EXT-X-PART:DURATION=0.120,URI="getMP4MediaFragment.mp4?SequenceNumber=1&Part=2&TrackNumber=1"
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F2&TrackNumber=1
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="getMP4MediaFragment.mp4?SequenceNumber=2&Part=0&TrackNumber=1"
`,
  );
});

test("a reload is held until the playlist has what it asks for", async () => {
  const { camera, session } = await scene.watched("held");
  await camera.fragment(2);
  const part = playlist(session, reload(1, 0));
  const second = playlist(session, reload(1, 1));
  const whole = playlist(session, reload(1));
  await camera.frames(10);
  assert.match(await part, /Part=0&TrackNumber=1",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT/);
  await camera.frames(11);
  assert.match(await second, /#EXT-X-PART:.*Part=1&.*\n#EXT-X-PRELOAD-HINT/);
  // A part behind the last one of its segment is the first one of the next.
  const rolled = playlist(session, reload(1, 3));
  await camera.frames(2);
  await camera.end();
  assert.match(await whole, /#EXT-X-PART:.*Part=2&.*\n#EXTINF:1.000,\n/);
  await camera.fragment(12);
  assert.match(await rolled, /SequenceNumber=2&Part=0/);
  // What is there, or was once, is answered at once.
  for (const past of [reload(0), reload(0, 99), reload(1, 0)]) await playlist(session, past);
  await assert.rejects(playlist(session, reload(4)), refusal("invalid"));
  await assert.rejects(playlist(session, reload(2, 7)), refusal("invalid"));
  await assert.rejects(playlist(session, reload(3, 6)), refusal("invalid"));
});

test("a part that is hinted at is held until it exists; others are refused", async () => {
  const { camera, session } = await scene.watched("hinted");
  await camera.fragment(12);
  const hinted = lowLatencyPart(session, { segment: 1, track: 1, part: 1 }, FOR_EVER);
  await assert.rejects(lowLatencyPart(session, { segment: 1, track: 1, part: 2 }, FOR_EVER), refusal("not-found"));
  await assert.rejects(lowLatencyPart(session, { segment: 2, track: 1, part: 0 }, FOR_EVER), refusal("not-found"));
  await assert.rejects(lowLatencyPart(session, { segment: 1, track: 2, part: 0 }, FOR_EVER), refusal("not-found"));
  await camera.frames(11);
  const again = await lowLatencyPart(session, { segment: 1, track: 1, part: 1 }, FOR_EVER);
  assert.deepEqual(await hinted, again);
});

test("parts have the frames and the times of the whole segment, and all viewers share them", async () => {
  const { camera, session, token } = await scene.watched("equal");
  assert.match(await playlist(session), /SequenceNumber=0&Part=2/);
  const stored = await Promise.all(
    [0, 1, 2].map((part) => lowLatencyPart(session, { segment: 0, track: 1, part }, FOR_EVER)),
  );
  const before = placedTrack(await session.segment(nameOf((await session.window()).segments.at(0)!)), 1);
  assert.deepEqual(Buffer.concat(stored.map(({ pieces }) => pieces[1]!)), Buffer.concat(before.slice(1)));
  await camera.fragment(25);
  await camera.end();
  const other = await sessions.open(await sessions.create(camera.stream, LIVE));
  const parts = await Promise.all(
    [0, 1, 2].map((part) => lowLatencyPart(session, { segment: 1, track: 1, part }, FOR_EVER)),
  );
  // The archive is looked at again after a moment.
  scene.now += 100;
  const { segments } = await session.window();
  const whole = placedTrack(await session.segment(nameOf(segments.at(1)!)), 1);
  assert.deepEqual(Buffer.concat(parts.map(({ pieces }) => pieces[1]!)), Buffer.concat(whole.slice(1)));
  const decodeTime = (head: Uint8Array): bigint =>
    Buffer.from(head).readBigUInt64BE(Buffer.from(head).indexOf("tfdt") + 8);
  assert.deepEqual(
    parts.map(({ pieces }) => decodeTime(pieces[0]!) - decodeTime(whole[0]!)),
    [0n, 39_600n, 79_200n],
  );
  const mine = await lowLatencyPart(session, { segment: 1, track: 1, part: 0 }, FOR_EVER);
  const [first] = (await other.window()).segments;
  const theirs = await lowLatencyPart(other, { segment: 1 - first!.number, track: 1, part: 0 }, FOR_EVER);
  assert.equal(mine.pieces[1], theirs.pieces[1]);
  assert.equal(await sessions.open(token), session);
});

test("parts of a fragment that fails become a gap, behind which the session goes on", async () => {
  const { camera, session, token } = await scene.watched("failing");
  await camera.fragment(12);
  await playlist(session);
  const part = lowLatencyPart(session, { segment: 1, track: 1, part: 1 }, FOR_EVER);
  const lost = assert.rejects(part, refusal("not-found"));
  await camera.crash();
  await lost;
  const again = await scene.camera(camera.stream);
  await again.fragment(12);
  const shown = await playlist(session);
  assert.match(
    shown,
    /GAP=YES\n#EXT-X-GAP\n#EXTINF:0\.440,\n.*\n#EXT-X-DISCONTINUITY\n.*\n#EXT-X-PART:.*SequenceNumber=2&Part=0/,
  );
  await again.frames(13);
  await again.end();
  scene.now += 100;
  // The ordinary playlist of the session has the same numbers.
  const ordinary = readable(
    Buffer.from(hlsMedia(session, await session.track(1), await session.window(), false)).toString(),
  );
  assert.match(ordinary, /#EXT-X-GAP\n#EXTINF:0\.440,\n.*\n#EXT-X-DISCONTINUITY\n#EXTINF:1\.000,\n.*\n$/);
  // A server that starts then does not know, and takes no number twice.
  const restarted = await scene.started().open(token);
  const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(await playlist(restarted))![1]);
  assert.ok(first >= 1, String(first));
});

test("delta updates leave out what is older than six target durations", async () => {
  const { camera, token } = await scene.watched("long");
  const long = await sessions.create(camera.stream, { ...LIVE, maxSegments: 20 });
  const session = await sessions.open(long);
  for (let count = 0; count < 9; count++) {
    await camera.fragment(25);
    await camera.end();
  }
  const delta = await playlist(session, { segment: 9, part: undefined, skip: true });
  assert.match(delta, /#EXT-X-MEDIA-SEQUENCE:0\n/);
  assert.match(delta, /#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n/);
  assert.equal(delta.match(/#EXTINF/g)?.length, 6);
  assert.ok(token !== long);
});

test("the first playlist does not wait for the disk to take what has just arrived", async (context) => {
  const { camera, session } = await scene.watched("slow-disk");
  const { journal } = server;
  const begin = journal.begin.bind(journal);
  const disk = Promise.withResolvers<void>();
  context.after(() => {
    disk.resolve();
    journal.begin = begin;
  });
  journal.begin = (...asked) => {
    const writer = begin(...asked);
    return { ...writer, commit: (...last) => disk.promise.then(() => writer.commit(...last)) };
  };
  await camera.fragment(25);
  const ended = camera.end();
  let text = "";
  const asked = playlist(session).then((told) => {
    text = told;
  });
  await turns();
  assert.match(
    text,
    /#EXT-X-PART:.*SequenceNumber=1&Part=2&.*\n#EXTINF:1\.000,\n.*\n#EXT-X-PRELOAD-HINT:.*SequenceNumber=2&/,
  );
  disk.resolve();
  await Promise.all([ended, asked]);
});

test("each track has parts of its own, and tells how far the others are", async () => {
  const { camera, session } = await scene.watched("sound", audioVideoHeader());
  await camera.fragment(1);
  await camera.sound(500);
  assert.match(
    await playlist(session),
    /RENDITION-REPORT:URI="[^"]*TrackNumber=2&LowLatency=1",LAST-MSN=0,LAST-PART=2\n/,
  );
  await camera.frames(12);
  assert.match(
    await playlist(session),
    /RENDITION-REPORT:URI="[^"]*TrackNumber=2&LowLatency=1",LAST-MSN=1,LAST-PART=0\n/,
  );
  const sound = await playlist(session, AT_ONCE, 2);
  assert.match(sound, /#EXT-X-PART:.*Part=0&TrackNumber=2",INDEPENDENT=YES\n/);
  assert.match(sound, /RENDITION-REPORT:URI="[^"]*TrackNumber=1&LowLatency=1",LAST-MSN=1,LAST-PART=0\n/);
});

test("where a producer leaves out pictures, they have no parts, and the sound goes on to have its own", async () => {
  const { camera, session } = await scene.watched("dark", audioVideoHeader());
  await camera.crash();
  const dark = await scene.camera(camera.stream, soundHeader());
  await dark.fragment(0);
  await dark.sound(1000);
  const sound = await playlist(session, AT_ONCE, 2);
  assert.match(sound, /SequenceNumber=1&Part=0&TrackNumber=2",INDEPENDENT=YES\n/);
  const part = await lowLatencyPart(session, { segment: 1, track: 2, part: 0 }, FOR_EVER);
  assert.equal(part.kind, "audio");
  const pictures = await playlist(session);
  assert.doesNotMatch(pictures, /#EXT-X-PART:.*SequenceNumber=1&/);
  assert.match(pictures, /#EXT-X-RENDITION-REPORT:.*TrackNumber=2&LowLatency=1",LAST-MSN=1,LAST-PART=1\n/);
  const { open } = await session.preview((await session.feed())!);
  assert.equal(await session.arrivingInit(nameOf(open!), 1), undefined);
  const arriving = await session.arrivingInit(nameOf(open!), 2);
  await dark.end();
  const [still, archived] = (await session.setUp(nameOf(open!), 2)).tracks;
  assert.deepEqual([still!.codec.kind, archived!.codec.kind], ["video", "audio"]);
  assert.deepEqual(arriving!.init, archived!.init);
  assert.match(
    await playlist(session),
    /#EXTINF:1\.\d+,\n.*TrackNumber=1\n#EXT-X-PRELOAD-HINT:.*SequenceNumber=2&Part=0&/,
  );
});

test("who waits is answered when the stream is deleted, when the viewer leaves, and when the server stops", async () => {
  const { camera, session } = await scene.watched("ending");
  await camera.fragment(2);
  const leaving = new AbortController();
  const track = await session.track(1);
  const left = hlsLowLatency(session, track, reload(1, 0), leaving.signal);
  leaving.abort();
  await assert.rejects(left, refusal("unavailable"));
  const waiting = playlist(session, reload(1, 0));
  await turns();
  await server.streams.delete(camera.stream.arn);
  await assert.rejects(waiting, refusal("gone"));

  const stopping = scene.started();
  const second = await scene.watched("stopping");
  const held = await stopping.open(second.token);
  const hint = playlist(held, reload(1, 0));
  await turns();
  stopping.stop();
  await assert.rejects(hint, refusal("unavailable"));
  await camera.crash();
});

test("nothing is cut for a stream that nobody watches any more, and again when somebody does", async () => {
  const { camera, session } = await scene.watched("left");
  await camera.fragment(12);
  await playlist(session);
  const readers = server.live.acquire(camera.stream);
  assert.equal(readers.readers, 1);
  scene.now += 30_001;
  while (readers.readers > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(await playlist(session), /#EXT-X-PART:/);
  assert.equal(readers.readers, 1);
  server.live.release(readers);
});

test("only what is live and of fragmented MP4 can have low latency", async () => {
  const { camera } = await scene.watched("kinds");
  const session = await sessions.open(await sessions.create(camera.stream, { ...LIVE, container: "ts" }));
  await assert.rejects(session.feed(), refusal("invalid"));
});

test("nothing of all this was the server's fault", () => assert.deepEqual([...reported, ...server.errors], []));
