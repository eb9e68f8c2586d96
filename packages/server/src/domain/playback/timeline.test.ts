import assert from "node:assert/strict";
import { test } from "node:test";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { Semaphore } from "../fragments/semaphore.ts";
import { LostSegments } from "./lost-segments.ts";
import type { Segment } from "./segment.ts";
import { SegmentCutter } from "./segment-cutter.ts";
import type { SegmentSource } from "./segment-source.ts";
import { rowAt } from "./testing.ts";
import { type PlaylistWindow, Timeline, type TimelineRules } from "./timeline.ts";

/** Gives out what is put in, at most `page` at a time. */
class ScriptedSource implements SegmentSource {
  ended = false;
  reads = 0;
  readonly #page: number;
  readonly #cutter = new SegmentCutter({
    clock: "serverTimestamp",
    discontinuities: "never",
    joins: false,
    looksAhead: false,
  });
  readonly #segments: Segment[] = [];
  onRead = (): void => undefined;

  constructor(page = 100) {
    this.#page = page;
  }

  put(...rows: FragmentRow[]): void {
    for (const row of rows) {
      this.#cutter.push(row);
      this.#segments.push(this.#cutter.flush()!);
    }
  }

  get behind(): boolean {
    return this.#segments.length > 0;
  }

  async next(): Promise<Segment[]> {
    this.reads++;
    this.onRead();
    return this.take();
  }

  take(): Segment[] {
    return this.#segments.splice(0, this.#page);
  }
}

const rowsTo = (last: number, first = 1): FragmentRow[] =>
  Array.from({ length: last - first + 1 }, (_, index) => rowAt(first + index));
const numbers = ({ segments }: PlaylistWindow): number[] => Array.from(segments, ({ number }) => number);
const timeline = (source: SegmentSource, rules: Partial<TimelineRules>): Timeline =>
  new Timeline(source, {
    mode: "live",
    maxSegments: 3,
    createdAt: 0,
    base: rowAt(1).producerTimestamp,
    horizon: () => 0,
    lost: new LostSegments(() => undefined),
    ...rules,
  });

test("what expires in a window that nothing moves on is a gap, also where nobody had to wait to be told", async () => {
  const source = Object.assign(new ScriptedSource(), { nextKnown: () => source.take() });
  let horizon = 0;
  const live = timeline(source, { horizon: () => horizon });
  const rows = rowsTo(3);
  source.put(...rows);
  const gaps = async () => Array.from((await live.window(0)).segments, ({ gap }) => gap);
  assert.deepEqual(await gaps(), [false, false, false]);
  const known = () => Array.from(live.current(0)!.segments, ({ gap }) => gap);
  horizon = rows[1]!.serverTimestamp;
  assert.deepEqual(known(), [true, false, false]);
  assert.equal(live.current(0), await live.window(0));
  horizon = rows[2]!.serverTimestamp;
  assert.deepEqual(await gaps(), [true, true, false]);
  assert.equal(live.current(0), await live.window(0));
  horizon = rows[2]!.serverTimestamp + 1;
  assert.deepEqual(known(), [true, true, true]);
  assert.deepEqual(numbers(await live.window(0)), [0, 1, 2]);
  source.put(...rowsTo(4, 4));
  assert.deepEqual(numbers(live.current(0)!), [1, 2, 3]);
  assert.equal(live.current(0), await live.window(0));
  assert.equal(source.reads, 6);
});

test("a live window moves on with what arrives, and remembers what it has left", async () => {
  const source = new ScriptedSource();
  const live = timeline(source, {});
  source.put(...rowsTo(2));
  assert.deepEqual(numbers(await live.window(0)), [0, 1]);
  source.put(...rowsTo(5, 3));
  assert.deepEqual(numbers(await live.window(0)), [2, 3, 4]);
  assert.deepEqual(numbers(await live.window(0)), [2, 3, 4]);
  assert.equal(live.find(0)?.sequence, 1);
  source.put(...rowsTo(100, 6));
  assert.deepEqual(numbers(await live.window(0)), [97, 98, 99]);
  assert.equal(live.find(0), undefined);
  assert.equal(live.find(80)?.sequence, 81);
  assert.equal(live.find(100), undefined);
});

test("those who look at the same time share one reading", async () => {
  const source = new ScriptedSource();
  const live = timeline(source, {});
  source.put(...rowsTo(3));
  const windows = await Promise.all([live.window(0), live.window(0), live.window(0)]);
  assert.equal(source.reads, 1);
  for (const window of windows) assert.deepEqual(numbers(window), [0, 1, 2]);
});

test("a replay begins with three segments and adds one when the first of them would have been played", async () => {
  const source = new ScriptedSource(4);
  const replay = timeline(source, { mode: "live-replay", maxSegments: 5, createdAt: 1000 });
  source.put(...rowsTo(9));
  assert.deepEqual(numbers(await replay.window(1000)), [0, 1, 2]);
  assert.deepEqual(numbers(await replay.window(2999)), [0, 1, 2]);
  assert.deepEqual(numbers(await replay.window(3000)), [0, 1, 2, 3]);
  const late = await replay.window(9000);
  assert.deepEqual(numbers(late), [2, 3, 4, 5, 6]);
  assert.equal(late.ended, false);
  source.ended = true;
  const last = await replay.window(13_000);
  assert.deepEqual(numbers(last), [4, 5, 6, 7, 8]);
  assert.equal(last.ended, true);
});

test("where the beginning of a replay has expired, its time has passed all the same", async () => {
  const cutter = new SegmentCutter(
    { clock: "serverTimestamp", discontinuities: "never", joins: false, looksAhead: false },
    10,
  );
  const left = rowsTo(14, 11).map((row) => {
    cutter.push(row);
    return cutter.flush()!;
  });
  const source = { ended: false, next: async () => left.splice(0) };
  const replay = timeline(source, { mode: "live-replay" });
  // The first three that are left are there at once; the fourth when the first of them, from 20 s to 22 s, would have been played.
  assert.deepEqual(numbers(await replay.window(21_999)), [10, 11, 12]);
  assert.deepEqual(numbers(await replay.window(22_000)), [11, 12, 13]);
});

test("what is lost is a gap of the window, and the run behind it keeps its name when the gap has left", async () => {
  const source = new ScriptedSource();
  const lost = new LostSegments(() => undefined);
  const live = timeline(source, { lost });
  const shown = async (): Promise<unknown[]> =>
    Array.from((await live.window(0)).segments, ({ number, gap, run }) => [number, gap ? "lost" : run]);
  const whole = { number: 0, start: rowAt(1).producerTimestamp, presentedAt: 0 };
  source.put(...rowsTo(3));
  assert.deepEqual(
    await shown(),
    [0, 1, 2].map((number) => [number, whole]),
  );
  lost.failed((await live.window(0)).segments.at(1)!, new RecordDamaged("a flipped bit"));
  assert.equal(live.current(0), undefined);
  const behind = { number: 2, start: rowAt(3).producerTimestamp, presentedAt: 4000 };
  assert.deepEqual(await shown(), [
    [0, whole],
    [1, "lost"],
    [2, behind],
  ]);
  const { segments } = await live.window(0);
  source.put(...rowsTo(5, 4));
  assert.deepEqual(
    await shown(),
    [2, 3, 4].map((number) => [number, behind]),
  );
  // Where the last one is lost, the run behind it begins at its end.
  lost.failed((await live.window(0)).segments.at(-1)!, new RecordDamaged("a flipped bit"));
  const next = { number: 5, start: rowAt(6).producerTimestamp, presentedAt: 10_000 };
  source.put(...rowsTo(6, 6));
  assert.deepEqual(await shown(), [
    [3, behind],
    [4, "lost"],
    [5, next],
  ]);
  // Nothing is known of it any more by another session, which marks it when it comes.
  const other = timeline(source, { lost });
  source.put(...rowsTo(6).slice(-3));
  assert.equal(segments.at(0)!.gap, false);
  assert.deepEqual(
    Array.from((await other.window(0)).segments, ({ gap }) => gap),
    [false, true, false],
  );
});

for (const mode of ["live", "live-replay"] as const) {
  test(`what a ${mode} session has missed is read for one session at a time, with a turn for others before each page`, async () => {
    let turns = 0;
    let running = true;
    const others = (): void => {
      turns++;
      if (running) setImmediate(others);
    };
    setImmediate(others);
    const backlogs = new Semaphore(1);
    const reads: { session: number; turn: number }[] = [];
    const sessions = [1, 2].map((session) => {
      const source = new ScriptedSource(10);
      source.onRead = () => void reads.push({ session, turn: turns });
      source.put(...rowsTo(50));
      const base = rowAt(1).producerTimestamp;
      const rules = {
        mode,
        maxSegments: 3,
        createdAt: 0,
        base,
        horizon: () => 0,
        lost: new LostSegments(() => undefined),
      };
      return new Timeline(source, rules, backlogs);
    });
    const windows = await Promise.all(sessions.map((session) => session.window(1e9)));
    running = false;
    for (const window of windows) assert.deepEqual(numbers(window), [47, 48, 49]);
    const order = reads.map(({ session }) => session);
    assert.deepEqual(order, order.toSorted());
    assert.equal(new Set(reads.map(({ turn }) => turn)).size, reads.length);
  });
}
