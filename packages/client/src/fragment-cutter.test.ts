import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FragmentCutter } from "./fragment-cutter.ts";
import type { Frame } from "./frames.ts";

const VIDEO = 1;
const AUDIO = 2;

interface Cut {
  timecode: number;
  frames: { track: number; at: number; keyframe: boolean }[];
}

const frame = (track: number, timestamp: number, keyframe = true): Frame => ({
  track,
  timestamp,
  keyframe,
  data: new Uint8Array(10),
});

function cut(
  frames: Frame[],
  tracks = [VIDEO, AUDIO],
  limits: { maxFragmentMs?: number; maxFragmentBytes?: number } = {},
) {
  const fragments: Cut[] = [];
  const cutter = new FragmentCutter(
    {
      keyTrack: tracks[0]!,
      tracks,
      timecodeScaleNs: 1_000_000,
      minFragmentMs: 1000,
      maxFragmentMs: 20_000,
      maxFragmentBytes: 1 << 20,
      ...limits,
    },
    {
      begin: (timecode) => fragments.push({ timecode, frames: [] }),
      frame: ({ track, keyframe }, relative) => {
        const { timecode, frames: into } = fragments.at(-1)!;
        into.push({ track, at: timecode + relative, keyframe });
      },
      end: () => {},
    },
  );
  for (const one of frames) cutter.push(one);
  cutter.flush();
  return { fragments, dropped: cutter.droppedFrames };
}

/** Video of 25 frames a second with a key frame every 50, and audio of 50 frames a second that runs `lead` ms ahead of it in arrival. */
function interleaved(seconds: number, lead: number): Frame[] {
  const timed = [
    ...Array.from({ length: seconds * 25 }, (_, i) => ({ arrival: i * 40, frame: frame(VIDEO, i * 40, i % 50 === 0) })),
    ...Array.from({ length: seconds * 50 }, (_, i) => ({ arrival: i * 20 - lead, frame: frame(AUDIO, i * 20) })),
  ];
  return timed.sort((a, b) => a.arrival - b.arrival).map((one) => one.frame);
}

for (const lead of [0, 300, -300]) {
  test(`cuts at key frames and keeps fragments apart in time with audio ${lead} ms ahead`, () => {
    const { fragments, dropped } = cut(interleaved(10, lead));
    assert.deepEqual(
      fragments.map(({ timecode }) => timecode),
      [0, 2000, 4000, 6000, 8000],
    );
    assert.equal(dropped, 0);
    for (const { timecode, frames } of fragments) {
      assert.ok(frames.every(({ at }) => at >= timecode && at < timecode + 2000));
      assert.equal(frames.length, 150);
    }
    const videos = fragments.map(({ frames }) => frames.find(({ track }) => track === VIDEO)!);
    assert.ok(videos.every(({ keyframe }) => keyframe));
  });
}

test("an open group of pictures is cut with its leading pictures behind the key frame", () => {
  const group = (at: number) => [frame(VIDEO, at + 80), frame(VIDEO, at, false), frame(VIDEO, at + 40, false)];
  const steady = (at: number) => Array.from({ length: 30 }, (_, i) => frame(VIDEO, at + 120 + i * 40, false));
  const { fragments, dropped } = cut([...group(0), ...steady(0), ...group(1320), ...steady(1320)], [VIDEO]);
  assert.equal(dropped, 0);
  assert.deepEqual(
    fragments.map(({ timecode }) => timecode),
    [80, 1320],
  );
  assert.deepEqual(fragments[1]!.frames[0], { track: VIDEO, at: 1400, keyframe: true });
});

test("a stream without further key frames is cut at its longest duration, and at its largest size", () => {
  const frames = Array.from({ length: 1000 }, (_, i) => frame(VIDEO, i * 40, i === 0));
  assert.equal(cut(frames, [VIDEO], { maxFragmentMs: 10_000 }).fragments.length, 4);
  assert.equal(cut(frames, [VIDEO], { maxFragmentBytes: 2500 }).fragments.length, 4);
});

test("no fragment lacks a track where that can be helped", () => {
  const audioEnds = interleaved(10, 0).filter(({ track, timestamp }) => track === VIDEO || timestamp < 5000);
  const starts = (frames: Frame[]) => cut(frames).fragments.map(({ timecode }) => timecode);
  assert.deepEqual(starts(audioEnds), [0, 2000, 4000]);
  const audioBegins = interleaved(10, 0).filter(({ track, timestamp }) => track === VIDEO || timestamp >= 5000);
  assert.deepEqual(starts(audioBegins), [0, 6000, 8000]);
});

test("a track that stays away does not let a fragment exceed its bounds", () => {
  const frames = interleaved(30, 0).filter(({ track, timestamp }) => track === VIDEO || timestamp < 5000);
  const { fragments, dropped } = cut(frames, [VIDEO, AUDIO], { maxFragmentMs: 8000 });
  assert.equal(dropped, 0);
  assert.ok(fragments.length >= 5);
});

test("property: no frame is lost or moved, and each fragment is later than all before it", () => {
  const arrivals = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: -200, max: 200 }), fc.boolean()), {
    minLength: 1,
    maxLength: 400,
  });
  fc.assert(
    fc.property(arrivals, (list) => {
      const frames = list.map(([isVideo, jitter, key], i) =>
        isVideo ? frame(VIDEO, 1000 + i * 20, key) : frame(AUDIO, Math.max(0, 1000 + i * 20 + jitter)),
      );
      const { fragments, dropped } = cut(frames);
      assert.equal(fragments.reduce((sum, one) => sum + one.frames.length, 0) + dropped, frames.length);
      let latest = -1;
      fragments.forEach(({ frames: inside }, index) => {
        if (index > 0) assert.ok(inside.every(({ at }) => at > latest));
        latest = Math.max(latest, ...inside.map(({ at }) => at));
      });
    }),
  );
});
