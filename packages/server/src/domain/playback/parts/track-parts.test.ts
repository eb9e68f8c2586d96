import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assembleSamples,
  coverSpan,
  describeTrack,
  MatroskaDemuxer,
  type MatroskaTrack,
  mediaSegment,
  type Span,
  type TimedPacket,
  type TrackSamples,
} from "@kvass/media";
import fc from "fast-check";
import { audioVideoHeader } from "../../../../../../tests/support/matroska-body.ts";
import { partTargetFor, TrackParts } from "./track-parts.ts";

const [VIDEO, AUDIO] = tracksOf(audioVideoHeader());
const RULES = { targetMs: 500, sequence: 7 };
/** Sample counts of a movie fragment stand in its `trun` box, behind type, version and flags. */
const COUNT_OFFSET = 8;

function tracksOf(header: Buffer): [MatroskaTrack, MatroskaTrack] {
  const tracks: MatroskaTrack[] = [];
  const demuxer = new MatroskaDemuxer({
    onHeader: (found) => void tracks.push(...found.tracks),
    onPacket: () => undefined,
  });
  demuxer.feed(header);
  demuxer.feed(Buffer.from("1f43b675ff", "hex"));
  return [tracks[0]!, tracks[1]!];
}

/** A frame of one NAL unit, of a size that no other frame near it has. */
function frame(index: number): Uint8Array {
  const data = Buffer.alloc(10 + (index % 50), index & 0x7f);
  data.writeUInt32BE(data.length - 4);
  return data;
}

interface Pattern {
  readonly groups: number;
  readonly stepMs: number;
  readonly jitterMs: readonly number[];
  readonly reordered: number;
}

/** Frames in decode order: groups of one that is shown last and `reordered` others before it. */
function packetsOf({ groups, stepMs, jitterMs, reordered }: Pattern): TimedPacket[] {
  const packets: TimedPacket[] = [];
  const add = (shown: number): void => {
    const ms = Math.round(shown * stepMs) + jitterMs[shown % jitterMs.length]!;
    const index = packets.length;
    packets.push({ data: frame(index), timestampUs: 1e15 + ms * 1000, durationUs: undefined, keyframe: index === 0 });
  };
  add(0);
  for (let group = 0; group < groups; group++) {
    const first = 1 + group * (reordered + 1);
    add(first + reordered);
    for (let place = 0; place < reordered; place++) add(first + place);
  }
  return packets;
}

const patterns = fc.record({
  groups: fc.integer({ min: 0, max: 60 }),
  stepMs: fc.integer({ min: 10, max: 75 }),
  jitterMs: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 7 }),
  reordered: fc.integer({ min: 0, max: 3 }),
});

/** All parts, cut while the frames come, and how many there were before the last frame had come. */
function cut(
  track: MatroskaTrack,
  packets: readonly TimedPacket[],
  pictures?: Span,
): { parts: TrackParts; early: number } {
  const parts = new TrackParts(track, RULES);
  for (const packet of packets) {
    parts.add(packet);
    parts.cut(false);
  }
  const early = parts.parts.length;
  parts.cut(true, pictures);
  return { parts, early };
}

/** Holds that parts are, one behind the other, these samples. */
function assertAre(parts: TrackParts, whole: TrackSamples): void {
  let from = 0;
  for (const [index, { media, durationMs }] of parts.parts.entries()) {
    const { head } = media;
    const count = new DataView(head.buffer, head.byteOffset).getUint32(
      Buffer.from(head).indexOf("trun") + COUNT_OFFSET,
    );
    const samples = whole.samples.slice(from, from + count);
    const expected = mediaSegment({
      sequence: RULES.sequence,
      tracks: [{ id: 1, samples: { ...whole, samples } }],
      segmentType: index === 0,
    });
    assert.deepEqual(Buffer.from(head), Buffer.from(expected.head));
    assert.deepEqual(media.payload, [Buffer.concat(expected.payload)]);
    const ticks = samples.reduce((sum, { duration }) => sum + duration, 0);
    assert.equal(durationMs, (ticks * 1000) / whole.timescale);
    from += count;
  }
  assert.equal(from, whole.samples.length);
}

test("parts cut while frames arrive are, one behind the other, the samples of the whole fragment", () => {
  fc.assert(
    fc.property(patterns, fc.boolean(), (pattern, sound) => {
      const track = sound ? AUDIO : VIDEO;
      const packets = packetsOf(sound ? { ...pattern, reordered: 0, stepMs: 21 } : pattern);
      const { parts } = cut(track, packets);
      const whole = assembleSamples(track, describeTrack(track), packets);
      assertAre(parts, whole);
    }),
  );
});

/** What stamps of 21 ms and frames of 21.3 ms may differ by within a fragment, in milliseconds. */
const JITTER_MS = 60;

/** Sound between two moments of a fragment, in milliseconds from its beginning on; the beginning, in microseconds. */
function soundWithin(from: number, to: number): { packets: TimedPacket[]; beginUs: number } {
  const all = packetsOf({ groups: 95, stepMs: 21, jitterMs: [0], reordered: 0 });
  const beginUs = all[0]!.timestampUs;
  const packets = all.filter(
    ({ timestampUs }) => timestampUs - beginUs >= from * 1000 && timestampUs - beginUs < to * 1000,
  );
  return { packets, beginUs };
}

test("sound that is missing at the end, from the beginning on, or altogether is silence, as in the whole segment", () => {
  for (const [from, to] of [
    [0, 1200],
    [1700, 2000],
    [0, 0],
    [0, 2000],
  ] as const) {
    const { packets, beginUs } = soundWithin(from, to);
    const pictures = { start: beginUs / 1e6, end: beginUs / 1e6 + 2 };
    const { parts } = cut(AUDIO, packets, pictures);
    const covered = coverSpan(assembleSamples(AUDIO, describeTrack(AUDIO), packets), pictures);
    assertAre(parts, covered);
    const lastsMs = parts.parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
    assert.ok(Math.abs(lastsMs - 2000) < JITTER_MS, `${lastsMs} ms of ${from} to ${to}`);
  }
});

test("of sound that begins late, and is in parts already, the beginning stays as it is", () => {
  const { packets, beginUs } = soundWithin(600, 1500);
  const pictures = { start: beginUs / 1e6, end: beginUs / 1e6 + 2 };
  const { parts, early } = cut(AUDIO, packets, pictures);
  assert.ok(early > 0);
  const lastsMs = parts.parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  assert.ok(Math.abs(lastsMs - 1400) < JITTER_MS, `${lastsMs} ms`);
});

test("a part lasts at most the target, and all but the last one reach 85% of it", () => {
  fc.assert(
    fc.property(patterns, (pattern) => {
      const durations = cut(VIDEO, packetsOf({ ...pattern, jitterMs: [0] })).parts.parts.map(
        ({ durationMs }) => durationMs,
      );
      assert.ok(durations.every((ms) => ms <= 500 + 1e-6));
      assert.ok(durations.slice(0, -1).every((ms) => ms >= 425));
    }),
  );
});

test("a part waits for the frames that may come between, and no longer", () => {
  const regular = packetsOf({ groups: 11, stepMs: 40, jitterMs: [0], reordered: 0 });
  assert.equal(cut(VIDEO, regular.slice(0, 11)).early, 0);
  assert.equal(cut(VIDEO, regular).early, 1);
  const pairs = packetsOf({ groups: 6, stepMs: 40, jitterMs: [0], reordered: 1 });
  assert.equal(cut(VIDEO, pairs.slice(0, 12)).early, 0);
  assert.equal(cut(VIDEO, pairs).early, 1);
});

test("a whole number of frames fits into each part target", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 5000, noNaN: true }), (frameMs) => {
      const target = partTargetFor(frameMs);
      const frames = Math.ceil((target * 0.85) / frameMs);
      assert.ok(frames * frameMs <= target + 1e-6, `${frames} frames of ${frameMs} ms for ${target} ms`);
      assert.ok(target >= 500 * 0.7 && target <= Math.max(790, frameMs * 1.05 + 1));
    }),
  );
  assert.equal(partTargetFor(40), 500);
  assert.equal(partTargetFor(1000), 1050);
});

test("a frame that cannot be read is left out of parts as of whole segments", () => {
  const packets = packetsOf({ groups: 30, stepMs: 40, jitterMs: [0], reordered: 0 });
  packets[3] = { ...packets[3]!, data: Buffer.alloc(20, 9) };
  const { parts } = cut(VIDEO, packets);
  const whole = assembleSamples(VIDEO, describeTrack(VIDEO), packets);
  assert.equal(whole.damagedFrames, 1);
  assert.deepEqual(
    Buffer.concat(parts.parts.flatMap(({ media }) => media.payload)),
    Buffer.concat(whole.samples.map(({ data }) => data)),
  );
});
