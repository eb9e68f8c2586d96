import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FolderLocked } from "../storage/catalog/sqlite/folder-lock.ts";
import { encodeSegmentHeader } from "../storage/journal/file/segment-header.ts";
import { fsck } from "./fsck.ts";
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

/** Every file below a folder, with its bytes. */
function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return new Map(paths.map((path) => [path, readFileSync(path, "latin1")]));
}

/** A data folder whose journal has one segment, without a record, that names `format` in both copies of its header. */
async function folderOfFormat(name: string, format: number): Promise<string> {
  const dataDir = join(root, name);
  await (await openStorage({ dataDir })).close();
  const header = { segment: 1, retentionClass: 3, created: 1, salt: Buffer.alloc(16, 7) };
  const block = encodeSegmentHeader(header);
  for (const copy of [0, 4032]) block.writeUInt16LE(format, copy + 8);
  writeFileSync(join(dataDir, "journal", "0000000001.kvj"), block);
  return dataDir;
}

for (const [format, writer] of [
  [1, "an earlier version"],
  [65_535, "a later version"],
] as const) {
  test(`a journal of storage format ${format} is refused with its number, by fsck too, and left as it is`, async () => {
    const dataDir = await folderOfFormat(`format-${format}`, format);
    const before = contents(dataDir);
    const error = { name: "OtherJournalFormat", message: new RegExp(`has storage format ${format}, of ${writer}`) };
    await assert.rejects(openStorage({ dataDir }), error);
    await assert.rejects(fsck({ dataDir, rebuildIndex: true }), error);
    assert.deepEqual(contents(dataDir), before);
  });
}

test("a segment of another format among those of this one is told with its number, and kept", async () => {
  const dataDir = await folderOfFormat("mixed", 1);
  const segment = (number: number) => join(dataDir, "journal", `000000000${number}.kvj`);
  cpSync(segment(1), segment(2));
  const own = { segment: 1, retentionClass: 3, created: 1, salt: Buffer.alloc(16, 7) };
  writeFileSync(segment(1), Buffer.concat([encodeSegmentHeader(own), Buffer.alloc(100)]));
  const { damages } = await fsck({ dataDir });
  const told = damages.filter((damage) => damage.segment === 2).map(({ message }) => message);
  assert.match(told.join(), /^segment 2 has format 1; this version reads format \d+$/);
  assert.equal(statSync(segment(2)).size, 4096);
});
