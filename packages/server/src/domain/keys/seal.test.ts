import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { FragmentIdentity, FragmentSummary } from "../../storage/ports/fragment.ts";
import { RecordDamaged, type SealedPart, type StoredPart } from "../../storage/ports/journal.ts";
import { encryptionOf, openPart, openTable, sealPart, sealTable } from "./seal.ts";

const key = createSecretKey(randomBytes(32));

const identities: fc.Arbitrary<FragmentIdentity> = fc.record({
  streamId: fc.integer({ min: 1, max: 2 ** 40 }),
  sequence: fc.maxSafeNat(),
  serverTimestamp: fc.maxSafeNat(),
  producerTimestamp: fc.double({ noNaN: true }),
  random: fc.nat({ max: 2 ** 28 - 1 }),
});
const summaries: fc.Arbitrary<FragmentSummary> = fc.record({
  duration: fc.double({ min: 0, noNaN: true }),
  size: fc.maxSafeNat(),
  startsClean: fc.boolean(),
  lacksPictures: fc.boolean(),
  configuration: fc.nat({ max: 2 ** 32 - 1 }),
});

function stored(identity: FragmentIdentity, part: number, sealed: SealedPart, summary?: FragmentSummary): StoredPart {
  const { nonce, tag } = sealed;
  const common = { ...identity, part, nonce, tag, ciphertext: Buffer.concat(sealed.ciphertext) };
  return summary === undefined ? common : { ...common, summary };
}

test("a part opens to the bytes that were sealed, however they were cut", () => {
  fc.assert(
    fc.property(
      identities,
      fc.nat({ max: 4095 }),
      fc.option(summaries, { nil: undefined }),
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      (identity, part, summary, chunks) => {
        const opened = openPart(
          key,
          stored(identity, part, sealPart(encryptionOf(key, identity, part, summary), chunks), summary),
        );
        assert.deepEqual(opened, Buffer.concat(chunks));
      },
    ),
  );
});

const identity = { streamId: 7, sequence: 3, serverTimestamp: 1_795_254_695_186, producerTimestamp: -1.5, random: 99 };
const summary = { duration: 2000, size: 5, startsClean: true, lacksPictures: false, configuration: 77 };
const chunks = [Buffer.from("media")];

test("a part opens as no other part", () => {
  const whole = stored(identity, 1, sealPart(encryptionOf(key, identity, 1, summary), chunks), summary);
  assert.deepEqual(openPart(key, whole), chunks[0]);
  const { summary: _, ...notLast } = whole;
  const others: StoredPart[] = [
    { ...whole, streamId: 8 },
    { ...whole, sequence: 4 },
    { ...whole, serverTimestamp: 1_795_254_695_187 },
    { ...whole, producerTimestamp: 1.5 },
    { ...whole, random: 98 },
    { ...whole, part: 0 },
    { ...whole, summary: { ...summary, duration: 2001 } },
    { ...whole, summary: { ...summary, size: 6 } },
    { ...whole, summary: { ...summary, startsClean: false } },
    { ...whole, summary: { ...summary, lacksPictures: true } },
    { ...whole, summary: { ...summary, startsClean: false, lacksPictures: true } },
    { ...whole, summary: { ...summary, configuration: 78 } },
    notLast,
  ];
  for (const other of others) assert.throws(() => openPart(key, other), RecordDamaged);
  assert.throws(() => openPart(createSecretKey(randomBytes(32)), whole), RecordDamaged);
});

test("a table opens as that of its fragment alone, and as no part", () => {
  const bytes = randomBytes(50);
  const sealed = sealTable(key, identity, summary, bytes);
  const whole = { ...identity, summary, ...sealed };
  assert.deepEqual(openTable(key, whole), bytes);
  assert.equal(openTable(key, { ...whole, ...sealTable(key, identity, summary, new Uint8Array(0)) }).length, 0);
  const flipped = Buffer.from(sealed.ciphertext);
  flipped[20]! ^= 1;
  for (const other of [
    { ...whole, streamId: 8 },
    { ...whole, sequence: 4 },
    { ...whole, random: 98 },
    { ...whole, summary: { ...summary, size: 6 } },
    { ...whole, nonce: randomBytes(12) },
    { ...whole, tag: randomBytes(16) },
    { ...whole, ciphertext: flipped },
  ]) {
    assert.throws(() => openTable(key, other), RecordDamaged);
  }
  assert.throws(() => openTable(createSecretKey(randomBytes(32)), whole), RecordDamaged);
  const ciphertext = new Uint8Array(sealed.ciphertext);
  assert.throws(() => openPart(key, { ...whole, part: 0, ciphertext }), RecordDamaged);
});

test("one flipped bit anywhere in nonce, tag or ciphertext is told", () => {
  const whole = stored(identity, 0, sealPart(encryptionOf(key, identity, 0, undefined), [randomBytes(64)]));
  for (const member of ["nonce", "tag", "ciphertext"] as const) {
    for (let bit = 0; bit < whole[member].length * 8; bit++) {
      const bytes = Buffer.from(whole[member]);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => openPart(key, { ...whole, [member]: bytes }), RecordDamaged, `${member} bit ${bit}`);
    }
  }
});

test("nonces do not repeat across the pool's edge", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    seen.add(Buffer.from(encryptionOf(key, identity, 0, undefined).nonce).toString("hex"));
  }
  assert.equal(seen.size, 2000);
});
