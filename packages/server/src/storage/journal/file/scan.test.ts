import assert from "node:assert/strict";
import { test } from "node:test";
import { identityOf, sealedPart, sealedTable, summaryOf } from "../../contract/fragments.ts";
import type { JournalFile } from "./file-system.ts";
import { encodeRecordStart } from "./record.ts";
import { type Found, FragmentCollector, scanRecords } from "./scan.ts";
import { HEADER_BLOCK_BYTES } from "./segment-header.ts";

const SEED = 99;

/** A file in memory that can only be read. */
function fileOf(bytes: Buffer): JournalFile {
  const refuse = async (): Promise<never> => {
    throw new Error("a scan only reads");
  };
  return {
    read: async (target, position) => bytes.copy(target, 0, position, position + target.length),
    size: async () => bytes.length,
    writev: refuse,
    datasync: refuse,
    close: refuse,
  };
}

function record(sequence: number, part: number, last: boolean, bytes = 200, seed = SEED): Buffer {
  const sealed = sealedPart(bytes, sequence + part);
  const summary = last ? summaryOf(bytes) : undefined;
  const table = last ? sealedTable(300, sequence) : undefined;
  const content = { identity: identityOf(1, sequence), part, summary, table, length: bytes };
  return Buffer.concat([encodeRecordStart(seed, content, sealed), ...sealed.ciphertext]);
}

async function scan(...pieces: Buffer[]): Promise<Found[]> {
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BLOCK_BYTES), ...pieces]);
  const found: Found[] = [];
  for await (const each of scanRecords(fileOf(bytes), SEED, bytes.length)) found.push(each);
  return found;
}

const shape = (found: Found[]) =>
  found.map((each) => (each.kind === "record" ? each.header.sequence : `${each.length} damaged`));

test("records are found one behind the other, also beyond the window of the scan", async () => {
  const records = Array.from({ length: 12 }, (_, i) => record(i, 0, true, 700_000));
  assert.deepEqual(shape(await scan(...records)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("a scan that loses its place goes on at the next record of its own segment", async () => {
  const lookalikes = Buffer.concat([Buffer.from("KVJRKVJR"), record(50, 0, true, 10, SEED + 1), Buffer.from("KVJ")]);
  const found = await scan(
    record(1, 0, true),
    lookalikes,
    record(2, 0, true),
    Buffer.alloc(5_000_000),
    record(3, 0, true),
  );
  assert.deepEqual(shape(found), [1, `${lookalikes.length} damaged`, 2, "5000000 damaged", 3]);
});

test("a record whose bytes changed is damage that names it, and the next one is found behind it", async () => {
  const changed = record(2, 0, true);
  changed[116 + 28 + 300 + 50]! ^= 1;
  const found = await scan(record(1, 0, true), changed, record(3, 0, true));
  assert.deepEqual(shape(found), [1, `${changed.length} damaged`, 3]);
  assert.equal(found[1]!.header?.sequence, 2);
});

test("a record whose table alone changed is whole", async () => {
  const changed = record(2, 0, true);
  changed[150]! ^= 1;
  assert.deepEqual(shape(await scan(record(1, 0, true), changed, record(3, 0, true))), [1, 2, 3]);
});

test("a record that the end of the file cuts off is damage", async () => {
  const cut = record(2, 0, true).subarray(0, 250);
  assert.deepEqual(shape(await scan(record(1, 0, true), cut)), [1, "250 damaged"]);
  assert.deepEqual(shape(await scan(record(1, 0, true), cut.subarray(0, 20))), [1, "20 damaged"]);
});

test("only fragments with all their parts in order are whole", async () => {
  const pieces = [
    record(1, 0, false),
    record(2, 0, false),
    record(1, 1, false),
    record(3, 1, true), // its first part is missing
    record(2, 2, true), // its second part is missing
    record(1, 2, true),
    record(4, 0, true),
  ];
  const collector = new FragmentCollector(7);
  const rows = (await scan(...pieces)).map((each) => each.kind === "record" && collector.add(each.offset, each.header));
  const whole = rows.filter((row) => typeof row === "object");
  assert.deepEqual(
    whole.map(({ sequence, segment, extents }) => ({ sequence, segment, extents })),
    [
      { sequence: 1, segment: 7, extents: [4096, 316, 4728, 316, 6332, 644] },
      { sequence: 4, segment: 7, extents: [6976, 644] },
    ],
  );
});
