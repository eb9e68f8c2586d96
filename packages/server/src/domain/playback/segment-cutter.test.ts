import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { areJoined, upToPictures } from "./joined-fragments.ts";
import type { Segment } from "./segment.ts";
import { type CutRules, SegmentCutter } from "./segment-cutter.ts";
import { rowAt } from "./testing.ts";

const RULES: CutRules = {
  clock: "serverTimestamp",
  discontinuities: "on-discontinuity",
  joins: true,
  looksAhead: true,
};

function cut(rows: readonly FragmentRow[], rules: Partial<CutRules> = {}, lost?: number): Segment[] {
  const cutter = new SegmentCutter({ ...RULES, ...rules }, lost);
  return [...rows.map((row) => cutter.push(row)), cutter.flush()].filter((segment) => segment !== undefined);
}

/** Segments in short: `number:first-last`, and `!` where a discontinuity is marked before. */
const short = (segments: readonly Segment[]): string =>
  segments
    .map(
      (segment) => `${segment.discontinuity ? "!" : ""}${segment.number}:${segment.sequence}-${segment.lastSequence}`,
    )
    .join(" ");

/** Fragments one behind the other; lower case ones do not begin with a key frame: `p` with another picture, `s` with sound alone. */
const run = (pattern: string): FragmentRow[] =>
  [...pattern].map((letter, index) => rowAt(index + 1, { startsClean: letter === "K", lacksPictures: letter === "s" }));

test("each clean fragment is a segment, and takes those behind it that are not", () => {
  assert.equal(short(cut(run("KKK"))), "0:1-1 1:2-2 2:3-3");
  assert.equal(short(cut(run("KppKp"))), "0:1-3 1:4-5");
  assert.equal(short(cut(run("ppKp"))), "0:3-4");
  assert.deepEqual(cut(run("pp")), []);
});

test("sound before the first picture is joined to it, as much of it as a segment may have", () => {
  assert.equal(short(cut(run("ssKpK"))), "0:1-4 1:5-5");
  assert.equal(short(cut(run("ssssssssssssK"))), "0:4-13");
  assert.equal(short(cut(run("pssKsK"))), "0:4-5 1:6-6");
  assert.equal(short(cut(run("sspK"))), "0:4-4");
  assert.deepEqual(cut(run("ss")), []);
  assert.ok(cut(run("ssKpK")).every(({ startsClean }) => startsClean));
  assert.ok(areJoined(run("ssKp")));
  assert.ok(!areJoined(run("ssKK")));
});

test("sound before the first picture is left out where the decoder or the clock changes between", () => {
  const [sound, picture] = run("sK");
  const [ofOther] = run("K").map((row) => ({ ...row, sequence: 1002, configuration: 2 }));
  assert.equal(short(cut([sound!, { ...ofOther!, producerTimestamp: picture!.producerTimestamp }])), "0:1002-1002");
  assert.equal(short(cut([sound!, { ...picture!, producerTimestamp: picture!.producerTimestamp + 60 }])), "0:2-2");
  assert.equal(short(cut([sound!, picture!], { joins: false })), "0:2-2");
});

test("sound before the first picture is joined to it where that brings its own parameter sets", () => {
  const [before, sound, picture, next] = run("KsKK");
  const changed = { ...picture!, configuration: 2 };
  const segments = cut([
    before!,
    { ...sound!, sequence: 1002, configuration: 3 },
    { ...changed, sequence: 1003 },
    next!,
  ]);
  assert.equal(short(segments), "0:1-1 !1:1002-1003 !2:4-4");
  assert.deepEqual(
    segments.map(({ configuration, setUp }) => [configuration, setUp.number]),
    [
      [1, 0],
      [2, 1],
      [1, 2],
    ],
  );
  assert.ok(areJoined([sound!, changed]));
  assert.ok(!areJoined([sound!, { ...changed, sequence: 4 }]));
});

test("sound that goes on without pictures is a segment where one is full, and takes the pictures that come again", () => {
  const segments = cut(run("KsssssssssssK"));
  assert.equal(short(segments), "0:1-10 1:11-13");
  assert.ok(segments.every(({ startsClean }) => startsClean));
  assert.ok(!cut(run("Kssssssssssspp"))[1]!.startsClean);
});

test("what the tracks are is told by the fragments up to the first picture", () => {
  const sequences = (pattern: string): number[] => upToPictures(run(pattern)).map(({ sequence }) => sequence);
  assert.deepEqual([sequences("Kp"), sequences("ssKp"), sequences("ss")], [[1], [1, 2, 3], [1]]);
});

test("where nothing is joined, each fragment behind the first clean one is a segment", () => {
  assert.equal(short(cut(run("pKpK"), { joins: false })), "0:2-2 1:3-3 2:4-4");
});

test("a joined segment is bounded in time, and its size is the sum", () => {
  const [segment] = cut(run("Kpp"));
  assert.equal(segment!.size, 3000);
  assert.equal(segment!.duration, 6000);
  assert.equal(segment!.fragments, 3);
  assert.equal(short(cut(run("Kppppppppppp"))), "0:1-10 1:11-12");
});

test("a segment lasts to the next one, where that is known and goes on, else to its own end", () => {
  const late = rowAt(2, { producerTimestamp: rowAt(2).producerTimestamp + 30 });
  const durations = cut([rowAt(1), late, rowAt(4)]).map(({ duration }) => duration);
  assert.deepEqual(durations, [2030, 2000, 2000]);
});

test("where the next one is not known, ends that reach too far add up to no drift", () => {
  const rows = [1, 2, 3, 10, 11].map((sequence) => rowAt(sequence, { duration: 2021 }));
  const durations = cut(rows, { looksAhead: false }).map(({ duration }) => duration);
  assert.deepEqual(durations, [2021, 2000, 2000, 2021, 2000]);
});

test("a gap, an overlap and another set-up are discontinuities, in that mode", () => {
  const at = (sequence: number, offset: number, more = {}): FragmentRow =>
    rowAt(sequence, { producerTimestamp: rowAt(sequence).producerTimestamp + offset, ...more });
  const rows = [at(1, 0), at(2, 50), at(3, 101), at(4, -400), at(5, -400, { configuration: 2 })];
  assert.equal(short(cut(rows)), "0:1-1 1:2-2 !2:3-3 !3:4-4 !4:5-5");
  assert.equal(short(cut(rows, { discontinuities: "always" })), "0:1-1 !1:2-2 !2:3-3 !3:4-4 !4:5-5");
  assert.equal(short(cut(rows, { discontinuities: "never" })), "0:1-1 1:2-2 2:3-3 3:4-4 !4:5-5");
});

test("timestamps that go back are a discontinuity in every mode", () => {
  const rows = [rowAt(5), rowAt(6, { producerTimestamp: rowAt(1).producerTimestamp })];
  assert.equal(short(cut(rows, { discontinuities: "never" })), "0:5-5 !1:6-6");
});

test("the set-up is that of the first segment in a row that has it", () => {
  const rows = [1, 1, 2, 2, 1].map((configuration, index) => rowAt(index + 1, { configuration }));
  assert.deepEqual(
    cut(rows).map(({ setUp }) => setUp.number),
    [0, 0, 2, 2, 4],
  );
});

test("runs close the gaps between them, or keep to the server's clock where it is live", () => {
  const rows = [rowAt(1), rowAt(2), rowAt(100), rowAt(101)];
  assert.deepEqual(
    cut(rows).map(({ run }) => [run.number, run.presentedAt]),
    [
      [0, 0],
      [0, 0],
      [2, 4000],
      [2, 4000],
    ],
  );
  const live = cut(rows, { liveSince: rowAt(1).serverTimestamp - 500 });
  assert.deepEqual(
    live.map(({ run }) => run.presentedAt),
    [500, 500, 198_500, 198_500],
  );
});

test("what is live goes on without a gap where only its set-up changes, however late it comes", () => {
  const late = { configuration: 2, serverTimestamp: rowAt(3).serverTimestamp + 700 };
  const rows = [rowAt(1), rowAt(2), rowAt(3, late), rowAt(4, { configuration: 2 })];
  const live = cut(rows, { liveSince: rowAt(1).serverTimestamp });
  assert.deepEqual(
    live.map(({ run }) => [run.number, run.presentedAt]),
    [
      [0, 0],
      [0, 0],
      [2, 4000],
      [2, 4000],
    ],
  );
});

test("discontinuities behind a window are counted", () => {
  const segments = cut([rowAt(1), rowAt(3), rowAt(4), rowAt(6)]);
  assert.deepEqual(
    segments.map(({ discontinuitiesBefore }) => discontinuitiesBefore),
    [0, 0, 1, 1],
  );
});

test("what was lost before counts as segments and discontinuities", () => {
  const [segment] = cut([rowAt(7)], {}, 6);
  assert.equal(segment!.number, 6);
  assert.equal(segment!.discontinuitiesBefore, 6);
});

test("any fragments: every one from the first clean one on is in exactly one segment, in order", () => {
  const rows = fc
    .array(
      fc.record({
        clean: fc.boolean(),
        step: fc.integer({ min: -3000, max: 9000 }),
        set: fc.integer({ min: 1, max: 2 }),
      }),
    )
    .map((steps) => {
      let time = 1e9;
      return steps.map(({ clean, step, set }, index) => {
        time += step;
        return rowAt(index + 1, { producerTimestamp: time, startsClean: clean, configuration: set });
      });
    });
  fc.assert(
    fc.property(rows, fc.boolean(), (all, joins) => {
      const first = all.findIndex(({ startsClean }) => startsClean);
      let next = first + 1;
      for (const [index, segment] of cut(all, { joins }).entries()) {
        assert.equal(segment.number, index);
        assert.equal(segment.sequence, next);
        assert.equal(segment.lastSequence, next + segment.fragments - 1);
        assert.ok(segment.duration > 0 && segment.run.presentedAt >= 0);
        next = segment.lastSequence + 1;
      }
      assert.equal(next, first < 0 ? 0 : all.length + 1);
    }),
  );
});

/** Two groups of pictures whose clusters hold a frame each, in the order of decoding: each group is shown I B B P. */
const reordered = (): FragmentRow[] =>
  [0, 120, 40, 80, 160, 280, 200, 240].map((at, index) =>
    rowAt(index + 1, { producerTimestamp: 1_000_000 + at, duration: 40, startsClean: index % 4 === 0 }),
  );

test("clusters that begin in the order of decoding are one segment, which ends with the frame shown last", () => {
  const segments = cut(reordered());
  assert.equal(short(segments), "0:1-4 1:5-8");
  assert.deepEqual(
    segments.map(({ duration }) => duration),
    [160, 160],
  );
  assert.deepEqual(
    cut(reordered(), { looksAhead: false }).map(({ duration }) => duration),
    [160, 160],
  );
  assert.ok(areJoined(reordered().slice(0, 4)));
});

test("what is joined to a segment is all of one group, and no more than a playlist would have", () => {
  assert.ok(areJoined(run("Kpp")));
  assert.ok(!areJoined([]));
  assert.ok(!areJoined(run("KpK")));
  assert.ok(!areJoined(run("Kpppppppppppp")));
  assert.ok(!areJoined([rowAt(1), rowAt(2, { startsClean: false, size: 50_000_000 })]));
  assert.ok(!areJoined([rowAt(1), rowAt(2, { startsClean: false, configuration: 2 })]));
  assert.ok(!areJoined([rowAt(1), rowAt(9, { startsClean: false })]));
});

test("a clock that was set back breaks the timeline where it comes by the session's beginning, in every mode", () => {
  const base = rowAt(4).producerTimestamp;
  const first = rowAt(1, { producerTimestamp: base });
  const setBack = (pattern: string): FragmentRow[] => [
    first,
    ...run(pattern).map((row) => ({ ...row, sequence: row.sequence + 1 })),
  ];
  for (const discontinuities of ["never", "on-discontinuity"] as const) {
    const rules = { base, discontinuities };
    assert.equal(short(cut(setBack("KKpKK"), rules)), "0:1-1 !1:2-2 2:3-4 !3:5-5 4:6-6");
    // A segment has the times of its first fragment.
    assert.equal(short(cut(setBack("KKKpK"), rules)), "0:1-1 !1:2-2 2:3-3 3:4-5 !4:6-6");
  }
  const [, before, , after] = cut(setBack("KKpKK"), { base });
  assert.notEqual(before!.run, after!.run);
});
