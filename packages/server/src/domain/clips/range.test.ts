import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClipRange, checkRange } from "./range.ts";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const strict = { now: NOW, horizon: NOW - 2 * HOUR, beginsBeforeHorizon: false };

const refused = (range: ClipRange, member: string): void => {
  assert.throws(() => checkRange(range, strict), { code: "invalid-argument", message: new RegExp(member) });
};

test("a range ends after it begins, and within 24 hours", () => {
  for (const clock of ["producerTimestamp", "serverTimestamp"] as const) {
    checkRange({ clock, from: NOW - HOUR, to: NOW }, strict);
    refused({ clock, from: NOW, to: NOW }, "EndTimestamp must be later");
    refused({ clock, from: NOW, to: NOW - 1 }, "EndTimestamp must be later");
    refused({ clock, from: NOW - 24 * HOUR - 1, to: NOW }, "EndTimestamp must be within 24 hours");
  }
  checkRange({ clock: "producerTimestamp", from: NOW - 24 * HOUR, to: NOW }, strict);
});

test("by the server's clock a range ends in the past and, as at AWS, begins within the retention period", () => {
  refused({ clock: "serverTimestamp", from: NOW - HOUR, to: NOW + 1 }, "EndTimestamp must be in the past");
  checkRange({ clock: "producerTimestamp", from: NOW - HOUR, to: NOW + HOUR }, strict);
  const early = { clock: "serverTimestamp" as const, from: NOW - 2 * HOUR - 1, to: NOW };
  refused(early, "StartTimestamp lies before");
  checkRange(early, { ...strict, beginsBeforeHorizon: true });
});
