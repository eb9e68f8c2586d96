import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StatementSync } from "node:sqlite";
import { after, mock, test } from "node:test";
import { newStream, streamCatalogContract } from "../../contract/stream-catalog.ts";
import { CatalogFull } from "../../ports/stream-catalog.ts";
import { SqliteStreamCatalog } from "./stream-catalog.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-catalog-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
streamCatalogContract("sqlite in a file", async () => new SqliteStreamCatalog(join(folder, `${files++}.db`)));
streamCatalogContract("sqlite in memory", async () => new SqliteStreamCatalog(":memory:"));

test("streams and keys are there again when the file is opened anew", async () => {
  const path = join(folder, "again.db");
  const first = new SqliteStreamCatalog(path);
  const stream = await first.create(newStream("s"), { wrappedBy: "k", bytes: Buffer.from("key") });
  await first.close();
  const second = new SqliteStreamCatalog(path);
  assert.deepEqual(await second.byName("s"), stream);
  assert.deepEqual(Buffer.from((await second.wrappedKey(stream.id))!.bytes), Buffer.from("key"));
  await second.close();
});

test("a deleted stream's wrapped key is in none of the database's files, while the catalog is still open", async () => {
  const path = join(folder, "erase.db");
  const bytes = Buffer.from("wrapped key that must not survive its stream");
  const inFiles = () =>
    readdirSync(folder)
      .filter((file) => file.startsWith("erase.db"))
      .some((file) => readFileSync(join(folder, file)).includes(bytes));
  const catalog = new SqliteStreamCatalog(path);
  await catalog.create(newStream("other"), { wrappedBy: "k", bytes: Buffer.from("another") });
  const { id } = await catalog.create(newStream("s"), { wrappedBy: "k", bytes });
  assert.ok(inFiles());
  await catalog.delete(id);
  assert.ok(!inFiles());
  await catalog.close();
});

test("a write that finds no space rejects with CatalogFull, and what is stored can still be read", async () => {
  const catalog = new SqliteStreamCatalog(join(folder, "full.db"));
  const stream = await catalog.create(newStream("s"), { wrappedBy: "k", bytes: Buffer.from("key") });
  const full = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  const run = mock.method(StatementSync.prototype, "run", () => {
    throw full;
  });
  const wanted = (error: unknown) => error instanceof CatalogFull && error.cause === full;
  await assert.rejects(catalog.create(newStream("t"), { wrappedBy: "k", bytes: Buffer.from("key") }), wanted);
  await assert.rejects(catalog.update(stream.id, { retentionHours: 1 }), wanted);
  await assert.rejects(catalog.delete(stream.id), wanted);
  run.mock.restore();
  assert.deepEqual(await catalog.list({ limit: 10 }), [stream]);
  await catalog.close();
});

test("what was synced is counted: each write, and the two files of a deletion's checkpoint", async () => {
  const catalog = new SqliteStreamCatalog(join(folder, "syncs.db"));
  const { id } = await catalog.create(newStream("s"), { wrappedBy: "k", bytes: Buffer.from("key") });
  assert.equal(catalog.syncs(), 1);
  await catalog.update(id, { retentionHours: 1 });
  await catalog.byName("s");
  assert.equal(catalog.syncs(), 2);
  await catalog.delete(id);
  assert.equal(catalog.syncs(), 5);
  await catalog.close();
});

test("a file of another format is refused by name", async () => {
  const path = join(folder, "future.db");
  const { DatabaseSync } = await import("node:sqlite");
  const future = new DatabaseSync(path);
  future.exec("PRAGMA user_version = 99");
  future.close();
  assert.throws(() => new SqliteStreamCatalog(path), /future\.db has format 99/);
});
