import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { planClip } from "./plan.ts";

const NOON = 1_700_000_000_000;

/** A fragment of two seconds, so many milliseconds after noon. */
const row = (sequence: number, at: number, more: Partial<FragmentRow> = {}): FragmentRow => ({
  streamId: 1,
  sequence,
  serverTimestamp: NOON + sequence,
  producerTimestamp: NOON + at,
  random: 0,
  duration: 2000,
  size: 1000,
  startsClean: true,
  lacksPictures: false,
  configuration: 7,
  segment: 1,
  extents: [0, 1000],
  ...more,
});

const positions = (rows: FragmentRow[]): number[] => planClip(rows).map(({ position }) => position);
const sequences = (rows: FragmentRow[]): number[] => planClip(rows).map(({ row: { sequence } }) => sequence);

test("fragments keep their distance, short pauses and the overlap of interleaved tracks included", () => {
  assert.deepEqual(positions([row(1, 0), row(2, 2001), row(3, 3900), row(4, 9000)]), [0, 2001, 3900, 9000]);
  assert.ok(planClip([row(1, 0), row(2, 2001)])[1]!.continues);
});

test("a pause of up to 20 s stays, a longer one is closed", () => {
  assert.deepEqual(positions([row(1, 0), row(2, 22_000), row(3, 44_001), row(4, 46_001)]), [0, 22_000, 24_000, 26_000]);
  assert.ok(!planClip([row(1, 0), row(2, 22_001)])[1]!.continues);
});

test("frames far apart keep their distance, also where each is a fragment without a duration", () => {
  const frame = { duration: 0 };
  assert.deepEqual(positions([row(1, 0, frame), row(2, 10_000, frame), row(3, 20_000, frame)]), [0, 10_000, 20_000]);
});

test("where the producer's clock goes back, or footage was sent twice, what follows plays at once", () => {
  assert.deepEqual(positions([row(1, 0), row(2, -500_000), row(3, -498_000)]), [0, 2000, 4000]);
  assert.deepEqual(positions([row(1, 0), row(2, 1000), row(3, 3000)]), [0, 2000, 4000]);
});

test("time only rises, and a clip is no longer than its media and the pauses that stay", () => {
  const step = fc.record({ at: fc.integer({ min: -100_000, max: 100_000 }), duration: fc.nat({ max: 30_000 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const placed = positions(steps.map(({ at, duration }, i) => row(i + 1, at, { duration })));
      for (let i = 1; i < placed.length; i++) {
        const distance = placed[i]! - placed[i - 1]!;
        assert.ok(distance > 0 && distance <= Math.max(1, steps[i - 1]!.duration + 20_000));
      }
    }),
  );
});

const cut = { startsClean: false };

test("fragments that no key frame begins play behind the fragment that they continue, and nowhere else", () => {
  assert.deepEqual(sequences([row(1, 0), row(2, 60, cut), row(3, 120, cut)]), [1, 2, 3]);
  // Fragment 3 is lost: what refers to it cannot be decoded, up to the next key frame.
  assert.deepEqual(sequences([row(1, 0), row(2, 60, cut), row(4, 180, cut), row(5, 240, cut), row(6, 300)]), [1, 2, 6]);
  assert.deepEqual(sequences([row(1, 0, cut), row(2, 60, cut), row(3, 120), row(4, 180, cut)]), [3, 4]);
});

const sound = { startsClean: false, lacksPictures: true };

test("sound before the first picture plays, up to pictures that have to be left out", () => {
  const lead = [row(1, 0, sound), row(2, 2000, sound), row(3, 4000), row(4, 6000, cut), row(5, 8000, sound)];
  assert.deepEqual(sequences(lead), [1, 2, 3, 4, 5]);
  assert.deepEqual(positions(lead), [0, 2000, 4000, 6000, 8000]);
  assert.deepEqual(sequences([row(1, 0, sound), row(2, 60, cut), row(3, 120, sound), row(4, 180)]), [1, 4]);
  assert.deepEqual(sequences([row(1, 0), row(3, 120, sound), row(4, 180, cut), row(5, 240)]), [1, 5]);
});

test("a clip without a key frame is refused", () => {
  assert.throws(() => planClip([row(1, 0, sound), row(2, 2000, sound)]), { code: "invalid-media-frame" });
  assert.throws(() => planClip([row(1, 0, cut), row(2, 60, cut)]), {
    code: "invalid-media-frame",
    message: /key frame/,
  });
});

test("fragments of one group of pictures keep their places, in whatever order they are shown", () => {
  const frame = { duration: 40, startsClean: false };
  const group = [row(1, 0, { duration: 40 }), row(2, 120, frame), row(3, 40, frame), row(4, 80, frame), row(5, 160)];
  assert.deepEqual(positions(group), [0, 120, 40, 80, 160]);
  assert.ok(
    planClip(group)
      .slice(1)
      .every(({ continues }) => continues),
  );
});
