import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crashCycles } from "./crash.ts";

/** A cycle takes two seconds or three, several times that where others use the machine; one that takes longer on average hangs. */
const LONGEST_CYCLE_MS = 15_000;

/** `npm run test:crash` asks for 500. */
const CYCLES = Number(process.env.KVASS_CRASH_CYCLES ?? 50);

test(`no promise is broken by ${CYCLES} SIGKILLs under 20 producers`, {
  timeout: CYCLES * LONGEST_CYCLE_MS,
}, async (t) => {
  const data = mkdtempSync(join(tmpdir(), "kvass-crash-"));
  t.after(() => rmSync(data, { recursive: true }));
  const report = await crashCycles(CYCLES, data, (line) => t.diagnostic(line));
  t.diagnostic(`${report.persisted} fragments promised, ${report.verified} read back`);
  assert.equal(report.cycles, CYCLES);
  assert.ok(report.persisted > CYCLES, "the producers were acknowledged");
  assert.ok(report.verified >= report.persisted, "what was promised was read");
});
