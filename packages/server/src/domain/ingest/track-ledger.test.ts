import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaBlock, MatroskaHeader, MatroskaTrack } from "@kvass/media";
import { GENEROUS_LIMITS } from "./limits.ts";
import { TrackLedger } from "./track-ledger.ts";

const track = (number: number, type: MatroskaTrack["type"], defaultDurationNs?: number): MatroskaTrack => ({
  number,
  uid: BigInt(number),
  type,
  codecId: "V_TEST",
  codecPrivate: undefined,
  name: undefined,
  language: "und",
  defaultDurationNs,
  lacing: false,
  codecDelayNs: 0,
  seekPreRollNs: 0,
  video: undefined,
  audio: undefined,
});

const header = (timecodeScaleNs: number, ...tracks: MatroskaTrack[]): MatroskaHeader => ({
  docType: "matroska",
  ebmlHeader: new Uint8Array(0),
  segmentElements: new Uint8Array(0),
  timecodeScaleNs,
  duration: undefined,
  title: undefined,
  muxingApp: undefined,
  writingApp: undefined,
  tracks,
});

function block(trackNumber: number, relativeTimecode: number, more: Partial<MatroskaBlock> = {}): MatroskaBlock {
  return {
    trackNumber,
    relativeTimecode,
    timecode: relativeTimecode,
    keyframe: true,
    discardable: false,
    invisible: false,
    lacing: "none",
    frameCount: 1,
    frameSizes: new Float64Array(256),
    payloadBytes: 0,
    duration: undefined,
    clusterOffset: 0,
    clusterEndOffset: 0,
    ...more,
  };
}

const MS = 1_000_000;
const DURATIONS: [string, MatroskaHeader, MatroskaBlock[], number][] = [
  [
    "the mean distance of frames stands for the last one's",
    header(MS, track(1, "video")),
    [block(1, 0), block(1, 40), block(1, 80)],
    120,
  ],
  [
    "a track that states its frames' duration",
    header(MS, track(1, "video", 20 * MS)),
    [block(1, 0), block(1, 80)],
    100,
  ],
  ["a block that states its own", header(MS, track(1, "video")), [block(1, 0), block(1, 40, { duration: 25 })], 65],
  ["laced frames", header(MS, track(1, "audio", 20 * MS)), [block(1, 100, { frameCount: 5 })], 100],
  [
    "frames out of order",
    header(MS, track(1, "video", 40 * MS)),
    [block(1, 0), block(1, 120), block(1, 40), block(1, 80)],
    160,
  ],
  [
    "the track that lasts longest",
    header(MS, track(1, "video", 40 * MS), track(2, "audio", 21 * MS)),
    [block(1, 0), block(2, 5), block(2, 90)],
    111,
  ],
  ["ticks of a tenth of a millisecond", header(MS / 10, track(1, "video")), [block(1, 0), block(1, 400)], 80],
  ["a single frame of unknown duration", header(MS, track(1, "video")), [block(1, 500)], 0],
];

for (const [what, head, blocks, expected] of DURATIONS) {
  test(`duration of a fragment: ${what}`, () => {
    const ledger = new TrackLedger(head, GENEROUS_LIMITS);
    for (const each of blocks) ledger.add(each);
    const { duration, startsClean, missing } = ledger.endFragment();
    assert.deepEqual({ duration, startsClean, missing }, { duration: expected, startsClean: true, missing: undefined });
  });
}

test("playback can begin with a fragment whose first video frame is a key frame, and with any that has no video track", () => {
  const video = new TrackLedger(header(MS, track(1, "video"), track(2, "audio")), GENEROUS_LIMITS);
  const tally = (...blocks: MatroskaBlock[]): [startsClean: boolean, lacksPictures: boolean] => {
    video.beginFragment(0);
    for (const each of blocks) video.add(each);
    const { startsClean, lacksPictures } = video.endFragment();
    return [startsClean, lacksPictures];
  };
  assert.deepEqual(tally(block(2, 0), block(1, 1), block(1, 2, { keyframe: false })), [true, false]);
  assert.deepEqual(tally(block(1, 3, { keyframe: false }), block(2, 3), block(1, 4)), [false, false]);
  assert.deepEqual(tally(block(2, 5)), [false, true]);
  assert.deepEqual(tally(block(1, 6), block(2, 6)), [true, false]);
  const audio = new TrackLedger(header(MS, track(2, "audio")), GENEROUS_LIMITS);
  audio.add(block(2, 0, { keyframe: false }));
  const { startsClean, lacksPictures } = audio.endFragment();
  assert.deepEqual([startsClean, lacksPictures], [true, false]);
});

test("a track is silent that has no frame from one key frame to the next, however muxers cut what lies between", () => {
  const ledger = new TrackLedger(
    header(MS, track(1, "video"), track(2, "audio"), track(3, "subtitle")),
    GENEROUS_LIMITS,
  );
  const silent = (...blocks: MatroskaBlock[]): number | undefined => {
    for (const each of blocks) ledger.add(each);
    return ledger.endFragment().silent;
  };
  const delta = { keyframe: false };
  assert.equal(silent(block(1, 0)), undefined);
  assert.equal(silent(block(1, 40, delta), block(2, 40)), undefined, "sound came with a later cluster");
  assert.equal(silent(block(1, 80)), undefined);
  assert.equal(silent(block(1, 120)), 2, "no sound since 80");
  assert.equal(silent(block(2, 160)), undefined, "the sound of the run that began at 120");
  assert.equal(silent(block(2, 5000)), 1, "no pictures");
});

test("a single frame lasts as long as frames did in the fragment before", () => {
  const ledger = new TrackLedger(header(MS, track(1, "video")), GENEROUS_LIMITS);
  ledger.add(block(1, 0));
  ledger.add(block(1, 50));
  ledger.endFragment();
  ledger.add(block(1, 100));
  assert.equal(ledger.endFragment().duration, 50);
});

test("fragments that no key frame begins may reach back by the depth of reordering, and no further", () => {
  const ledger = new TrackLedger(header(MS, track(1, "video")), GENEROUS_LIMITS);
  ledger.add(block(1, 5000));
  ledger.endFragment();
  ledger.add(block(1, 4001, { keyframe: false }));
  ledger.endFragment();
  assert.throws(() => ledger.add(block(1, 4000, { keyframe: false })), {
    code: "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS",
  });
});

test("fragments whose timecodes lie apart by more than a number holds are still in order, or not, to the tick", () => {
  const ledger = new TrackLedger(header(100, track(1, "video")), GENEROUS_LIMITS);
  ledger.add(block(1, 0));
  ledger.endFragment();
  for (const timecode of [2n ** 62n + 1n, 2n ** 62n + 2n, 2n ** 62n + 3n]) {
    ledger.beginFragment(timecode);
    ledger.add(block(1, 0));
    assert.equal(ledger.endFragment().duration, 0);
  }
  ledger.beginFragment(2n ** 62n + 2n);
  assert.throws(() => ledger.add(block(1, 1)), { code: "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS" });
});
