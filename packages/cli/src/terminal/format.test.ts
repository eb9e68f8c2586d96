import assert from "node:assert/strict";
import { test } from "node:test";
import { count, fitting, formatBytes, formatDuration, formatShortTime, table } from "./format.ts";
import { bar } from "./status-line.ts";

test("bytes have three digits or so", () => {
  assert.deepEqual([0, 999, 1000, 1_893_000, 10_240_000, 999_999, 5e15].map(formatBytes), [
    "0 B",
    "999 B",
    "1.00 kB",
    "1.89 MB",
    "10.2 MB",
    "1.00 MB",
    "5000.0 TB",
  ]);
});

test("durations grow from seconds to hours", () => {
  assert.deepEqual([0, 1234, 59_940, 60_000, 3_723_000].map(formatDuration), [
    "0.0 s",
    "1.2 s",
    "59.9 s",
    "1:00",
    "1:02:03",
  ]);
});

test("nouns are counted", () => {
  assert.deepEqual(
    [0, 1, 2].map((amount) => count(amount, "fragment")),
    ["0 fragments", "1 fragment", "2 fragments"],
  );
});

test("columns line up, numbers at their right", () => {
  assert.equal(table([["NAME", "SIZE"], ["a", "5"], ["longer"]], [1]), "NAME    SIZE\na          5\nlonger\n");
});

test("a table that is too wide for the terminal gives way to a narrower one", () => {
  const tables = ["wide table\n", "narrow\n"] as const;
  assert.equal(fitting(tables, { isTTY: true, columns: 10 }), "wide table\n");
  assert.equal(fitting(tables, { isTTY: true, columns: 9 }), "narrow\n");
  assert.equal(fitting(tables, { isTTY: true, columns: 3 }), "narrow\n");
  assert.equal(fitting(tables, {}), "wide table\n");
  assert.equal(formatShortTime(new Date(Date.UTC(2026, 10, 21, 12, 3, 4, 567))), "11-21 12:03:04");
});

test("a bar never leaves its frame", () => {
  assert.equal(bar(0.5, 4), "[==  ] 50%");
  assert.equal(bar(1.5, 4), "[====] 100%");
});
