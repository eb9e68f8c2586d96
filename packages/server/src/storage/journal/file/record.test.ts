import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { identityOf, sealedPart, sealedTable, summaryOf } from "../../contract/fragments.ts";
import {
  decodeRecordHeader,
  encodeRecordStart,
  isTableWhole,
  RECORD_HEADER_BYTES,
  type RecordContent,
  reseal,
  toStoredTable,
} from "./record.ts";

const SEED = 0x12345678;

/** A record up to its ciphertext, of a fragment's only part unless told otherwise. */
function startOf(changes: Partial<RecordContent> = {}): Buffer {
  const content = { identity: identityOf(1, 1), part: 0, summary: summaryOf(10), table: undefined, length: 10 };
  return encodeRecordStart(SEED, { ...content, ...changes }, sealedPart(10, 1));
}

test("a record header comes back as it was written", () => {
  const arbitrary = fc.record({
    streamId: fc.maxSafeNat(),
    sequence: fc.maxSafeNat(),
    serverTimestamp: fc.maxSafeNat(),
    producerTimestamp: fc.double({ noNaN: true }),
    random: fc.nat({ max: 2 ** 28 - 1 }),
    part: fc.nat({ max: 4095 }),
    length: fc.nat({ max: 16 * 1024 * 1024 }),
    duration: fc.double({ min: 0, noNaN: true }),
    size: fc.maxSafeNat(),
    startsClean: fc.boolean(),
    lacksPictures: fc.boolean(),
    configuration: fc.nat({ max: 2 ** 32 - 1 }),
    isLast: fc.boolean(),
    tableBytes: fc.option(fc.nat({ max: 300 })),
  });
  fc.assert(
    fc.property(arbitrary, (given) => {
      const {
        part,
        length,
        duration,
        size,
        startsClean,
        lacksPictures,
        configuration,
        isLast,
        tableBytes,
        ...identity
      } = given;
      const sealed = sealedPart(10, 1);
      const summary = isLast ? { duration, size, startsClean, lacksPictures, configuration } : undefined;
      const table = isLast && tableBytes !== null ? sealedTable(tableBytes, 7) : undefined;
      const bytes = startOf({ identity, part, summary, table, length });
      const { nonce, tag, checksum, tableChecksum, ...header } = decodeRecordHeader(bytes, SEED)!;
      const tableLength = table === undefined ? 0 : 28 + table.ciphertext.length;
      assert.equal(bytes.length, RECORD_HEADER_BYTES + tableLength);
      assert.deepEqual(header, { ...identity, part, length, summary, tableLength });
      assert.deepEqual([Buffer.from(nonce), Buffer.from(tag)], [sealed.nonce, sealed.tag]);
      assert.ok(checksum > 0);
      assert.ok(isTableWhole({ ...header, nonce, tag, checksum, tableChecksum }, bytes));
      const stored = toStoredTable(decodeRecordHeader(bytes, SEED)!, bytes.subarray(RECORD_HEADER_BYTES));
      assert.deepEqual(stored, table && { ...identity, summary, ...table });
    }),
  );
});

test("a table with one flipped bit is told from a whole one, and costs the record nothing", () => {
  const bytes = startOf({ table: sealedTable(40, 3) });
  for (let bit = RECORD_HEADER_BYTES * 8; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const header = decodeRecordHeader(flipped, SEED);
    assert.ok(header);
    assert.equal(isTableWhole(header, flipped), false, `bit ${bit}`);
  }
});

test("a header with one flipped bit, of another segment, or cut short is none", () => {
  const bytes = startOf();
  assert.ok(decodeRecordHeader(bytes, SEED));
  assert.equal(decodeRecordHeader(bytes, SEED + 1), undefined);
  assert.equal(decodeRecordHeader(bytes.subarray(0, RECORD_HEADER_BYTES - 1), SEED), undefined);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeRecordHeader(flipped, SEED), undefined, `bit ${bit}`);
  }
});

test("impossible lengths and part numbers are refused though their checksum holds", () => {
  const changes: [number, number, "last"?][] = [
    [8, 16 * 1024 * 1024 + 1],
    [52, 4096],
    [4, 3],
    // A table on a part that is not the last, one without a whole seal, and one that is too long.
    [104, 100],
    [104, 27, "last"],
    [104, 64 * 1024 + 29, "last"],
  ];
  for (const [offset, value, last] of changes) {
    const bytes = startOf(last === undefined ? { summary: undefined } : {});
    bytes.writeUInt32LE(value, offset);
    reseal(bytes, SEED);
    assert.equal(decodeRecordHeader(bytes, SEED), undefined, `offset ${offset}`);
  }
});
