import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveSelection, ProducerSelection } from "./selection.ts";
import { rowAt } from "./testing.ts";

const MINUTE = 60_000;
const sequences = (rows: readonly { sequence: number }[]): number[] => rows.map(({ sequence }) => sequence);
/** A fragment that repeats the one of sequence `of`, so much later on the server's clock. */
const again = (sequence: number, of: number, later: number) =>
  rowAt(sequence, {
    producerTimestamp: rowAt(of).producerTimestamp,
    serverTimestamp: rowAt(of).serverTimestamp + later,
  });
const byProducer = (rows: ReturnType<typeof rowAt>[]) => rows.sort((a, b) => a.producerTimestamp - b.producerTimestamp);

test("of fragments with one start, sent again at once, the one with the largest number counts", () => {
  const rows = byProducer([rowAt(1), rowAt(2), rowAt(3), again(4, 2, MINUTE), again(5, 3, MINUTE), rowAt(6)]);
  assert.deepEqual(sequences(new ProducerSelection().select(rows)), [1, 4, 5, 6]);
});

test("fragments that overlap without being equal are all kept", () => {
  const between = rowAt(4, {
    producerTimestamp: rowAt(2).producerTimestamp + 700,
    serverTimestamp: rowAt(4).serverTimestamp,
  });
  assert.deepEqual(sequences(new ProducerSelection().select([rowAt(1), rowAt(2), between, rowAt(3)])), [1, 2, 4, 3]);
});

test("of two ingestions of one period the oldest counts, and the other where it goes on", () => {
  const day = 1440 * MINUTE;
  const rows = byProducer([rowAt(1), rowAt(2), again(10, 1, day), again(11, 2, day), again(12, 3, day)]);
  assert.deepEqual(sequences(new ProducerSelection().select(rows)), [1, 2, 12]);
});

test("pages go on where the last one ended", () => {
  const selection = new ProducerSelection();
  assert.deepEqual(sequences(selection.select([rowAt(1), rowAt(2)])), [1, 2]);
  assert.deepEqual(sequences(selection.select([again(9, 2, 1440 * MINUTE), rowAt(3)])), [3]);
});

test("live, what repeats the last minute is left out, and a clock that was set back is followed", () => {
  const selection = new LiveSelection();
  const taken = [
    rowAt(100),
    rowAt(101),
    again(102, 100, 1),
    again(103, 101, 1),
    rowAt(104),
    again(105, 10, 1),
    again(106, 11, 1),
  ];
  assert.deepEqual(sequences(taken.filter((row) => selection.takes(row))), [100, 101, 104, 105, 106]);
});

/** A frame of 40 ms by itself, so many milliseconds after the beginning; sequence 1 is a key frame. */
const frame = (sequence: number, at: number) =>
  rowAt(sequence, {
    producerTimestamp: 1_000_000 + at,
    serverTimestamp: 1_000_000,
    duration: 40,
    startsClean: sequence === 1,
  });
const REORDERED = [frame(1, 0), frame(2, 120), frame(3, 40), frame(4, 80), frame(5, 240), frame(6, 160)];

test("what goes on with a group of pictures stays in the order in which it was sent", () => {
  assert.deepEqual(sequences(new ProducerSelection().select(byProducer([...REORDERED]))), [1, 2, 3, 4, 5, 6]);
});

test("a group of pictures that two pages share stays in its order", () => {
  const rows = byProducer(REORDERED.map((row) => ({ ...row })));
  const selection = new ProducerSelection();
  const first = selection.select(rows.slice(0, 3), true);
  assert.deepEqual(sequences([...first, ...selection.select(rows.slice(3))]), [1, 2, 3, 4, 5, 6]);
  const late = frame(7, 2000);
  const other = new ProducerSelection();
  const shown = other.select([...rows, late], true);
  assert.deepEqual(sequences(shown), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(sequences(other.select([])), [7]);
});

test("live, frames that are shown before others are no repetition", () => {
  const selection = new LiveSelection();
  const fork = new LiveSelection();
  assert.ok(fork.takes(frame(1, 0)));
  assert.ok(REORDERED.every((row) => selection.takes(row)));
  assert.ok(!selection.takes(rowAt(9, { producerTimestamp: 1_000_040 })));
});
