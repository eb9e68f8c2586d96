import assert from "node:assert/strict";
import { test } from "node:test";
import { JournalUnavailable } from "../../storage/ports/journal.ts";
import { ArchiveWatch } from "./archive-watch.ts";

const FULL = new JournalUnavailable("quota", "the archive is full");
const BROKEN = new JournalUnavailable("io-error", "the device failed");

/** What is told where the archive is in the given state, `undefined` where it takes data, at one look a second. */
function toldOf(states: readonly (JournalUnavailable | undefined)[]): unknown[] {
  const told: unknown[] = [];
  let at = 0;
  const watch = new ArchiveWatch({
    journal: {
      get unavailable() {
        return states[at];
      },
    },
    tell: (name, fields) => void told.push([at, name, fields]),
    now: () => at * 1000,
  });
  for (; at < states.length; at++) watch.look();
  return told;
}

const times = <State>(count: number, state: State): State[] => Array.from({ length: count }, () => state);

test("an archive that takes data is not spoken of", () => {
  assert.deepEqual(toldOf(times(100, undefined)), []);
});

test("an archive that takes no data is told at once, and that it does again, and how long it did not, after a while", () => {
  assert.deepEqual(toldOf([undefined, ...times(30, FULL), ...times(30, undefined), FULL]), [
    [1, "archive takes no data", { reason: "quota", message: "the archive is full" }],
    [41, "archive takes data again", { seconds: 30 }],
    [61, "archive takes no data", { reason: "quota", message: "the archive is full" }],
  ]);
});

test("an archive at the edge of being full is told once, and each other reason too", () => {
  const edge = Array.from({ length: 1000 }, (_, at) => (at % 9 === 0 ? FULL : undefined));
  assert.deepEqual(toldOf([...edge, BROKEN, FULL, BROKEN]), [
    [0, "archive takes no data", { reason: "quota", message: "the archive is full" }],
    [1000, "archive takes no data", { reason: "io-error", message: "the device failed" }],
  ]);
});

test("a server that stops closes its journal, which is nothing to tell", () => {
  assert.deepEqual(toldOf(times(3, new JournalUnavailable("closed", "the journal is closed"))), []);
});
