import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FsckReport, fsck } from "../../packages/server/src/app/fsck.ts";
import { FolderLocked } from "../../packages/server/src/storage/catalog/sqlite/folder-lock.ts";
import { RECORD_HEADER_BYTES } from "../../packages/server/src/storage/journal/file/record.ts";
import { HEADER_BLOCK_BYTES } from "../../packages/server/src/storage/journal/file/segment-header.ts";
import type { FragmentRow } from "../../packages/server/src/storage/ports/fragment.ts";
import { payloadOf, TestArchive } from "../support/archive.ts";
import { scratchFolders } from "../support/scratch.ts";

const newFolder = scratchFolders("fsck");

/** Three streams of different retention in small segments; every third fragment has several parts. */
async function fill(dataDir: string): Promise<void> {
  const archive = await TestArchive.open({ dataDir, limits: { segmentBytes: 40_000, syncsPerSecond: 10_000 } });
  for (const [i, hours] of [2, 24, 2000].entries()) {
    const stream = await archive.createStream(`camera-${i}`, hours);
    for (let sequence = 1; sequence <= 20; sequence++) {
      const payload = payloadOf(stream.id, sequence, 3000 + 100 * sequence);
      await archive.put(stream, sequence, payload, sequence % 3 === 0 ? 4 : 1);
    }
  }
  await archive.close();
}

async function allRows(dataDir: string): Promise<FragmentRow[]> {
  const archive = await TestArchive.open({ dataDir });
  const rows = archive.storage.ledger.walk(undefined, 1000);
  await archive.close();
  return rows;
}

const kinds = (report: FsckReport) => report.damages.map(({ kind, segment }) => `${kind} ${segment ?? ""}`);

function flipBit(path: string, bit: number): void {
  const bytes = readFileSync(path);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  writeFileSync(path, bytes);
}

const segmentPath = (dataDir: string, number: number) => {
  const files = readdirSync(join(dataDir, "journal")).filter((name) => name.endsWith(".kvj"));
  return join(dataDir, "journal", files.sort()[number]!);
};

test("a healthy archive is told healthy, with its counts", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const progress: number[] = [];
  const report = await fsck({ dataDir, onProgress: ({ segments }) => progress.push(segments) });
  assert.deepEqual(report.damages, []);
  assert.equal(report.ok, true);
  assert.equal(report.fragments, 60);
  assert.equal(report.records, 3 * (14 + 6 * 4));
  assert.equal(report.tailBytes, 0);
  assert.ok(report.segments >= 6);
  assert.deepEqual(
    progress,
    Array.from({ length: report.segments }, (_, i) => i + 1),
  );
});

test("a rebuilt index is equal to what it was", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const before = await allRows(dataDir);
  const report = await fsck({ dataDir, rebuildIndex: true });
  assert.equal(report.ok, true);
  assert.equal(report.recovery.fragments, 60);
  assert.deepEqual(await allRows(dataDir), before);
});

test("a rebuilt index brings back neither expired fragments nor those of deleted streams", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const archive = await TestArchive.open({ dataDir });
  const { catalog, index } = archive.storage;
  const [first, second] = await catalog.list({ limit: 10 });
  const horizon = archive.identity(first!.id, 11).serverTimestamp;
  await catalog.update(first!.id, { horizon });
  await index.expire(first!.id, horizon, 1000);
  await catalog.delete(second!.id);
  await index.purge((id) => id !== second!.id, 1000);
  await archive.close();
  const before = await allRows(dataDir);
  assert.equal(before.length, 30);
  const report = await fsck({ dataDir, rebuildIndex: true });
  assert.deepEqual(report.damages, []);
  assert.deepEqual(await allRows(dataDir), before);
});

test("an archive in use is not checked", async () => {
  const dataDir = newFolder();
  const archive = await TestArchive.open({ dataDir });
  await assert.rejects(fsck({ dataDir }), FolderLocked);
  await archive.close();
  assert.equal((await fsck({ dataDir })).ok, true);
});

test("a segment cut short, a tail behind its end and a missing segment are told apart", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const whole = statSync(segmentPath(dataDir, 0)).size;
  truncateSync(segmentPath(dataDir, 0), whole - 10);
  appendFileSync(segmentPath(dataDir, 1), "not a record");
  rmSync(segmentPath(dataDir, 2));
  const report = await fsck({ dataDir });
  assert.deepEqual([...new Set(kinds(report))].sort(), ["dangling ", "record 1", "segment 1", "segment 3"]);
  assert.equal(report.tailBytes, "not a record".length);
  const [lost, ...others] = report.damages.filter(({ kind }) => kind === "record");
  assert.equal(lost!.streamId, 1);
  assert.deepEqual(others, []);
  assert.ok(report.recovery.lostRows > 0);
  assert.equal(report.lostFragments, report.recovery.lostRows + 1);
  assert.equal(report.fragments + report.lostFragments, 60);
});

test("a damaged record is one damage with its fragment, whether its header can be read or not", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const [first, second, third] = await allRows(dataDir);
  const at = (row: FragmentRow, part: number, byte: number) => 8 * (row.extents[2 * part]! + byte);
  assert.deepEqual(
    [first, second, third].map((row) => [row!.segment, row!.extents.length]),
    [
      [1, 2],
      [1, 2],
      [1, 8],
    ],
  );
  const path = segmentPath(dataDir, 0);
  flipBit(path, at(first!, 0, first!.extents[1]! - 1));
  flipBit(path, at(second!, 0, 1));
  for (const part of [1, 2]) flipBit(path, at(third!, part, 1));
  const report = await fsck({ dataDir });
  const found = report.damages.map(({ kind, sequence, offset, message }) => [kind, sequence, offset, message]);
  const offsets = (row: FragmentRow, part: number) => row.extents[2 * part];
  assert.deepEqual(found, [
    ["record", 1, offsets(first!, 0), "the checksum does not match"],
    ["record", 2, offsets(second!, 0), "there is no record"],
    ["record", 3, offsets(third!, 1), "there is no record"],
  ]);
  assert.deepEqual([report.damageCount, report.fragments, report.lostFragments], [3, 57, 3]);
  const rebuilt = await fsck({ dataDir, rebuildIndex: true });
  assert.deepEqual([rebuilt.fragments, rebuilt.lostFragments], [57, 0]);
  assert.deepEqual(kinds(rebuilt), ["record 1", "record 1", "record 1"]);
});

test("a segment whose header is damaged in one copy is read by the other, in both is told", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const path = segmentPath(dataDir, 0);
  flipBit(path, 8 * 4090);
  const partly = await fsck({ dataDir });
  assert.deepEqual(kinds(partly), ["segment 1"]);
  assert.equal(partly.fragments, 60);
  flipBit(path, 8 * 20);
  const wholly = await fsck({ dataDir });
  const inSegment = wholly.damages.filter((damage) => damage.kind === "dangling").length;
  assert.deepEqual(wholly.recovery.damagedSegments, [1]);
  assert.equal(wholly.fragments, 60 - inSegment);
  assert.ok(inSegment > 0);
});

test("an index with rows that the journal does not have, or without rows that it has, is told", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const archive = await TestArchive.open({ dataDir });
  const { ledger, index } = archive.storage;
  const [row] = ledger.walk(undefined, 1);
  ledger.insert([{ ...row!, sequence: 500 }]);
  ledger.insert([{ ...row!, duration: 1 }]);
  const { serverTimestamp, streamId } = ledger.walk({ streamId: 3, sequence: 0 }, 1)[0]!;
  await index.expire(streamId, serverTimestamp + 1, 1);
  await archive.close();
  const report = await fsck({ dataDir });
  const found = report.damages.map(({ kind, streamId, sequence }) => `${kind} ${streamId}/${sequence}`);
  assert.deepEqual(found.sort(), ["dangling 1/1", "dangling 1/500", "unindexed 3/1"]);
});

test("a damaged table of frames is told for what it is, and its fragment counts", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  // The first record of a segment, a fragment of one part, begins with its table behind header, nonce and tag.
  flipBit(segmentPath(dataDir, 0), 8 * (HEADER_BLOCK_BYTES + RECORD_HEADER_BYTES + 30));
  const report = await fsck({ dataDir });
  assert.deepEqual(kinds(report), ["table 1"]);
  assert.match(report.damages[0]!.message, /^the checksum of the table of frames does not match/);
  assert.deepEqual([report.ok, report.fragments, report.damageCount, report.damagedTables], [false, 60, 1, 1]);
});

test("a table of frames whose seal holds and which is none is told", async () => {
  const dataDir = newFolder();
  const archive = await TestArchive.open({ dataDir });
  const stream = await archive.createStream("camera", 24);
  await archive.put(stream, 1, payloadOf(stream.id, 1, 100), 1, Buffer.from("none"));
  await archive.put(stream, 2, payloadOf(stream.id, 2, 100));
  await archive.close();
  const report = await fsck({ dataDir });
  assert.deepEqual(
    report.damages.map(({ kind, sequence, message }) => [kind, sequence, message]),
    [["table", 1, "table 110 is not known, expected 1"]],
  );
  assert.equal(report.fragments, 2);
});

test("a lost key is told once for its stream", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const { DatabaseSync } = await import("node:sqlite");
  const catalog = new DatabaseSync(join(dataDir, "catalog.db"));
  catalog.exec("DELETE FROM data_keys WHERE stream_id = 2");
  catalog.close();
  const report = await fsck({ dataDir });
  assert.deepEqual(
    report.damages.map(({ kind, streamId }) => [kind, streamId]),
    [["key", 2]],
  );
});

test("an index that is no database is refused with the way out", async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  const before = await allRows(dataDir);
  writeFileSync(join(dataDir, "index.db"), "these are not the bytes of a database at all, not even nearly".repeat(100));
  await assert.rejects(fsck({ dataDir }), /--rebuild-index/);
  assert.equal((await fsck({ dataDir, rebuildIndex: true })).ok, true);
  assert.deepEqual(await allRows(dataDir), before);
});
