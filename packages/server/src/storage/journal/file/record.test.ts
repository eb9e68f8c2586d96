import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { identityOf, sealedPart, summaryOf } from "../../contract/fragments.ts";
import { decodeRecordHeader, encodeRecordHeader, RECORD_HEADER_BYTES, reseal } from "./record.ts";

const SEED = 0x12345678;

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
  });
  fc.assert(
    fc.property(
      arbitrary,
      ({ part, length, duration, size, startsClean, lacksPictures, configuration, isLast, ...identity }) => {
        const sealed = sealedPart(10, 1);
        const summary = isLast ? { duration, size, startsClean, lacksPictures, configuration } : undefined;
        const bytes = encodeRecordHeader(SEED, identity, part, summary, sealed, length);
        assert.equal(bytes.length, RECORD_HEADER_BYTES);
        const { nonce, tag, checksum, ...header } = decodeRecordHeader(bytes, SEED)!;
        assert.deepEqual(header, { ...identity, part, length, summary });
        assert.deepEqual([Buffer.from(nonce), Buffer.from(tag)], [sealed.nonce, sealed.tag]);
        assert.ok(checksum > 0);
      },
    ),
  );
});

test("a header with one flipped bit, of another segment, or cut short is none", () => {
  const bytes = encodeRecordHeader(SEED, identityOf(1, 1), 0, summaryOf(10), sealedPart(10, 1), 10);
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
  const changes: [number, number][] = [
    [8, 16 * 1024 * 1024 + 1],
    [52, 4096],
    [4, 2],
  ];
  for (const [offset, value] of changes) {
    const bytes = encodeRecordHeader(SEED, identityOf(1, 1), 0, undefined, sealedPart(10, 1), 10);
    bytes.writeUInt32LE(value, offset);
    reseal(bytes, SEED);
    assert.equal(decodeRecordHeader(bytes, SEED), undefined, `offset ${offset}`);
  }
});
