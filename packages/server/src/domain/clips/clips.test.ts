import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  EVERYTHING,
  fixture,
  fragment,
  hash,
  MIB,
  make,
  NOBODY_LEAVES,
  packetsOf,
  picture,
  START,
} from "../../../../../tests/support/clips.ts";
import {
  audioVideoHeader,
  bodyHeader,
  cluster,
  element,
  simpleBlock,
} from "../../../../../tests/support/matroska-body.ts";

/** What `packetsOf` gives for blocks of a body: their times from the first one on, and their frames. */
const hashes = (frames: readonly Uint8Array[]): string[] => frames.map(hash);

test("a clip in memory and a clip that is read while it is sent both hold every frame at its time", async () => {
  for (const size of [1000, 60_000]) {
    const it = await fixture();
    const frames = Array.from({ length: 100 }, (_, i) => picture(size + i, i % 10 === 0));
    const sounds = Array.from({ length: 100 }, (_, i) => Buffer.alloc(100 + i, i));
    const clusters = Array.from({ length: 10 }, (_, c) =>
      cluster(
        START + c * 1000,
        ...Array.from({ length: 10 }, (_, i) => [
          simpleBlock(1, i * 100, i === 0, frames[c * 10 + i]!),
          simpleBlock(2, i * 100 + 5, true, sounds[c * 10 + i]!),
        ]).flat(),
      ),
    );
    await it.put(audioVideoHeader(), ...clusters);
    const [video, audio] = await packetsOf(await make(it));
    assert.deepEqual(
      video,
      frames.map((frame, i) => `${i * 100}:${hash(frame)}${i % 10 === 0 ? "K" : ""}`),
    );
    assert.deepEqual(
      audio!.map((packet) => packet.replace(/^\d+:|K$/g, "")),
      hashes(sounds),
    );
    assert.equal(it.clips.active, 0);
    await it.server.close();
  }
});

test("media that is laid out before the next key frame is whole, wherever in a fragment its memory is given back", async () => {
  // The bytes that are laid out together end in the last piece of a long fragment, or of each of many short ones.
  const shapes = [
    [fragment(0, { size: 1_700_000 }), fragment(1000)],
    [fragment(0), ...Array.from({ length: 36 }, (_, i) => fragment((i + 1) * 1000, { key: false, size: 50_000 }))],
  ];
  for (const fragments of shapes) {
    const it = await fixture();
    await it.put(bodyHeader(), ...fragments);
    const [packets] = await packetsOf(await make(it));
    assert.equal(packets!.length, 10 * fragments.length);
    assert.equal(new Set(packets).size, packets!.length);
    await it.server.close();
  }
});

test("a clip has the fragments that begin in its range, both ends included", async () => {
  const it = await fixture();
  await it.put(bodyHeader(), ...[0, 1000, 2000, 3000].map((at) => fragment(at)));
  const clip = await make(it, { clock: "producerTimestamp", from: START + 1000, to: START + 2000 });
  const [packets] = await packetsOf(clip);
  assert.equal(packets!.length, 20);
  const none = make(it, { clock: "producerTimestamp", from: START + 3001, to: START + 4000 });
  await assert.rejects(none, {
    code: "not-found",
    message: "No fragments found in the stream for the requested clip.",
  });
  await it.server.close();
});

test("a range that begins within a group of pictures is joined to its key frame", async () => {
  const it = await fixture();
  await it.put(
    bodyHeader(),
    fragment(0),
    fragment(1000),
    fragment(2000, { key: false }),
    fragment(3000, { key: false }),
  );
  const clip = await make(it, { clock: "producerTimestamp", from: START + 2500, to: START + 3000 });
  const [packets] = await packetsOf(clip);
  assert.equal(packets!.length, 30);
  assert.match(packets![0]!, /^0:.*K$/);
  await it.server.close();
});

test("of fragments that were sent twice the newer one counts, and of two recordings of one period the older", async () => {
  let now = START + 60_000;
  const it = await fixture({}, () => now);
  await it.put(bodyHeader(), fragment(0), fragment(1000));
  const again = fragment(1000);
  await it.put(bodyHeader(), again, fragment(2000));
  now += 3_600_000;
  await it.put(bodyHeader(), fragment(500), fragment(1500));
  const [packets] = await packetsOf(await make(it));
  assert.equal(packets!.length, 30);
  const offset = again.indexOf(Buffer.from([0, 0, 3, 0xe4, 0x65]));
  assert.equal(packets![10], `1000:${hash(again.subarray(offset, offset + 1000))}K`);
  await it.server.close();
});

test("a range larger than a clip may be is refused, or cut as AWS does", async () => {
  for (const limits of [{ maxFragments: 2 }, { maxBytes: 25_000 }]) {
    const it = await fixture(limits);
    await it.put(bodyHeader(), ...[0, 1000, 2000, 3000].map((at) => fragment(at)));
    await assert.rejects(make(it), { code: "invalid-argument", message: /shorter/ });
    await it.server.close();
    const aws = await fixture({ ...limits, cutsLongRanges: true });
    await aws.put(bodyHeader(), ...[0, 1000, 2000, 3000].map((at) => fragment(at)));
    const [packets] = await packetsOf(await make(aws));
    assert.equal(packets!.length, 20);
    await aws.server.close();
  }
});

test("a stream that keeps nothing has no clips", async () => {
  const it = await fixture();
  const stream = await it.server.create("live-only", 0);
  await assert.rejects(it.clips.make(stream, EVERYTHING, NOBODY_LEAVES), { code: "no-data-retention" });
  await it.server.close();
});

/** A header of one video track with another codec, or other codec data. */
function headerWith(codecId: string, codecPrivate?: Buffer): Buffer {
  const header = bodyHeader();
  const tracks = header.indexOf(Buffer.from("1654ae6b", "hex"));
  const parts = [element(0xd7, Buffer.of(1)), element(0x73c5, Buffer.of(1)), element(0x83, Buffer.of(1))];
  parts.push(element(0x86, Buffer.from(codecId)));
  if (codecPrivate !== undefined) parts.push(element(0x63a2, codecPrivate));
  parts.push(element(0xe0, element(0xb0, Buffer.of(1, 0)), element(0xba, Buffer.of(1, 0))));
  return Buffer.concat([header.subarray(0, tracks), element(0x1654ae6b, element(0xae, ...parts))]);
}

test("media that cannot be put into a clip is refused with codec and fragment named", async () => {
  for (const [header, code, message] of [
    [headerWith("V_MPEG4/MS/V3"), "unsupported-media", /Fragment \d{47} .*V_MPEG4\/MS\/V3/],
    [headerWith("V_MPEG4/ISO/AVC"), "missing-codec-data", /Fragment \d{47} .*V_MPEG4\/ISO\/AVC/],
    [headerWith("V_MPEG4/ISO/AVC", Buffer.from("0142c0")), "invalid-codec-data", /Fragment \d{47} .*V_MPEG4\/ISO\/AVC/],
  ] as const) {
    const it = await fixture();
    await it.put(header, fragment(0));
    await assert.rejects(make(it), { code, message });
    assert.equal(it.clips.active, 0);
    await it.server.close();
  }
});

test("AWS's clips take fewer codecs", async () => {
  const it = await fixture({ awsCodecs: true });
  const opus = Buffer.concat([Buffer.from("OpusHead"), Buffer.from("0102380180bb0000000000", "hex")]);
  const sound = element(0xe1, element(0xb5, Buffer.from("473b8000", "hex")), element(0x9f, Buffer.of(2)));
  const track = element(
    0xae,
    ...[element(0xd7, Buffer.of(1)), element(0x73c5, Buffer.of(1)), element(0x83, Buffer.of(2))],
    ...[element(0x86, Buffer.from("A_OPUS")), element(0x63a2, opus), sound],
  );
  const header = bodyHeader();
  const tracks = header.indexOf(Buffer.from("1654ae6b", "hex"));
  await it.put(header.subarray(0, tracks), element(0x1654ae6b, track), fragment(0));
  await assert.rejects(make(it), { code: "unsupported-media", message: /A_OPUS/ });
  await it.server.close();
});

const damagedFragment = (at: number): Buffer =>
  cluster(START + at, simpleBlock(1, 0, true, picture(100, true)), simpleBlock(1, 40, false, Buffer.alloc(50, 0xee)));

test("a frame that is none is an error that names its fragment, while the answer has not begun", async () => {
  const it = await fixture();
  await it.put(bodyHeader(), fragment(0), damagedFragment(1000));
  await assert.rejects(make(it), {
    code: "invalid-media-frame",
    message: /V_MPEG4\/ISO\/AVC: fragment \d{47}, track 1/,
  });
  assert.equal(it.clips.active, 0);
  await it.server.close();
});

test("later it cuts the answer off, behind the file's first box and before any media", async () => {
  const it = await fixture();
  const large = Array.from({ length: 20 }, (_, i) => fragment(i * 1000, { size: MIB / 10 }));
  await it.put(bodyHeader(), ...large, damagedFragment(20_000));
  const bytes = await it.clips.make(it.stream, EVERYTHING, NOBODY_LEAVES);
  const pieces: Uint8Array[] = [];
  const reading = (async () => {
    for await (const piece of bytes) pieces.push(Buffer.from(piece));
  })();
  await assert.rejects(reading, { code: "invalid-media-frame" });
  assert.deepEqual(
    pieces.map((piece) => Buffer.from(piece).toString("latin1", 4, 8)),
    ["ftyp"],
  );
  assert.equal(it.clips.active, 0);
  assert.equal(it.server.metrics.of("gate").getClip.connectionErrors, 1);
  await it.server.close();
});

test("a clip whose stream is deleted while it is sent breaks off", async () => {
  const it = await fixture();
  await it.put(bodyHeader(), ...Array.from({ length: 12 }, (_, i) => fragment(i * 1000, { size: MIB / 10 })));
  const bytes = (await it.clips.make(it.stream, EVERYTHING, NOBODY_LEAVES))[Symbol.asyncIterator]();
  const types = [await bytes.next(), await bytes.next()].map(({ value }) =>
    Buffer.from(value!).toString("latin1", 4, 8),
  );
  assert.deepEqual(types, ["ftyp", "moov"]);
  await it.server.streams.delete(it.stream.arn);
  await assert.rejects(async () => {
    for (let next = await bytes.next(); next.done !== true; ) next = await bytes.next();
  });
  assert.equal(it.clips.active, 0);
  await it.server.close();
});

test("a clip whose stream is deleted before its answer begins says so", async () => {
  const it = await fixture();
  await it.put(bodyHeader(), fragment(0));
  await it.server.streams.delete(it.stream.arn);
  await assert.rejects(it.clips.make(it.stream, EVERYTHING, NOBODY_LEAVES), { code: "stream-not-found" });
  assert.equal(it.clips.active, 0);
  await it.server.close();
});

test("clips are bounded in number, and whoever leaves makes room", async () => {
  const it = await fixture({ maxConcurrent: 2 });
  await it.put(bodyHeader(), fragment(0));
  const leaving = new AbortController();
  await it.clips.make(it.stream, EVERYTHING, leaving.signal);
  const begun = (await it.clips.make(it.stream, EVERYTHING, NOBODY_LEAVES))[Symbol.asyncIterator]();
  await begun.next();
  await assert.rejects(make(it), { code: "client-limit", message: /2 clips/ });
  leaving.abort();
  await begun.return?.();
  await nextTurn();
  assert.equal(it.clips.active, 0);
  assert.ok((await make(it)).length > 10_000);
  await it.server.close();
});
