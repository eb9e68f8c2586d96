import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FragmentRow, TimedFragment } from "../ports/fragment.ts";
import type {
  FragmentClock,
  FragmentCursor,
  FragmentIndex,
  FragmentLedger,
  FragmentScope,
} from "../ports/fragment-index.ts";
import { identityOf, summaryOf } from "./fragments.ts";

/** Both sides of an index. */
export interface IndexFixture {
  readonly index: FragmentIndex;
  readonly ledger: FragmentLedger;
}

/** A row in `segment`, one record of 1,000 bytes at its sequence. */
export function rowOf(streamId: number, sequence: number, changes: Partial<FragmentRow> = {}): FragmentRow {
  const identity = identityOf(streamId, sequence);
  const place = { segment: 1, extents: [sequence * 1000, 1000] };
  return { ...identity, ...summaryOf(900), ...place, ...changes };
}

/** Rows that a page of a range has: few, so that most ranges take several. */
const PAGE = 4;

const withoutPlace = ({ segment: _segment, extents: _extents, ...timed }: FragmentRow): TimedFragment => timed;

const CLOCKS: readonly FragmentClock[] = ["serverTimestamp", "producerTimestamp"];

/** The port's words as plain code over an array: what the property tests hold an index against. */
class Model {
  rows: FragmentRow[] = [];

  live({ streamId, horizon }: FragmentScope): FragmentRow[] {
    const rows = this.rows.filter((row) => row.streamId === streamId && row.serverTimestamp >= horizon);
    return rows.sort((a, b) => a.sequence - b.sequence);
  }

  at(scope: FragmentScope, clock: FragmentClock, time: number): FragmentRow | undefined {
    const contains = (row: FragmentRow) =>
      row[clock] === time || (row[clock] < time && row[clock] + row.duration > time);
    const behind = this.byTime(scope, clock).find((row) => row[clock] > time);
    const containing = this.live(scope).filter(contains);
    return containing.sort((a, b) => b[clock] - a[clock] || a.sequence - b.sequence)[0] ?? behind;
  }

  byTime(scope: FragmentScope, clock: FragmentClock): FragmentRow[] {
    return this.live(scope).sort((a, b) => a[clock] - b[clock] || a.sequence - b.sequence);
  }
}

/** Numbers with fractions; adding 0 makes -0, which no database tells from 0, a 0. */
const fractions = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map((value) => value + 0);

/** Few streams, sequences and times, so that rows overlap, repeat and replace one another. */
const randomRows = fc.array(
  fc
    .record(
      {
        streamId: fc.integer({ min: 1, max: 2 }),
        sequence: fc.integer({ min: 1, max: 30 }),
        serverTimestamp: fc.integer({ min: 0, max: 40 }),
        producerTimestamp: fc.oneof(fc.integer({ min: -5, max: 40 }), fractions(-5, 40)),
        random: fc.nat({ max: 2 ** 28 - 1 }),
        duration: fc.oneof(fc.integer({ min: 0, max: 12 }), fractions(0, 12)),
        size: fc.nat({ max: 1000 }),
        startsClean: fc.boolean(),
        lacksPictures: fc.constant(false),
        configuration: fc.nat({ max: 2 ** 32 - 1 }),
        segment: fc.integer({ min: 1, max: 3 }),
        extents: fc.constantFrom([0, 1000], [5000, 70_000, 80_000, 3]),
      },
      { noNullPrototype: true },
    )
    .chain((row) => fc.boolean().map((lacks) => ({ ...row, lacksPictures: lacks && !row.startsClean }))),
  { maxLength: 60 },
);

/** The same, and as cameras send them: clocks that ascend with the sequences, but for a row or none. */
const arrivals = fc.oneof(
  randomRows,
  fc.tuple(randomRows, fc.nat({ max: 30 })).map(([rows, late]) =>
    rows.map((row) => {
      const serverTimestamp = row.sequence + (row.sequence === late ? 7 : 0);
      return { ...row, serverTimestamp, producerTimestamp: serverTimestamp + 0.25 };
    }),
  ),
);

/** What every FragmentIndex and FragmentLedger keep, as tests. `open` gives an empty index. */
export function fragmentIndexContract(name: string, open: () => IndexFixture): void {
  const withIndex = (title: string, body: (fixture: IndexFixture) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const fixture = open();
      try {
        await body(fixture);
      } finally {
        await fixture.index.close();
      }
    });

  function fill({ ledger }: IndexFixture, rows: readonly FragmentRow[]): Model {
    for (const segment of [1, 2, 3]) ledger.addSegment(segment, segment);
    const model = new Model();
    for (let i = 0; i < rows.length; i += 7) {
      const batch = rows.slice(i, i + 7);
      ledger.insert(batch);
      for (const row of batch) {
        model.rows = model.rows.filter((old) => old.streamId !== row.streamId || old.sequence !== row.sequence);
        model.rows.push(row);
      }
    }
    return model;
  }

  test(`${name}: every query answers as a plain array does`, async () => {
    const probe = fc.record({
      horizon: fc.nat({ max: 30 }),
      time: fc.integer({ min: -6, max: 45 }),
      span: fc.nat({ max: 45 }),
    });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.array(probe, { minLength: 5, maxLength: 5 }), async (rows, probes) => {
        const fixture = open();
        const model = fill(fixture, rows);
        for (const { horizon, time, span } of probes)
          await assertAnswers(fixture.index, model, { horizon, time, span });
        await assertSums(fixture, model);
        await fixture.index.close();
      }),
      { numRuns: 150 },
    );
  });

  test(`${name}: expiring, purging and moving keep rows and sums true`, async () => {
    const scenario = fc.record({
      horizon: fc.nat({ max: 45 }),
      limit: fc.integer({ min: 1, max: 20 }),
      purge: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(randomRows, scenario, async (rows, { horizon, limit, purge }) => {
        const fixture = open();
        const { index, ledger } = fixture;
        const model = fill(fixture, rows);
        const doomed = model.rows.filter((row) => row.streamId === 1 && row.serverTimestamp < horizon).length;
        assert.equal(await index.expire(1, horizon, limit), Math.min(doomed, limit));
        while ((await index.expire(1, horizon, limit)) > 0);
        model.rows = model.rows.filter((row) => row.streamId !== 1 || row.serverTimestamp >= horizon);
        const moves = model.rows.map(({ streamId, sequence, segment: from }) => ({
          streamId,
          sequence,
          from,
          segment: 3,
          extents: [7, 8],
        }));
        const gone = { streamId: 9, sequence: 1, from: 1, segment: 3, extents: [0, 1] };
        assert.equal(ledger.move([...moves.map((move) => ({ ...move, from: 99 })), gone]), 0);
        assert.equal(ledger.move([...moves, gone]), moves.length);
        model.rows = model.rows.map((row) => ({ ...row, segment: 3, extents: [7, 8] }));
        if (purge) {
          while ((await index.purge((streamId) => streamId === 1, limit)) > 0);
          model.rows = model.rows.filter((row) => row.streamId === 1);
        }
        await assertAnswers(index, model, { horizon: 0, time: 3, span: 40 });
        await assertSums(fixture, model);
        await index.close();
      }),
      { numRuns: 100 },
    );
  });

  async function assertAnswers(
    index: FragmentIndex,
    model: Model,
    probe: { horizon: number; time: number; span: number },
  ) {
    const { horizon, time, span } = probe;
    for (const streamId of [1, 2]) {
      const scope = { streamId, horizon };
      const live = model.live(scope);
      assert.deepEqual(await index.after(scope, time, 3), live.filter((row) => row.sequence > time).slice(0, 3));
      assert.deepEqual(await index.newest(scope), live.at(-1));
      assert.deepEqual(
        await index.bySequence(scope, span),
        live.find((row) => row.sequence === span),
      );
      for (const clock of CLOCKS) {
        assert.deepEqual(await index.at(scope, clock, time), model.at(scope, clock, time), `at ${clock} ${time}`);
        const inRange = model.byTime(scope, clock).filter((row) => row[clock] >= time && row[clock] <= time + span);
        const range = { from: time, to: time + span };
        assert.deepEqual(await pages(clock, (after) => index.range(scope, clock, range, after, PAGE)), inRange);
        const timed = await pages(clock, (after) => index.timeline(scope, clock, range, after, PAGE));
        assert.deepEqual(timed, inRange.map(withoutPlace));
      }
    }
  }

  async function pages<Row extends TimedFragment>(
    clock: FragmentClock,
    read: (after: FragmentCursor | undefined) => Promise<Row[]>,
  ): Promise<Row[]> {
    const found: Row[] = [];
    for (;;) {
      const last = found.at(-1);
      const page = await read(last && { time: last[clock], sequence: last.sequence });
      found.push(...page);
      if (page.length < PAGE) return found;
    }
  }

  async function assertSums({ index, ledger }: IndexFixture, model: Model) {
    const sum = (rows: readonly FragmentRow[], value: (row: FragmentRow) => number) =>
      rows.reduce((total, row) => total + value(row), 0);
    const recordBytes = ({ extents }: FragmentRow) => extents.reduce((total, n, i) => total + (i % 2 === 1 ? n : 0), 0);
    for (const streamId of [1, 2]) {
      const rows = model.live({ streamId, horizon: 0 });
      assert.deepEqual(await index.totals(streamId), {
        fragments: rows.length,
        bytes: sum(rows, (row) => row.size),
        newestSequence: rows.at(-1)?.sequence ?? 0,
      });
    }
    for (const row of ledger.segments()) {
      const rows = model.rows.filter(({ segment }) => segment === row.segment);
      assert.equal(row.liveFragments, rows.length);
      assert.equal(row.liveBytes, sum(rows, recordBytes));
    }
  }

  withIndex("insertions are told of the streams that had them, and of no others", async ({ index, ledger }) => {
    ledger.addSegment(1, 0);
    const counts = () => [index.insertions(1), index.insertions(2)] as const;
    const [, other] = counts();
    const seen = new Set([index.insertions(1)]);
    for (const sequence of [1, 2, 2]) {
      ledger.insert([rowOf(1, sequence)]);
      const [own, unchanged] = counts();
      assert.equal(seen.has(own), false);
      assert.equal(unchanged, other);
      seen.add(own);
    }
    assert.throws(() => ledger.insert([rowOf(2, 1, { segment: 2 })]), /segment 2/);
    assert.deepEqual(counts(), [[...seen].at(-1), other]);
  });

  withIndex("rows of an unknown segment are refused, all of the batch", async ({ index, ledger }) => {
    ledger.addSegment(1, 0);
    assert.throws(() => ledger.insert([rowOf(1, 1), rowOf(1, 2, { segment: 2 })]), /segment 2/);
    assert.deepEqual(await index.after({ streamId: 1, horizon: 0 }, 0, 10), []);
    ledger.insert([rowOf(1, 3)]);
    assert.deepEqual(await index.totals(1), { fragments: 1, bytes: 900, newestSequence: 3 });
  });

  withIndex("segments are added once, sealed, and dropped with their rows", async ({ index, ledger }) => {
    ledger.addSegment(2, 5);
    ledger.addSegment(1, 4);
    ledger.insert([rowOf(1, 1), rowOf(1, 2, { segment: 2 }), rowOf(2, 1, { segment: 2 })]);
    ledger.addSegment(2, 9);
    ledger.sealSegment(2, 4096);
    const two = { segment: 2, retentionClass: 5, bytes: 4096, liveBytes: 2000, liveFragments: 2, sealed: true };
    const one = { segment: 1, retentionClass: 4, bytes: 0, liveBytes: 1000, liveFragments: 1, sealed: false };
    assert.deepEqual(ledger.segments(), [one, two]);
    assert.equal(await ledger.dropSegments([2, 77]), 2);
    assert.deepEqual(ledger.segments(), [one]);
    assert.deepEqual(
      ledger.locate([
        { streamId: 1, sequence: 2 },
        { streamId: 1, sequence: 1 },
      ]),
      [undefined, rowOf(1, 1)],
    );
    assert.deepEqual(await index.totals(2), { fragments: 0, bytes: 0, newestSequence: 0 });
    await ledger.flush();
    assert.deepEqual(ledger.check(), []);
  });

  withIndex("a walk sees every row of every stream once", async ({ ledger }) => {
    ledger.addSegment(1, 0);
    const rows = [rowOf(1, 1), rowOf(1, 7), rowOf(2, 3), rowOf(5, 2)];
    ledger.insert(rows.toReversed());
    const seen: FragmentRow[] = [];
    for (let page = ledger.walk(undefined, 3); page.length > 0; page = ledger.walk(seen.at(-1), 3)) seen.push(...page);
    assert.deepEqual(seen, rows);
  });

  withIndex("pages pass over many expired rows", async ({ index, ledger }) => {
    ledger.addSegment(1, 0);
    ledger.insert(Array.from({ length: 5000 }, (_, i) => rowOf(1, i + 1)));
    const scope = { streamId: 1, horizon: rowOf(1, 4990).serverTimestamp };
    assert.deepEqual(
      (await index.after(scope, 0, 3)).map((row) => row.sequence),
      [4990, 4991, 4992],
    );
    const all = { from: 0, to: Number.MAX_SAFE_INTEGER };
    const page = await index.range(scope, "producerTimestamp", all, undefined, 100);
    assert.deepEqual(
      page.map((row) => row.sequence),
      [4990, 4991, 4992, 4993, 4994, 4995, 4996, 4997, 4998, 4999, 5000],
    );
    assert.equal(await index.newest({ ...scope, horizon: scope.horizon * 2 }), undefined);
    assert.equal(await index.expire(1, scope.horizon, 4000), 4000);
    assert.equal(await index.expire(1, scope.horizon, 4000), 989);
  });
}
