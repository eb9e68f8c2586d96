import assert from "node:assert/strict";
import { test } from "node:test";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentIndex, FragmentScope } from "../../storage/ports/fragment-index.ts";
import type { Stream } from "../streams/stream.ts";
import { RECENT_PAGE_ROWS, RecentRows } from "./recent-rows.ts";
import { rowAt } from "./testing.ts";

/** Ten pages that arrived while nobody watched. */
const LAST = 10 * RECENT_PAGE_ROWS;

/** The recent rows of one stream, over rows that tests add, with a clock that they set. */
function watched(last: number) {
  const rows = Array.from({ length: last }, (_, index) => rowAt(index + 1));
  let reads = 0;
  const after = async (_: FragmentScope, sequence: number, limit: number): Promise<FragmentRow[]> => {
    reads++;
    return rows.filter((row) => row.sequence > sequence).slice(0, limit);
  };
  const index = {
    after,
    newest: async () => rows.at(-1),
    insertions: () => rows.length,
  } as Partial<FragmentIndex> as FragmentIndex;
  const clock = { now: 1000 };
  const stream = { id: 1, horizon: () => 0 } as Partial<Stream> as Stream;
  const recent = new RecentRows(index, () => clock.now);
  const sequences = async (sequence: number): Promise<number[]> =>
    (await recent.after(stream, sequence)).map((row) => row.sequence);
  const known = (sequence: number): number[] | undefined => recent.known(stream, sequence)?.map((row) => row.sequence);
  return { rows, clock, recent, stream, sequences, known, reads: () => reads };
}

test("many who look at the same moment share one look at the index", async () => {
  const { rows, clock, sequences, reads } = watched(5);
  const looks = await Promise.all(Array.from({ length: 100 }, () => sequences(3)));
  assert.equal(reads(), 1);
  for (const look of looks) assert.deepEqual(look, [4, 5]);
  rows.push(rowAt(6));
  clock.now += 50;
  assert.deepEqual(await sequences(3), [4, 5, 6]);
  assert.equal(reads(), 2);
});

test("what is new is known without a look at the index, for a moment", async () => {
  const { rows, clock, known, sequences, reads } = watched(5);
  assert.equal(known(5), undefined);
  await sequences(3);
  assert.deepEqual([2, 3, 4, 5].map(known), [undefined, [4, 5], [5], []]);
  rows.push(rowAt(6));
  clock.now += 49;
  assert.deepEqual(known(5), []);
  clock.now += 1;
  assert.equal(known(5), undefined);
  assert.equal(reads(), 1);
  await sequences(5);
  assert.deepEqual([5, 6].map(known), [[6], []]);
  assert.equal(reads(), 2);
});

test("the index is not looked at again before something was inserted", async () => {
  const { rows, clock, known, sequences, reads } = watched(5);
  await sequences(3);
  clock.now += 60_000;
  assert.deepEqual(known(5), []);
  assert.deepEqual(await sequences(3), [4, 5]);
  assert.equal(reads(), 1);
  rows.push(rowAt(6));
  assert.equal(known(5), undefined);
  assert.deepEqual(await sequences(3), [4, 5, 6]);
  assert.equal(reads(), 2);
});

test("one who is far behind gets page after page, and keeps nobody from the newest rows", async () => {
  const { rows, clock, sequences } = watched(LAST);
  const page = await sequences(0);
  assert.deepEqual([page.length, page[0], page.at(-1)], [RECENT_PAGE_ROWS, 1, RECENT_PAGE_ROWS]);
  assert.deepEqual(await sequences(LAST - 2), [LAST - 1, LAST]);
  assert.deepEqual(await sequences(LAST), []);
  rows.push(rowAt(LAST + 1));
  clock.now += 50;
  assert.deepEqual(await sequences(LAST), [LAST + 1]);
  let [read, reached] = [0, 0];
  for (;;) {
    const more = await sequences(reached);
    if (more.length === 0) break;
    assert.equal(more[0], reached + 1);
    read += more.length;
    reached = more.at(-1)!;
  }
  assert.equal(read, LAST + 1);
});

test("a row that is kept is found by its sequence until it expires", async () => {
  const { recent, stream, sequences } = watched(5);
  assert.equal(recent.kept(stream, 4), undefined);
  await sequences(3);
  assert.equal(recent.kept(stream, 4)?.sequence, 4);
  assert.equal(recent.kept(stream, 3), undefined);
  const later = { id: 1, horizon: () => rowAt(5).serverTimestamp } as Partial<Stream> as Stream;
  assert.equal(recent.kept(later, 4), undefined);
  assert.equal(recent.kept(later, 5)?.sequence, 5);
});
