/** Segments that are built before they are asked for: the session, what it follows, and the builder together. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, clusterStart, simpleBlock } from "../../../../../tests/support/matroska-body.ts";
import { sessionsOf } from "../../../../../tests/support/playback.ts";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { FragmentArchive } from "../fragments/archive.ts";
import type { Stream } from "../streams/stream.ts";
import type { SessionRequest } from "./parameters.ts";
import { placedTrack } from "./placed-segment.ts";
import type { PlaybackRefusal } from "./refusal.ts";
import { nameOf, type SegmentName } from "./segment.ts";
import type { PlaybackSession } from "./session.ts";

const START = Date.UTC(2026, 4, 17);
let now = START;
const server = new InProcessServer({ now: () => now });
after(() => server.close());

/** Knows which fragments were read. */
class WatchedArchive extends FragmentArchive {
  readonly opened: number[] = [];
  /** Sequence of a fragment that is damaged. */
  damaged: number | undefined;

  override open(...args: Parameters<FragmentArchive["open"]>): ReturnType<FragmentArchive["open"]> {
    const [, { sequence }] = args;
    this.opened.push(sequence);
    return sequence === this.damaged ? Promise.reject(new RecordDamaged("flipped")) : super.open(...args);
  }
}

/** A fragment of five frames of one NAL unit each, within a second. */
function fragmentAt(time: number): Buffer {
  const blocks = [0, 1, 2, 3, 4].map((index) => {
    const frame = Buffer.alloc(200, (time / 1000 + index) & 0xff);
    frame.writeUInt32BE(196);
    frame[4] = index === 0 ? 0x65 : 0x41;
    return simpleBlock(1, index * 200, index === 0, frame);
  });
  return Buffer.concat([clusterStart(time), ...blocks]);
}

/** Makes a stream with `count` fragments of a second each, the first of which begins now. */
async function footage(name: string, count: number): Promise<Stream> {
  const stream = await server.create(name);
  const producer = await TestSession.open(server, stream);
  await producer.send(bodyHeader());
  for (let sent = 0; sent < count; sent++, now += 1000) await producer.send(fragmentAt(now));
  producer.session.end();
  await producer.ended;
  return stream;
}

/** A session of all of a stream, on a server that has just started. */
async function watch(stream: Stream, request: Partial<SessionRequest> = {}, cacheBytes = 2 ** 20) {
  const archive = new WatchedArchive({ index: server.index, journal: server.journal, keys: server.keys });
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const sessions = sessionsOf(server, { archive, cacheBytes, report, now: () => now });
  const whole = { clock: "producerTimestamp", range: { from: START, to: START + 3_600_000 } } as const;
  const common = { protocol: "hls", mode: "on-demand", selector: whole, expiresSeconds: 43_200 } as const;
  const token = await sessions.create(stream, { ...common, ...request });
  const session = await sessions.open(token);
  const segments = Array.from((await session.window()).segments);
  return { archive, reported, session, segments, names: segments.map(nameOf), sessions };
}

/** How many fragments have been read once nothing more happens. */
async function settled({ opened }: WatchedArchive): Promise<number> {
  for (let turns = 0, before = -1; turns < 50; turns++) {
    if (opened.length !== before) turns = 0;
    before = opened.length;
    await nextTurn();
  }
  return opened.length;
}

/** The bytes of a segment, of its first track in MP4. */
async function fetched(session: PlaybackSession, name: SegmentName): Promise<Buffer> {
  if (session.grant.parameters.container === "ts") {
    const { segment, release } = await session.transport(name);
    const bytes = Buffer.from(segment.payload);
    release();
    return bytes;
  }
  const segment = await session.segment(name);
  const bytes = Buffer.concat(placedTrack(segment, 1));
  segment.release();
  return bytes;
}

const byServer = () => ({ clock: "serverTimestamp", range: { from: START, to: now - 1 } }) as const;
const KINDS: Record<string, () => Partial<SessionRequest>> = {
  "HLS in MP4": () => ({}),
  "HLS in MPEG-TS": () => ({ container: "ts" }),
  "HLS by the server's clock": () => ({ selector: byServer() }),
  DASH: () => ({ protocol: "dash" }),
};

for (const [kind, requestNow] of Object.entries(KINDS)) {
  test(`whoever watches on finds each segment built, and all are built once: ${kind}`, async () => {
    const stream = await footage(kind, 6);
    now += 1000;
    const request = requestNow();
    const { archive, session, names, reported } = await watch(stream, request);
    const plain = await watch(stream, request, 0);
    assert.equal(names.length, 6);
    for (const [index, name] of names.entries()) {
      const bytes = await fetched(session, name);
      assert.ok(bytes.length > 1000);
      assert.deepEqual(bytes, await fetched(plain.session, name));
      assert.equal(await settled(archive), Math.min(index + 2, 6));
      // The next track of the same segment, and that of the one before.
      for (const again of names.slice(Math.max(0, index - 1), index + 1)) await fetched(session, again);
      assert.equal(await settled(archive), Math.min(index + 2, 6));
    }
    assert.deepEqual([...new Set(archive.opened)], archive.opened);
    assert.deepEqual(reported, []);
    // The first one tells what plays.
    assert.equal(await settled(plain.archive), 7);
  });
}

test("what is live is not built before it is asked for", async () => {
  const stream = await footage("live", 6);
  const { archive, session, names } = await watch(stream, { mode: "live", selector: { clock: "producerTimestamp" } });
  assert.ok(names.length >= 4);
  const before = await settled(archive);
  await fetched(session, names[1]!);
  assert.equal(await settled(archive), before + 1);
});

test("a replay has built ahead what it shows already", async () => {
  const stream = await footage("replayed", 8);
  const { archive, session, names } = await watch(stream, { mode: "live-replay" });
  assert.ok(names.length >= 2 && names.length < 8);
  for (const name of names) await fetched(session, name);
  assert.equal(await settled(archive), names.length);
});

test("those who seek leave eight segments behind that nobody asked for, and find what they seek", async () => {
  const stream = await footage("sought", 60);
  const { archive, session, names, segments } = await watch(stream);
  let asked = 1;
  for (let place = 3; place < 60; place += 4, asked++) {
    await fetched(session, names[place]!);
    assert.ok(archive.opened.includes(segments[place]!.sequence));
    await settled(archive);
  }
  assert.equal(archive.opened.length, asked + 8);
  const back = names[3]!;
  await fetched(session, back);
  assert.equal(await settled(archive), asked + 8);
});

test("a hundred viewers of a range share what is built ahead", async () => {
  const stream = await footage("shared", 6);
  const { archive, names, sessions } = await watch(stream);
  now += 1000;
  const request = { protocol: "hls", mode: "on-demand", selector: byServer(), expiresSeconds: 43_200 } as const;
  const walk = async (): Promise<void> => {
    const session = await sessions.open(await sessions.create(stream, request));
    for (const name of names) await fetched(session, name);
  };
  await Promise.all(Array.from({ length: 100 }, walk));
  assert.equal(await settled(archive), 6);
});

test("what cannot be read is reported once, and told to whoever asks for it, not to whoever asked for the one before", async () => {
  const stream = await footage("damaged", 4);
  const { archive, session, names, segments, reported } = await watch(stream);
  archive.damaged = segments[2]!.sequence;
  await fetched(session, names[1]!);
  await settled(archive);
  assert.equal(archive.opened.at(-1), archive.damaged);
  assert.equal(reported.length, 1);
  assert.deepEqual(
    Array.from((await session.window()).segments, ({ gap }) => gap),
    [false, false, true, false],
  );
  await assert.rejects(fetched(session, names[2]!), ({ reason }: PlaybackRefusal) => reason === "unplayable");
  assert.equal(reported.length, 1);
  await fetched(session, names[3]!);
});

test("what has expired is neither built ahead nor found again", async () => {
  const stream = await footage("expired", 4);
  const { archive, session, names } = await watch(stream);
  await fetched(session, names[0]!);
  await settled(archive);
  now += 25 * 3_600_000;
  await assert.rejects(fetched(session, names[0]!), ({ reason }: PlaybackRefusal) => reason === "not-found");
  await assert.rejects(fetched(session, names[1]!), ({ reason }: PlaybackRefusal) => reason === "not-found");
  assert.equal(await settled(archive), 2);
});
