import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FolderLocked } from "../storage/catalog/sqlite/folder-lock.ts";
import { openStorage } from "./storage.ts";

const root = mkdtempSync(join(tmpdir(), "kvass-storage-"));
after(() => rmSync(root, { recursive: true }));

test("a store is made with the folders above it, for its owner alone, and opened again", async () => {
  const dataDir = join(root, "a", "b", "data");
  const first = await openStorage({ dataDir });
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  await assert.rejects(openStorage({ dataDir }), FolderLocked);
  await first.close();
  const second = await openStorage({ dataDir });
  assert.equal(second.recovery.scanned, 0);
  await second.close();
});

test("a data folder that cannot be made is refused, not waited for", async () => {
  await assert.rejects(openStorage({ dataDir: "/proc/kvass/data" }), { code: "ENOENT" });
  const file = join(root, "file");
  writeFileSync(file, "");
  await assert.rejects(openStorage({ dataDir: file }), { code: "EEXIST" });
  await assert.rejects(openStorage({ dataDir: join(file, "data") }), { code: "ENOTDIR" });
});

test("a store with streams and without its key file is refused", async () => {
  const dataDir = join(root, "keyless");
  const first = await openStorage({ dataDir });
  const wrapped = await first.keyEncryption.wrap(Buffer.alloc(32), "arn");
  const stream = {
    name: "s",
    arn: "arn",
    creationTime: 1,
    version: "1",
    status: "ACTIVE" as const,
    retentionHours: 1,
    storageTier: "HOT" as const,
    tags: {},
    horizon: 0,
    reservedSequence: 1,
  };
  await first.catalog.create(stream, wrapped);
  await first.close();
  rmSync(join(dataDir, "keys"), { recursive: true });
  await assert.rejects(openStorage({ dataDir }), /key file .* is missing/);
});
