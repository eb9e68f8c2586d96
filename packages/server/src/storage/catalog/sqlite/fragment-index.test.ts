import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fragmentIndexContract, rowOf } from "../../contract/fragment-index.ts";
import { Database } from "./database.ts";
import { SqliteFragmentIndex } from "./fragment-index.ts";
import { SqliteFragmentLedger } from "./fragment-ledger.ts";
import { INDEX_PRAGMAS, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { IndexSums } from "./index-sums.ts";
import { Insertions } from "./insertions.ts";
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

test("an index without space refuses the batch, all of it, and says that space is the reason", async () => {
  const database = new Database(":memory:", { pragmas: [], schema: INDEX_SCHEMA, version: INDEX_VERSION });
  const sums = new IndexSums(database);
  const insertions = new Insertions();
  const ledger = new SqliteFragmentLedger(database, sums, insertions, undefined);
  const index = new SqliteFragmentIndex(database, sums, insertions, async () => database.close());
  ledger.addSegment(1, 0);
  ledger.insert([rowOf(1, 1)]);
  database.exec("PRAGMA max_page_count = 30");
  const many = Array.from({ length: 2000 }, (_, i) => rowOf(1, i + 2));
  assert.throws(() => ledger.insert(many), { name: "JournalUnavailable", reason: "disk-full" });
  assert.deepEqual(await index.totals(1), { fragments: 1, bytes: 900, newestSequence: 1 });
  ledger.insert([rowOf(1, 5000)]);
  assert.equal((await index.totals(1)).fragments, 2);
  await index.close();
});

test("an index of another format is dropped, for the journal to fill the new one", async () => {
  const path = join(folder, "old.db");
  const old = new Database(path, {
    pragmas: INDEX_PRAGMAS,
    schema: "CREATE TABLE fragments (old)",
    version: INDEX_VERSION + 1,
  });
  old.close();
  const { index, ledger } = openFragmentIndex(path);
  assert.deepEqual(ledger.segments(), []);
  ledger.addSegment(1, 0);
  ledger.insert([rowOf(1, 1)]);
  assert.equal((await index.totals(1)).fragments, 1);
  await index.close();
});
