import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DomainError } from "../errors.ts";
import { checkRetentionHours, horizonAfterChange, retentionHorizon, sweepHorizon } from "./retention.ts";

const HOUR = 3_600_000;
const coded = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code;

test("the horizon is the later of the stored one and the retention period's", () => {
  const now = 1_000 * HOUR;
  assert.equal(retentionHorizon({ retentionHours: 24, horizon: 0 }, now), now - 24 * HOUR);
  assert.equal(retentionHorizon({ retentionHours: 24, horizon: now - HOUR }, now), now - HOUR);
  assert.ok(retentionHorizon({ retentionHours: 0, horizon: 0 }, now) > now);
});

test("whatever becomes of retention, what is gone stays gone, and no sweep removes what may still be read", () => {
  const passed = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * HOUR }));
  const step = fc.record({ hours: fc.integer({ min: 0, max: 3 }), passed });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let record = { retentionHours: 2, horizon: 0 };
      let now = 1_000 * HOUR;
      const archived: number[] = [];
      const hidden = new Set<number>();
      let swept = 0;
      for (const { hours, passed } of steps) {
        if (record.retentionHours > 0) archived.push(now);
        now += passed;
        swept = Math.max(swept, sweepHorizon(record, now));
        record = { retentionHours: hours, horizon: horizonAfterChange(record, hours, now) };
        for (const at of archived) {
          const visible = at >= retentionHorizon(record, now);
          assert.ok(!(visible && hidden.has(at)), "an expired fragment came back");
          assert.ok(!(visible && at < swept), "a fragment that may be read was swept");
          assert.ok(!visible || at >= now - hours * HOUR, "a fragment outlived its period");
          if (!visible) hidden.add(at);
        }
        now++;
      }
    }),
  );
});

test("retention is 0 to 87,600 whole hours", () => {
  for (const hours of [0, 1, 87_600]) checkRetentionHours(hours);
  for (const hours of [-1, 87_601, 1.5, Number.NaN]) {
    assert.throws(() => checkRetentionHours(hours), coded("invalid-argument"));
  }
});
