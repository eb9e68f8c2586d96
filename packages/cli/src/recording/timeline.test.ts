import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline, type TimelineSpan } from "./timeline.ts";

/** A fragment of two seconds in milliseconds, which begins at its timecode. */
const span = (timecode: number, producerTimestamp: number, more: Partial<TimelineSpan> = {}): TimelineSpan => ({
  timecode,
  producerTimestamp,
  timecodeScaleNs: 1_000_000,
  begin: 0,
  end: 2000,
  tracks: new Map([[1, { first: 0, last: 1940 }]]),
  ...more,
});

const place = (spans: TimelineSpan[], options = {}): number[] => {
  const timeline = new Timeline(options);
  return spans.map((one) => timeline.place(one));
};

const DAY = 86_400_000;

test("a session begins at 0 and keeps its distances to the tick", () => {
  assert.deepEqual(place([span(7000, DAY), span(9001, DAY + 2001), span(11_000, DAY + 4000)]), [0, 2001, 4000]);
});

test("frames before the first timecode do not fall before the file", () => {
  assert.deepEqual(place([span(7000, DAY, { begin: -80 }), span(9000, DAY + 2000)]), [80, 2080]);
});

test("fragments of a session may overlap as their tracks interleave", () => {
  assert.deepEqual(place([span(0, DAY, { end: 2100 }), span(1950, DAY + 1950)]), [0, 1950]);
});

test("a recording over another one, by the same clock, follows it and goes on in its own distances", () => {
  const over = [span(0, DAY), span(2000, DAY + 2000), span(3000, DAY + 3000), span(5000, DAY + 5000)];
  assert.deepEqual(place(over), [0, 2000, 4000, 6000]);
});

test("a pause between sessions is closed, or kept when asked for", () => {
  const sessions = [span(0, DAY), span(0, 2 * DAY)];
  assert.deepEqual(place(sessions), [0, 2000]);
  assert.deepEqual(place(sessions, { keepGaps: true }), [0, DAY]);
});

test("a short gap is part of the recording", () => {
  assert.deepEqual(place([span(0, DAY), span(3500, DAY + 3500)]), [0, 3500]);
});

test("what begins at the same moments follows", () => {
  const over = [span(0, DAY), span(2000, DAY + 2000), span(0, DAY), span(2000, DAY + 2000)];
  assert.deepEqual(place(over), [0, 2000, 4000, 6000]);
});

test("time never runs back: an older session follows the newer one", () => {
  assert.deepEqual(place([span(0, 2 * DAY), span(0, DAY), span(2000, DAY + 2000)]), [0, 2000, 4000]);
});

test("ticks of any length", () => {
  const fine = { timecodeScaleNs: 100_000, end: 20_000 };
  assert.deepEqual(
    place([span(0, DAY, fine), span(20_001, DAY + 2000, fine), span(0, 2 * DAY, fine)]),
    [0, 20_001, 40_001],
  );
});
