import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { LostSegments } from "./lost-segments.ts";
import { MOST_SEGMENTS, RangeTimeline } from "./range-timeline.ts";
import type { Segment } from "./segment.ts";
import { SegmentCutter } from "./segment-cutter.ts";
import { rowAt } from "./testing.ts";
import type { PlaylistWindow } from "./timeline.ts";

const RULES = { clock: "producerTimestamp", discontinuities: "never", joins: false, looksAhead: false } as const;
const numbers = ({ segments }: PlaylistWindow): number[] => Array.from(segments, ({ number }) => number);

/** Ten segments of two seconds, a page of four at a time; `arrived` gives their server timestamps. */
function tenSegments(arrived = (sequence: number): number => rowAt(sequence).serverTimestamp) {
  const cutter = new SegmentCutter(RULES);
  const left = Array.from({ length: 10 }, (_, index): Segment => {
    cutter.push(rowAt(index + 1, { serverTimestamp: arrived(index + 1) }));
    return cutter.flush()!;
  });
  const source = {
    reads: 0,
    ended: false,
    next: async (): Promise<Segment[]> => {
      source.reads++;
      const page = left.splice(0, 4);
      source.ended = left.length === 0;
      return page;
    },
  };
  return source;
}

test("the list is read once, whole or up to its limit, and has an end", async () => {
  for (const [maxSegments, expected] of [
    [undefined, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [6, [0, 1, 2, 3, 4, 5]],
  ] as const) {
    const source = tenSegments();
    const timeline = new RangeTimeline(source, {
      maxSegments,
      horizon: () => 0,
      lost: new LostSegments(() => undefined),
    });
    const [window, same] = await Promise.all([timeline.window(0), timeline.window(0)]);
    assert.deepEqual(numbers(window), expected);
    assert.equal(window.ended, true);
    assert.equal(window, same);
    const { reads } = source;
    assert.equal(await timeline.window(1), window);
    assert.equal(source.reads, reads);
    assert.equal(timeline.find(5)!.sequence, 6);
    assert.equal(timeline.find(-1), undefined);
    assert.equal(timeline.find(expected.length), undefined);
  }
});

test("what expires leaves the list, and nothing is left at last", async () => {
  let horizon = 0;
  const timeline = new RangeTimeline(tenSegments(), {
    maxSegments: undefined,
    horizon: () => horizon,
    lost: new LostSegments(() => undefined),
  });
  const whole = await timeline.window(0);
  horizon = rowAt(1).serverTimestamp;
  assert.equal(await timeline.window(0), whole);
  horizon = rowAt(4).serverTimestamp;
  const left = await timeline.window(0);
  assert.deepEqual(numbers(left), [3, 4, 5, 6, 7, 8, 9]);
  assert.notEqual(left.list, whole.list);
  assert.equal(await timeline.window(0), left);
  horizon = Number.POSITIVE_INFINITY;
  assert.deepEqual(numbers(await timeline.window(0)), []);
});

test("what expires between others is a gap", async () => {
  // The first five were sent an hour after the others.
  const arrived = (sequence: number) => rowAt(sequence).serverTimestamp + (sequence <= 5 ? 3_600_000 : 0);
  let horizon = 0;
  const timeline = new RangeTimeline(tenSegments(arrived), {
    maxSegments: undefined,
    horizon: () => horizon,
    lost: new LostSegments(() => undefined),
  });
  await timeline.window(0);
  horizon = arrived(8);
  const left = await timeline.window(0);
  assert.deepEqual(
    Array.from(left.segments, ({ gap }) => gap),
    [false, false, false, false, false, true, true, false, false, false],
  );
});

test("what is lost is a gap, in a list of its own", async () => {
  const lost = new LostSegments(() => undefined);
  const timeline = new RangeTimeline(tenSegments(), { maxSegments: undefined, horizon: () => 0, lost });
  const whole = await timeline.window(0);
  lost.failed(whole.segments.at(3)!, new Error("for now"));
  assert.equal(await timeline.window(0), whole);
  lost.failed(whole.segments.at(3)!, new RecordDamaged("a flipped bit"));
  const left = await timeline.window(0);
  assert.deepEqual(
    Array.from(left.segments, ({ number, gap }) => (gap ? `${number} lost` : number)),
    [0, 1, 2, "3 lost", 4, 5, 6, 7, 8, 9],
  );
  assert.notEqual(left.list, whole.list);
  assert.equal(await timeline.window(0), left);
});

test("a list has a bound, whatever there is", async () => {
  const [segment] = await tenSegments().next();
  let number = 0;
  const page = (): Segment[] => Array.from({ length: 10_000 }, () => ({ ...segment!, number: number++ }));
  const endless = { ended: false, next: async () => page() };
  const timeline = new RangeTimeline(endless, {
    maxSegments: undefined,
    horizon: () => 0,
    lost: new LostSegments(() => undefined),
  });
  const { segments, ended } = await timeline.window(0);
  assert.deepEqual([segments.length, ended], [MOST_SEGMENTS, true]);
  assert.equal(segments.at(-1)!.number, MOST_SEGMENTS - 1);
});

test("a list that could not be read is read when it is asked for again", async () => {
  const source = tenSegments();
  const { next } = source;
  source.next = () => Promise.reject(new Error("busy"));
  const timeline = new RangeTimeline(source, {
    maxSegments: undefined,
    horizon: () => 0,
    lost: new LostSegments(() => undefined),
  });
  await assert.rejects(timeline.window(0), /busy/);
  source.next = next;
  assert.equal((await timeline.window(0)).segments.length, 10);
});
