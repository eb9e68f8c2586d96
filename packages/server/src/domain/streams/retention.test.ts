import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DomainError } from "../errors.ts";
import { checkRetentionHours, horizonAfterChange, retentionHorizon } from "./retention.ts";

const HOUR = 3_600_000;
const coded = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code;

test("the horizon is the later of the stored one and the retention period's", () => {
  const now = 1_000 * HOUR;
  assert.equal(retentionHorizon({ retentionHours: 24, horizon: 0 }, now), now - 24 * HOUR);
  assert.equal(retentionHorizon({ retentionHours: 24, horizon: now - HOUR }, now), now - HOUR);
  assert.ok(retentionHorizon({ retentionHours: 0, horizon: 0 }, now) > now);
});

test("a change of retention never brings anything back, and a shorter period takes effect at once", () => {
  const hours = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(hours, hours, fc.integer({ min: 0, max: 2_000 * HOUR }), (before, after, horizon) => {
      const now = 2_000 * HOUR;
      const old = { retentionHours: before, horizon };
      const changed = { retentionHours: after, horizon: horizonAfterChange(old, after, now) };
      const visibleBefore = (at: number) => at >= retentionHorizon(old, now);
      for (const at of [0, horizon - 1, now - before * HOUR - 1, now - after * HOUR - 1]) {
        if (at >= now) continue;
        assert.ok(visibleBefore(at) || at < retentionHorizon(changed, now));
      }
      assert.ok(retentionHorizon(changed, now) >= now - after * HOUR);
      assert.ok(changed.horizon >= horizon);
    }),
  );
});

test("retention is 0 to 87,600 whole hours", () => {
  for (const hours of [0, 1, 87_600]) checkRetentionHours(hours);
  for (const hours of [-1, 87_601, 1.5, Number.NaN]) {
    assert.throws(() => checkRetentionHours(hours), coded("invalid-argument"));
  }
});
