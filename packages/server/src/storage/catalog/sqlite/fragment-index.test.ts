import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fragmentIndexContract, rowOf } from "../../contract/fragment-index.ts";
import { openFragmentIndex } from "./open-fragment-index.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-index-"));
after(() => rmSync(folder, { recursive: true }));

fragmentIndexContract("sqlite index in memory", () => openFragmentIndex(":memory:"));

test("rows are there again when the file is opened anew, after checkpoints in the worker", async () => {
  const path = join(folder, "index.db");
  const { index, ledger } = openFragmentIndex(path);
  ledger.addSegment(1, 0);
  // Enough rows for an eager checkpoint, and more of them while it runs.
  for (let batch = 0; batch < 60; batch++) {
    await ledger.pressure();
    ledger.insert(Array.from({ length: 500 }, (_, i) => rowOf(1 + (i % 5), batch * 500 + i)));
  }
  await ledger.flush();
  await index.close();
  const again = openFragmentIndex(path);
  assert.equal((await again.index.totals(1)).fragments, 6000);
  assert.deepEqual(await again.index.newest({ streamId: 5, horizon: 0 }), rowOf(5, 29_999));
  await again.index.close();
});
