import assert from "node:assert/strict";
import { test } from "node:test";
import { openFragmentIndex } from "../../storage/catalog/sqlite/open-fragment-index.ts";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { FragmentTimeline } from "./fragment-timeline.ts";

const SCOPE = { streamId: 1, horizon: 0 };
const BASE = 1_000_000_000;

/** A fragment of stream 1: [sequence, start, duration, configuration]. Start in milliseconds; the server has it a minute later. */
type Fragment = readonly [
  sequence: number,
  start: number,
  duration: number,
  configuration?: number,
  startsClean?: boolean,
];

function indexOf(fragments: readonly Fragment[]): FragmentIndex {
  const { index, ledger } = openFragmentIndex(":memory:");
  ledger.addSegment(1, 0);
  ledger.insert(
    fragments.map(
      ([sequence, start, duration, configuration = 1, startsClean = true]): FragmentRow => ({
        ...{ streamId: 1, sequence, random: 1, segment: 1, extents: [sequence * 100, 100] },
        ...{ producerTimestamp: BASE + start, serverTimestamp: BASE + start + 60_000 },
        ...{ duration, size: 100, startsClean, lacksPictures: false, configuration },
      }),
    ),
  );
  return index;
}

async function timelineOf(fragments: readonly Fragment[], first: number, last: number): Promise<FragmentTimeline> {
  const span = { first: BASE + first, last: BASE + last };
  return FragmentTimeline.load(indexOf(fragments), SCOPE, "producerTimestamp", span);
}

test("the fragment of a moment is the one that covers it, or the one before a short pause", async () => {
  const timeline = await timelineOf(
    [
      [1, 0, 2000],
      [2, 2100, 1900],
      [3, 9000, 2000],
    ],
    -1000,
    20_000,
  );
  const found = [-1, 0, 1999, 2050, 2100, 3999, 4000, 8999, 9000, 10_999, 11_000].map(
    (at) => timeline.at(BASE + at)?.sequence,
  );
  assert.deepEqual(found, [undefined, 1, 1, 1, 2, 2, undefined, undefined, 3, 3, undefined]);
});

test("of footage that was sent twice the newest is taken", async () => {
  const timeline = await timelineOf(
    [
      [1, 0, 2000],
      [2, 2000, 2000],
      [7, 0, 2000],
      [8, 2500, 2000],
    ],
    0,
    5000,
  );
  const found = [0, 1000, 2100, 2600].map((at) => timeline.at(BASE + at)?.sequence);
  assert.deepEqual(found, [7, 7, 2, 8]);
});

test("fragments that go on from each other are found, others are not", async () => {
  const fragments: Fragment[] = [
    [1, 0, 1000],
    [2, 1000, 1000],
    [3, 500_000, 1000],
    [4, 2000, 1000],
    [5, 3000, 1000, 2],
    [6, 4000, 1000, 2],
    [7, 9000, 1000, 2],
  ];
  const timeline = await timelineOf(fragments, 0, 10_000);
  const row = (at: number): FragmentRow => timeline.at(BASE + at)!;
  const before = [500, 1500, 2500, 3500, 4500, 9500].map((at) => timeline.before(row(at))?.sequence);
  assert.deepEqual(before, [undefined, 1, 2, undefined, 5, undefined]);
  const after = [500, 1500, 2500, 3500, 4500, 9500].map((at) => timeline.after(row(at))?.sequence);
  assert.deepEqual(after, [2, 4, undefined, 6, undefined, undefined]);
});

test("a fragment that began long before is found as well, and pages of rows are joined", async () => {
  const short = Array.from({ length: 2500 }, (_, i): Fragment => [i + 2, 300_000 + i * 50, 50]);
  const timeline = await timelineOf([[1, 0, 300_000], ...short], 200_000, 420_000);
  const found = [250_000, 299_999, 300_000, 310_049, 424_980].map((at) => timeline.at(BASE + at)?.sequence);
  assert.deepEqual(found, [1, 1, 2, 202, undefined]);
});

test("fragments of one group of pictures are found in the order in which they were sent", async () => {
  const fragments: Fragment[] = [
    [1, 0, 40],
    [2, 120, 40, 1, false],
    [3, 40, 40, 1, false],
    [4, 80, 40, 1, false],
  ];
  const timeline = await timelineOf(fragments, 0, 200);
  const row = (at: number): FragmentRow => timeline.at(BASE + at)!;
  assert.deepEqual(
    [0, 130, 50, 90].map((at) => timeline.before(row(at))?.sequence),
    [undefined, 1, 2, 3],
  );
  assert.deepEqual(
    [0, 130, 50, 90].map((at) => timeline.after(row(at))?.sequence),
    [2, 3, 4, undefined],
  );
});
