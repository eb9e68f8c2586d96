import assert from "node:assert/strict";
import { test } from "node:test";
import { playingOrder, playingTime } from "./playing-order.ts";

/** Fragments of two seconds from their begins in seconds; they arrive in the order of the array. */
const arrived = (...begins: number[]) =>
  begins.map((begin, at) => ({ number: `9${at}`.padStart(4, "1"), producerTimestamp: begin * 1000, durationMs: 2000 }));

const order = (...begins: number[]): number[] =>
  playingOrder(arrived(...begins).reverse()).map(({ producerTimestamp }) => producerTimestamp / 1000);

test("fragments play in order of time", () => {
  assert.deepEqual(order(0, 2, 4, 100, 102), [0, 2, 4, 100, 102]);
  assert.deepEqual(order(100, 102, 0, 2), [0, 2, 100, 102]);
});

test("what was recorded in a pause, and arrived later, plays in the pause", () => {
  assert.deepEqual(order(0, 2, 20, 22, 10, 12), [0, 2, 10, 12, 20, 22]);
});

test("recordings that lie over one another play whole, as they arrived", () => {
  assert.deepEqual(order(10, 12, 14, 16, 7, 9, 11, 13), [10, 12, 14, 16, 7, 9, 11, 13]);
  assert.deepEqual(order(0, 2, 4, 0.5, 2.5, 4.5, 60), [0, 2, 4, 0.5, 2.5, 4.5, 60]);
});

test("sound that reaches into the next fragment makes no other recording", () => {
  assert.deepEqual(order(0, 1.9, 3.9, 0.2, 30), [0, 1.9, 3.9, 0.2, 30]);
  assert.deepEqual(order(0, 1.9, 3.9), [0, 1.9, 3.9]);
});

test("the playing time counts neither pauses nor what lies over one another twice", () => {
  const seconds = (...begins: number[]): number => playingTime(arrived(...begins).reverse()) / 1000;
  assert.equal(seconds(), 0);
  assert.equal(seconds(0, 2, 4), 6);
  assert.equal(seconds(0, 1.9, 3.9), 5.9, "sound that reaches into the next fragment");
  assert.equal(seconds(0, 2.5, 4.5), 6.5, "frames that were lost");
  assert.equal(seconds(0, 2, 100, 102, 104), 10, "a pause");
  assert.equal(seconds(0, 2, 0, 2), 8, "a recording that was sent twice");
});
