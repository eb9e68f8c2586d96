import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Checkpointer } from "./checkpointer.ts";
import { Database } from "./database.ts";
import { INDEX_PRAGMAS } from "./index-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-checkpoint-"));
after(() => rmSync(folder, { recursive: true }));

function open(name: string) {
  const path = join(folder, name);
  const schema = "CREATE TABLE entries (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)";
  const database = new Database(path, { pragmas: INDEX_PRAGMAS, schema, version: 1 });
  const insert = database.prepare("INSERT INTO entries (bytes) VALUES (zeroblob(3000))");
  const write = (rows: number) =>
    database.transaction(() => {
      for (let i = 0; i < rows; i++) insert.run();
    });
  return { path, database, write };
}

test("writers without pause are held for a moment, after which the log starts over", async () => {
  const { path, database, write } = open("held.db");
  const checkpointer = new Checkpointer(path, { intervalMs: 5, eagerRows: 100, holdPages: 500 });
  let rows = 0;
  for (let holds = 0; holds < 3; holds++) {
    while (checkpointer.pressure() === undefined) {
      write(10);
      rows += 10;
      checkpointer.written(10);
      await nextTurn();
    }
    await checkpointer.pressure();
    assert.equal(checkpointer.pressure(), undefined);
    write(1);
    rows++;
    const { log } = database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get() as { log: number };
    assert.ok(log < 10, `${log} pages of log`);
  }
  await checkpointer.close();
  assert.equal(database.prepare("SELECT count(*) AS rows FROM entries").get()!.rows, rows);
  database.close();
});

test("syncs are counted: two for a checkpoint that moves something, one for a sync that is asked for", async () => {
  const { path, database, write } = open("counted.db");
  const checkpointer = new Checkpointer(path, { intervalMs: 1, eagerRows: 1, holdPages: 1000 });
  write(1);
  await checkpointer.sync();
  assert.equal(checkpointer.syncs, 1);
  checkpointer.written(1);
  await checkpointer.close();
  assert.equal(checkpointer.syncs, 3);
  database.close();
});

test("a log that cannot be checkpointed holds nobody up for good", async () => {
  const { path, database, write } = open("broken.db");
  const checkpointer = new Checkpointer(join(folder, "no", "such", "folder.db"), {
    intervalMs: 1,
    eagerRows: 1,
    holdPages: 1,
  });
  for (let round = 0; round < 50; round++) {
    await checkpointer.pressure();
    write(1);
    checkpointer.written(1);
    await nextTurn();
  }
  await checkpointer.close();
  assert.ok(statSync(path).size > 0);
  database.close();
});
