import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Segment } from "./segment.ts";
import { SegmentCutter } from "./segment-cutter.ts";
import { LeftSegments, type ListedSegment, SegmentList } from "./segment-list.ts";
import { rowAt } from "./testing.ts";

const CLOCKS = ["serverTimestamp", "producerTimestamp"] as const;

/** Rows that differ in all that a segment can have: jumps of both clocks, joined fragments, other set-ups, fractions of a millisecond. */
const row = fc.record(
  {
    serverTimestamp: fc.integer({ min: 0, max: 2 ** 42 }),
    producerTimestamp: fc.oneof(fc.integer({ min: 0, max: 2 ** 42 }), fc.double({ min: 0, max: 1e6, noNaN: true })),
    random: fc.integer({ min: 0, max: 2 ** 28 - 1 }),
    duration: fc.oneof(fc.constant(2000), fc.double({ min: 0, max: 20_000, noNaN: true })),
    size: fc.nat({ max: 50_000_000 }),
    startsClean: fc.boolean(),
    configuration: fc.constantFrom(1, 2 ** 32 - 1),
  },
  { noNullPrototype: true, requiredKeys: [] },
);

const cut = fc
  .record({ rows: fc.array(row, { maxLength: 40 }), clock: fc.constantFrom(...CLOCKS), lost: fc.nat({ max: 9 }) })
  .map(({ rows, clock, lost }) => {
    const rules = { clock, discontinuities: "on-discontinuity", joins: true, looksAhead: true } as const;
    const cutter = new SegmentCutter(rules, lost);
    const whole = rows.map((changes, index) => cutter.push(rowAt(index + 1, { ...changes })));
    return [...whole, cutter.flush()].filter((segment) => segment !== undefined);
  });

/** What a playlist says of a segment, as it is now. */
function listed(segment: ListedSegment): ListedSegment {
  const {
    sequence,
    serverTimestamp,
    random,
    fragments,
    duration,
    configuration,
    shownStart,
    gap,
    discontinuity,
    setUp,
  } = segment;
  return {
    sequence,
    serverTimestamp,
    random,
    fragments,
    duration,
    configuration,
    shownStart,
    gap,
    discontinuity,
    setUp,
  };
}

function listOf(segments: readonly Segment[]): SegmentList {
  const list = new SegmentList();
  for (const segment of segments) list.push(segment);
  list.finish();
  return list;
}

test("a list gives back what was put into it", () => {
  fc.assert(
    fc.property(cut, (segments) => {
      const list = listOf(segments);
      assert.equal(list.length, segments.length);
      assert.deepEqual([...list], segments);
      assert.deepEqual(Array.from(list.listed(), listed), segments.map(listed));
      for (let place = -segments.length - 1; place <= segments.length; place++)
        assert.deepEqual(list.at(place), segments.at(place));
      assert.equal(list.oldest, Math.min(...segments.map(({ serverTimestamp }) => serverTimestamp)));
    }),
  );
});

const isLost = ({ sequence }: Pick<Segment, "sequence">): boolean => sequence % 4 === 0;

test("what is left of a list begins with the first segment that has not expired, and has gaps for others that have, and for what is lost", () => {
  fc.assert(
    fc.property(cut, fc.integer({ min: 0, max: 2 ** 42 }), (segments, horizon) => {
      const list = listOf(segments);
      const { count, firstLeft, oldestLeft } = list.expired(horizon);
      const left = new LeftSegments(list, firstLeft, horizon, { has: isLost });
      const expired = ({ serverTimestamp }: Segment) => serverTimestamp < horizon;
      const first = segments.findIndex((segment) => !expired(segment));
      const expected = first < 0 ? [] : segments.slice(first);
      assert.equal(count, segments.filter(expired).length);
      const withGaps = expected.map((segment) => ({ ...segment, gap: expired(segment) || isLost(segment) }));
      assert.deepEqual([...left], withGaps);
      assert.deepEqual(Array.from(left.listed(), listed), withGaps.map(listed));
      const arrivals = expected.filter((segment) => !expired(segment)).map(({ serverTimestamp }) => serverTimestamp);
      assert.equal(oldestLeft, Math.min(...arrivals));
      for (let place = -left.length - 1; place <= left.length; place++)
        assert.deepEqual(left.at(place), withGaps.at(place));
    }),
  );
});

test("a list of several blocks", () => {
  const [segment] = cutOne();
  const list = new SegmentList();
  const many = 10_000;
  for (let number = 0; number < many; number++) list.push({ ...segment!, number, sequence: number + 1 });
  assert.equal(list.length, many);
  let number = 0;
  for (const each of list) assert.equal(each.number, number++);
  assert.equal(list.at(4096)!.sequence, 4097);
  assert.equal(list.at(-1)!.sequence, many);
  list.finish();
  assert.equal(list.at(8191)!.sequence, 8192);
  assert.equal(list.at(-1)!.sequence, many);
  assert.equal(list.at(many), undefined);
});

function cutOne(): Segment[] {
  const cutter = new SegmentCutter({
    clock: "serverTimestamp",
    discontinuities: "never",
    joins: false,
    looksAhead: false,
  });
  cutter.push(rowAt(1));
  return [cutter.flush()!];
}
