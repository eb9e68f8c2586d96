import assert from "node:assert/strict";
import { test } from "node:test";
import { annexB, hex, lengthPrefixed, trackOf } from "../../test/tracks.ts";
import { assembleSamples, describeTrack, fillSilence, type MatroskaTrack, type TrackSamples } from "../index.ts";

const AVC = annexB(hex("6742c016d900a02ff970110000030001000003001e0f162e48"), hex("68cb83cb20"));
const VIDEO = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: AVC });
const AAC = trackOf("A_AAC", { codecPrivate: hex("1190") });
const OPUS = trackOf("A_OPUS", { codecPrivate: hex("4f70757348656164 01 02 3801 80bb0000 0000 00") });
const SURROUND_OPUS = trackOf("A_OPUS", {
  codecPrivate: hex("4f70757348656164 01 04 3801 80bb0000 0000 01 02 02 00010203"),
});
const A_LAW = trackOf("A_MS/ACM", { codecPrivate: hex("0600 0100 401f0000 401f0000 0100 0800 0000") });
const MP3 = trackOf("A_MPEG/L3", { audio: { samplingFrequency: 48_000, channels: 2 } as MatroskaTrack["audio"] });

const PICTURE = lengthPrefixed(4, hex("6588840010ff"));
const SOUND = hex("0102030405");
/** Two seconds of pictures from second 10 on. */
const PICTURES = Array.from({ length: 50 }, (_, i) => 10_000 + i * 40);

function samplesOf(track: MatroskaTrack, timesMs: readonly number[], data: Uint8Array): TrackSamples {
  const packets = timesMs.map((ms) => ({ data, timestampUs: ms * 1000, durationUs: 40_000, keyframe: true }));
  return assembleSamples(track, describeTrack(track), packets);
}

/** Stretches of the sound of a segment behind `fillSilence`, in milliseconds: `+` for sound, `-` for silence. */
function stretches(track: MatroskaTrack, timesMs: readonly number[]): string[] {
  const [, { samples, timescale }] = fillSilence([
    samplesOf(VIDEO, PICTURES, PICTURE),
    samplesOf(track, timesMs, SOUND),
  ]) as [TrackSamples, TrackSamples];
  const found: { sign: string; from: number; to: number }[] = [];
  for (const { data, decodeTime, duration } of samples) {
    const [sign, from, to] = [data === SOUND ? "+" : "-", decodeTime / timescale, (decodeTime + duration) / timescale];
    const last = found.at(-1);
    if (last?.sign === sign && Math.abs(last.to - from) < 1e-9) last.to = to;
    else found.push({ sign, from, to });
  }
  return found.map(({ sign, from, to }) => `${sign}${Math.round(from * 1000)}..${Math.round(to * 1000)}`);
}

/** Stamps of AAC frames between two moments, in milliseconds. */
const aac = (from: number, to: number): number[] =>
  Array.from({ length: Math.round((to - from) / (1024 / 48)) }, (_, i) => from + i * (1024 / 48));

test("sound that is missing for a whole segment, before its first frame or behind its last is silence", () => {
  assert.deepEqual(stretches(AAC, []), ["-10000..12000"]);
  assert.deepEqual(stretches(AAC, aac(11_000, 12_000)), ["-10000..11000", "+11000..12003"]);
  assert.deepEqual(stretches(AAC, aac(10_000, 11_003)), ["+10000..11003", "-11003..12000"]);
});

test("what muxers put side by side is not missing", () => {
  const near = aac(10_240, 11_760);
  assert.deepEqual(stretches(AAC, near), ["+10240..11755"]);
});

test("silence at the end leaves room for sound that the next segment may begin with", () => {
  const [, { samples }] = fillSilence([samplesOf(VIDEO, PICTURES, PICTURE), samplesOf(AAC, [], SOUND)]) as [
    TrackSamples,
    TrackSamples,
  ];
  const last = samples.at(-1)!;
  assert.ok(last.decodeTime / 48_000 <= 11.75 && (last.decodeTime + last.duration) / 48_000 === 12);
  assert.equal(new Set(samples.slice(0, -1).map(({ duration }) => duration)).size, 1);
});

test("Opus and G.711 have silence too; what has none, and segments without pictures, stay as they are", () => {
  assert.deepEqual(stretches(OPUS, []), ["-10000..12000"]);
  assert.deepEqual(stretches(A_LAW, []), ["-10000..12000"]);
  assert.deepEqual(stretches(SURROUND_OPUS, []), []);
  assert.deepEqual(stretches(MP3, []), []);
  const alone = [samplesOf(VIDEO, [], PICTURE), samplesOf(AAC, [], SOUND)];
  assert.equal(fillSilence(alone), alone);
});
