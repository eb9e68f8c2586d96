import assert from "node:assert/strict";
import { test } from "node:test";
import { annexB, hex, lengthPrefixed, trackOf } from "../../test/tracks.ts";
import { assembleSamples, describeTrack, holdFirstPicture, type MatroskaTrack, type TrackSamples } from "../index.ts";

const AVC = annexB(hex("6742c016d900a02ff970110000030001000003001e0f162e48"), hex("68cb83cb20"));
const VIDEO = trackOf("V_MPEG4/ISO/AVC", { codecPrivate: AVC });
const AAC = trackOf("A_AAC", { codecPrivate: hex("1190") });
const PICTURE = lengthPrefixed(4, hex("6588840010ff"));
/** Long before the first picture, in seconds. */
const BEGUN = 1;

function samplesOf(track: MatroskaTrack, timesMs: readonly number[], data: Uint8Array): TrackSamples {
  const packets = timesMs.map((ms) => ({ data, timestampUs: ms * 1000, durationUs: 40_000, keyframe: true }));
  return assembleSamples(track, describeTrack(track), packets);
}

const picturesAt = (...timesMs: number[]): TrackSamples => samplesOf(VIDEO, timesMs, PICTURE);
const soundFrom = (ms: number): TrackSamples => samplesOf(AAC, [ms, ms + 21, ms + 43], hex("0102"));

/** When pictures are decoded, how long each lasts, and how much later it is shown, in milliseconds. */
function shown([pictures]: readonly TrackSamples[]): number[][] {
  return pictures!.samples.map(({ decodeTime, duration, compositionOffset }) =>
    [decodeTime, duration, compositionOffset].map((ticks) => ticks / 90),
  );
}

test("the first picture is shown from where the sound before it begins, and no other moves", () => {
  const held = holdFirstPicture([picturesAt(5000, 5040, 5080), soundFrom(2000)], BEGUN);
  assert.deepEqual(shown(held), [
    [2000, 3040, 0],
    [5040, 40, 0],
    [5080, 40, 0],
  ]);
  assert.equal(held[0]!.heldTicks, 3000 * 90);
});

test("the earliest of several sounds counts, and a picture that is shown after it is decoded stays so", () => {
  const sounds = [soundFrom(4000), samplesOf(AAC, [], hex("0102")), soundFrom(3000)];
  const held = holdFirstPicture([picturesAt(5000, 5160, 5080, 5040, 5120), ...sounds], BEGUN);
  assert.deepEqual(shown(held)[0], [3000, 2040, 0]);
  assert.deepEqual(
    shown(held).map(([decoded, , offset]) => decoded! + offset!),
    [3000, 5160, 5080, 5040, 5120],
  );
});

test("what the segment before has pictures for is not taken from them", () => {
  const tracks = [picturesAt(5000, 5040), soundFrom(2000)];
  assert.deepEqual(shown(holdFirstPicture(tracks, 4.5))[0], [4500, 540, 0]);
  assert.equal(holdFirstPicture(tracks, 4.75), tracks);
  assert.equal(holdFirstPicture(tracks, 5), tracks);
});

test("what muxers put side by side, and what has no sound or no pictures, stays as it is", () => {
  for (const tracks of [
    [picturesAt(5000, 5040), soundFrom(4750)],
    [picturesAt(5000), samplesOf(AAC, [], hex("0102"))],
    [picturesAt(), soundFrom(2000)],
    [soundFrom(2000)],
    [picturesAt(5000)],
  ]) {
    assert.equal(holdFirstPicture(tracks, BEGUN), tracks);
  }
});
