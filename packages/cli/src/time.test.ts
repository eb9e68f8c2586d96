import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, parseMoment, parseTime } from "./time.ts";

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

const TAKEN: [text: string, moment: number | "earliest"][] = [
  ["now", NOW],
  ["earliest", "earliest"],
  ["-10m", NOW - 600_000],
  ["+30s", NOW + 30_000],
  ["-1h30m", NOW - 5_400_000],
  ["-1.5d", NOW - 129_600_000],
  ["-250ms", NOW - 250],
  ["0", 0],
  ["1711124585", 1_711_124_585_000],
  ["1711124585.823", 1_711_124_585_823],
  ["1711124585823", 1_711_124_585_823],
  ["2026-11-21T11:00:00Z", NOW - 3_600_000],
  ["2026-11-21 11:00:00.5Z", NOW - 3_599_500],
  ["2026-11-21T13:00:00+02:00", NOW - 3_600_000],
  ["2026-11-21", new Date(2026, 10, 21).getTime()],
  ["2028-02-29T11:00:00Z", Date.UTC(2028, 1, 29, 11)],
  ["2026-11-21T08:30", new Date(2026, 10, 21, 8, 30).getTime()],
];

for (const [text, moment] of TAKEN) {
  test(`${text} is a time`, () => assert.equal(parseMoment(text, "--from", NOW), moment));
}

for (const text of [
  "",
  "yesterday",
  "10m",
  "-10",
  "-10x",
  "12:00",
  "2026-13-41",
  "2026-02-30",
  "2026-04-31T08:00Z",
  "1e9",
  "-",
  "+1h-2m",
]) {
  test(`"${text}" is refused in the option's name`, () => {
    assert.throws(() => parseMoment(text, "--from", NOW), {
      name: "CliError",
      message: /^--from: expected ISO 8601/,
      exitCode: 2,
    });
  });
}

test("where a time is wanted, earliest is none, and is not offered", () => {
  assert.equal(parseTime("-10m", "--to", NOW), NOW - 600_000);
  for (const [text, message] of [
    ["earliest", "--to: expected a time, not earliest"],
    ["soon", '--to: expected ISO 8601, seconds since the epoch, -10m, now; got "soon"'],
  ] as const) {
    assert.throws(() => parseTime(text, "--to", NOW), { message, exitCode: 2 });
  }
});

test("durations have units, and may have several", () => {
  assert.equal(parseDuration("500ms", "--every"), 500);
  assert.equal(parseDuration("1m30s", "--every"), 90_000);
  for (const text of ["", "10", "-1s", "1s ", "1y"]) {
    assert.throws(() => parseDuration(text, "--every"), { name: "CliError", message: /^--every: expected a duration/ });
  }
});
