import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { annexB, hex, lengthPrefixed, trackOf } from "../../test/tracks.ts";
import { assembleSamples, describeTrack, type TimedPacket } from "../index.ts";

const AVC = annexB(hex("6742c016d900a02ff970110000030001000003001e0f162e48"), hex("68cb83cb20"));
const VIDEO = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: AVC });
const H264 = describeTrack(VIDEO);
const AUDIO = trackOf("A_AAC", { codecPrivate: hex("1190") });
const AAC = describeTrack(AUDIO);
const OPUS_TRACK = trackOf("A_OPUS", {
  codecPrivate: hex("4f70757348656164 01 02 3801 80bb0000 0000 00"),
  codecDelayNs: 6_500_000,
});
const OPUS = describeTrack(OPUS_TRACK);

const FRAME = lengthPrefixed(4, hex("6588840010ff"));

function frames(timesMs: readonly number[], data = FRAME): TimedPacket[] {
  return timesMs.map((time, i) => ({ data, timestampUs: time * 1000, durationUs: undefined, keyframe: i === 0 }));
}

function times(timesMs: readonly number[], endUs?: number): [decode: number, offset: number, duration: number][] {
  const { samples } = assembleSamples(VIDEO, H264, frames(timesMs), endUs);
  return samples.map(({ decodeTime, compositionOffset, duration }) => [
    decodeTime / 90,
    compositionOffset / 90,
    duration / 90,
  ]);
}

test("frames in the order of their times are decoded when they are shown", () => {
  assert.deepEqual(times([100, 133, 167], 200_000), [
    [100, 0, 33],
    [133, 0, 34],
    [167, 0, 33],
  ]);
});

test("frames that are overtaken are decoded when another is shown", () => {
  assert.deepEqual(times([0, 120, 40, 80, 160], 200_000), [
    [0, 0, 40],
    [40, 80, 40],
    [80, -40, 40],
    [120, -40, 40],
    [160, 0, 40],
  ]);
});

test("the last frame lasts to what follows, else as stated, else as the one before, else a while", () => {
  assert.equal(times([0, 40], 95_000)[1]![2], 55);
  assert.equal(times([0, 40], 40_000)[1]![2], 40, "what follows is not after it");
  assert.equal(times([0, 40])[1]![2], 40);
  assert.equal(times([0])[0]![2], 40);
  const stated = frames([0, 40]).map((packet) => ({ ...packet, durationUs: 20_000 }));
  assert.equal(assembleSamples(VIDEO, H264, stated).samples[1]!.duration, 1800);
  const track = { ...VIDEO, defaultDurationNs: 50_000_000 };
  assert.equal(assembleSamples(track, H264, frames([0, 40])).samples[1]!.duration, 4500);
});

test("frames of the same time are a tick apart", () => {
  const { samples } = assembleSamples(VIDEO, H264, frames([0, 40, 40, 80]));
  const presented = samples.map(({ decodeTime, compositionOffset }) => decodeTime + compositionOffset);
  assert.deepEqual(presented, [0, 3600, 3601, 7200]);
});

test("decode times rise, presentation times stay, and durations fill the time between", () => {
  const stamps = fc.uniqueArray(fc.nat(5000), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(stamps, fc.nat(2 ** 40), (timesMs, startMs) => {
      const given = timesMs.map((time) => time + startMs);
      const { samples } = assembleSamples(VIDEO, H264, frames(given), (Math.max(...given) + 7) * 1000);
      const shown = samples.map(({ decodeTime, compositionOffset }) => decodeTime + compositionOffset);
      assert.deepEqual(
        shown,
        given.map((time) => time * 90),
      );
      samples.forEach(({ decodeTime, duration }, i) => {
        assert.ok(duration > 0);
        const end = samples[i + 1]?.decodeTime ?? (Math.max(...given) + 7) * 90;
        assert.equal(decodeTime + duration, end);
      });
    }),
    { numRuns: 300 },
  );
});

test("a time of day in microseconds keeps its ticks", () => {
  const now = 1_795_000_000_123_000;
  const { samples } = assembleSamples(AUDIO, AAC, [
    { data: hex("2100"), timestampUs: now, durationUs: undefined, keyframe: true },
  ]);
  assert.equal(samples[0]!.decodeTime, 1_795_000_000 * 48_000 + 5904);
});

test("frames with start codes get lengths, and frames that are neither are left out and counted", () => {
  const packets = frames([0, 40, 80, 120]);
  packets[1] = { ...packets[1]!, data: annexB(hex("6588840010ff")) };
  packets[2] = { ...packets[2]!, data: hex("0000000965") };
  packets[3] = { ...packets[3]!, data: new Uint8Array(0) };
  const { samples, damagedFrames } = assembleSamples(VIDEO, H264, packets);
  assert.equal(damagedFrames, 2);
  assert.equal(samples[0]!.data, FRAME, "not copied");
  assert.deepEqual(samples[1]!.data, FRAME);
});

function sounds(timesMs: readonly number[]): [decode: number, duration: number][] {
  const { samples } = assembleSamples(AUDIO, AAC, frames(timesMs, hex("2110")));
  assert.ok(samples.every(({ keyframe, compositionOffset }) => keyframe && compositionOffset === 0));
  return samples.map(({ decodeTime, duration }) => [decodeTime, duration]);
}

test("sound is laid out by its samples, whatever the ticks of its stamps", () => {
  const exact = Array.from({ length: 400 }, (_, i) => i * 1024);
  const found = sounds(exact.map((start) => Math.round(start / 48)));
  assert.deepEqual(
    found,
    exact.map((start) => [start, 1024]),
  );
});

test("sound after a gap begins at its stamp, and the frame before it lasts so long", () => {
  assert.deepEqual(sounds([0, 21, 500, 521]), [
    [0, 1024],
    [1024, 24_000 - 1024],
    [24_000, 1024],
    [25_024, 1024],
  ]);
});

test("sound whose stamps fall back stays one behind the other", () => {
  assert.deepEqual(sounds([1000, 500, 521]), [
    [48_000, 1024],
    [49_024, 1024],
    [50_048, 1024],
  ]);
});

test("Opus packets have their own lengths, and the codec's delay is taken off", () => {
  const stamps = [0, 20, 30, 90];
  const configurations = [hex("fc00"), hex("f400"), hex("1800"), hex("ff0c00")]; // 20 ms, 10 ms, 60 ms, 12 times 20 ms
  const packets = frames(stamps).map((packet, i) => ({ ...packet, data: configurations[i]! }));
  const { samples, timescale } = assembleSamples(OPUS_TRACK, OPUS, packets);
  assert.equal(timescale, 48_000);
  assert.deepEqual(
    samples.map(({ decodeTime, duration }) => [decodeTime, duration]),
    [
      [-312, 960],
      [648, 480],
      [1128, 2880],
      [4008, 1], // longer than Opus allows: its length is not known
    ],
  );
});

test("no packets make no samples", () => {
  assert.deepEqual(assembleSamples(VIDEO, H264, []).samples, []);
  assert.deepEqual(assembleSamples(AUDIO, AAC, []).samples, []);
});
