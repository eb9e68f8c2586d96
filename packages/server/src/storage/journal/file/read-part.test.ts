import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scratchFolders } from "../../../../../../tests/support/scratch.ts";
import { wrapped } from "../../../../../../tests/support/wrapped-file.ts";
import { openFragmentIndex } from "../../catalog/sqlite/open-fragment-index.ts";
import { identityOf, sealedPart, sealedTable, summaryOf } from "../../contract/fragments.ts";
import type { FragmentRow } from "../../ports/fragment.ts";
import { RecordDamaged, RecordGone, type StoredPart } from "../../ports/journal.ts";
import { FileJournal } from "./file-journal.ts";
import { type FileSystem, nodeFileSystem } from "./file-system.ts";
import { readPart } from "./read-part.ts";

const newFolder = scratchFolders("read-part");
const TABLE_BYTES = [undefined, 0, 1, 5000, 65_536];
const PARTS = [3000, 100, 7000];

async function open(files: FileSystem = nodeFileSystem, segmentBytes = 2 ** 20) {
  const folder = newFolder();
  const { index, ledger } = openFragmentIndex(":memory:");
  const limits = { segmentBytes, syncsPerSecond: 10_000 };
  const journal = await FileJournal.open({ folder, ledger, survives: () => true, limits, files });
  const put = async (sequence: number, parts: readonly number[], table?: number): Promise<FragmentRow> => {
    const writer = journal.begin(identityOf(1, sequence), 0);
    const sealed = parts.map((bytes, i) => sealedPart(bytes, 10 * sequence + i));
    for (const part of sealed.slice(0, -1)) await writer.append(part);
    const bytes = parts.reduce((sum, part) => sum + part, 0);
    return writer.commit(sealed.at(-1)!, summaryOf(bytes), table === undefined ? table : sealedTable(table, sequence));
  };
  const close = async () => {
    await journal.close();
    await index.close();
  };
  return { folder, journal, index, put, close };
}

/** All parts of a fragment, one behind the other in memory. */
async function partsOf(journal: FileJournal, row: FragmentRow, spare = 0): Promise<StoredPart[] | undefined> {
  return journal.lendFiles([row], async ([file]) => {
    const room = new Uint8Array(row.size + spare);
    const parts: StoredPart[] = [];
    for (let part = 0, at = 0; part < row.extents.length / 2; part++) {
      const read = readPart(file!, row, part, room.subarray(at));
      at += read.ciphertext.length;
      parts.push({ ...read, nonce: new Uint8Array(read.nonce), tag: new Uint8Array(read.tag) });
    }
    return parts;
  });
}

test("parts are read from a file that is lent as the journal reads them, whatever table lies between", async () => {
  const { journal, put, close } = await open();
  for (const [i, table] of TABLE_BYTES.entries()) {
    const row = await put(i + 1, PARTS, table);
    const expected: StoredPart[] = [];
    for await (const { release: _, ...part } of journal.read(row)) expected.push(part);
    const found = (await partsOf(journal, row))!;
    assert.equal(found.length, 3);
    for (const [place, part] of found.entries()) {
      const { nonce, tag, ciphertext, ...told } = part;
      const { nonce: wantedNonce, tag: wantedTag, ciphertext: wanted, ...toldBefore } = expected[place]!;
      assert.deepEqual(told, toldBefore);
      assert.ok(Buffer.from(nonce).equals(wantedNonce) && Buffer.from(tag).equals(wantedTag));
      assert.ok(Buffer.from(ciphertext).equals(wanted), `part ${place}`);
    }
  }
  await close();
});

test("what is not the record that the row means is damaged: other bytes, another fragment, another length, or the file's end", async () => {
  const { folder, journal, put, close } = await open();
  const row = await put(1, PARTS, 100);
  const other = await put(2, PARTS, 100);
  const path = join(folder, "0000000001.kvj");
  const whole = readFileSync(path);
  for (const wrong of [{ sequence: 2 }, { extents: other.extents }, { producerTimestamp: 1 }]) {
    await assert.rejects(partsOf(journal, { ...row, ...wrong }), RecordDamaged);
  }
  await assert.rejects(partsOf(journal, row, 1), RecordDamaged);
  await assert.rejects(partsOf(journal, { ...row, size: row.size - 1 }), RecordDamaged);
  await assert.rejects(partsOf(journal, { ...row, size: 5000 }), RecordDamaged);
  for (let part = 0; part < PARTS.length; part++) {
    const flipped = Buffer.from(whole);
    flipped[row.extents[2 * part]! + 60]! ^= 1;
    writeFileSync(path, flipped);
    await assert.rejects(partsOf(journal, row), RecordDamaged);
  }
  writeFileSync(path, whole);
  assert.equal((await partsOf(journal, other))!.length, 3);
  truncateSync(path, whole.length - 1);
  await assert.rejects(partsOf(journal, other), RecordDamaged);
  await assert.rejects(partsOf(journal, { ...row, segment: 99 }), RecordGone);
  await close();
});

test("a file that is lent can be read until the loan ends, even when it has been removed", async () => {
  const { journal, index, put, close } = await open(nodeFileSystem, 1000);
  const row = await put(1, PARTS);
  await put(2, PARTS);
  const part = await journal.lendFiles([row], async ([file]) => {
    await index.expire(1, row.serverTimestamp + 1, 10);
    assert.equal((await journal.collect()).dropped, 1);
    return readPart(file!, row, 1, new Uint8Array(row.size));
  });
  assert.equal(part!.ciphertext.length, PARTS[1]);
  await assert.rejects(partsOf(journal, row), RecordGone);
  await close();
});

test("fragments in many files are not lent, nor those in files that no other thread can read", async () => {
  const strewn = await open(nodeFileSystem, 1000);
  const rows: FragmentRow[] = [];
  for (let i = 1; i <= 5; i++) rows.push(await strewn.put(i, PARTS));
  const descriptors = await strewn.journal.lendFiles([...rows.slice(0, 4), rows[0]!], async (files) =>
    files.map(({ descriptor }) => descriptor),
  );
  assert.equal(new Set(descriptors).size, 4);
  assert.equal(descriptors![4], descriptors![0]);
  assert.equal(await strewn.journal.lendFiles(rows, async () => "lent"), undefined);
  await strewn.close();
  const elsewhere = await open({
    ...nodeFileSystem,
    open: async (path) => wrapped(await nodeFileSystem.open(path)),
  });
  assert.equal(await partsOf(elsewhere.journal, await elsewhere.put(1, PARTS)), undefined);
  await elsewhere.close();
});
