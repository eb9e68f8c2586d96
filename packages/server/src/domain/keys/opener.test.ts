import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RecordDamaged, type StoredPart } from "../../storage/ports/journal.ts";
import { Opener } from "./opener.ts";
import { encryptionOf, sealPart } from "./seal.ts";
import { WorkerLost } from "./worker-line.ts";

const key = createSecretKey(randomBytes(32));
const identity = { streamId: 7, sequence: 3, serverTimestamp: 1_795_254_695_186, producerTimestamp: -1.5, random: 99 };
const LARGE = 300_000;

/** A part as the journal reads it, in memory of its own. */
function stored(plaintext: Buffer): StoredPart {
  const sealed = sealPart(encryptionOf(key, identity, 4, undefined), [plaintext]);
  const ciphertext = new Uint8Array(Buffer.concat(sealed.ciphertext));
  return { ...identity, part: 4, nonce: sealed.nonce, tag: sealed.tag, ciphertext };
}

/** Waits until the opener's worker takes orders. */
async function untilItWorks(opener: Opener): Promise<Opener> {
  for (;;) {
    const opening = opener.open(key, stored(Buffer.alloc(LARGE)));
    await opening;
    if (opening instanceof Promise) return opener;
    await delay(5);
  }
}

test("parts are opened in the memory that they lie in, large ones in the worker, and small ones here", async () => {
  const opener = await untilItWorks(new Opener());
  for (const length of [0, 1, 262_143, 262_144, LARGE, 2 ** 20 + 1]) {
    const plaintext = randomBytes(length);
    const part = stored(plaintext);
    const opening = opener.open(key, part);
    assert.equal(opening instanceof Promise, length >= 262_144, `${length} bytes`);
    assert.deepEqual(Buffer.from(await opening), plaintext);
    // Moved to the worker and back, or never away: there is no second copy.
    assert.equal(part.ciphertext.length, length >= 262_144 ? 0 : length);
  }
  await opener.close();
});

test("a flipped bit is told, by the worker too, and ends nothing else", async () => {
  const opener = await untilItWorks(new Opener());
  for (const length of [1000, LARGE]) {
    const part = stored(randomBytes(length));
    part.ciphertext[length >> 1]! ^= 4;
    await assert.rejects(async () => opener.open(key, part), RecordDamaged);
  }
  const plaintext = randomBytes(LARGE);
  const part = stored(plaintext);
  const opening = opener.open(key, part);
  assert.ok(opening instanceof Promise);
  assert.deepEqual(Buffer.from(await opening), plaintext);
  await opener.close();
});

test("what the worker had when it ended is lost; parts are opened here then, and by another worker later", async () => {
  const opener = await untilItWorks(new Opener({ relaunchMs: 0 }));
  const poison = { ...stored(randomBytes(LARGE)), nonce: new Uint8Array(0) };
  const lost = [opener.open(key, poison), opener.open(key, stored(randomBytes(LARGE)))];
  for (const each of lost) await assert.rejects(async () => each, WorkerLost);
  const plaintext = randomBytes(LARGE);
  assert.deepEqual(opener.open(key, stored(plaintext)), new Uint8Array(plaintext));
  await untilItWorks(opener);
  await opener.close();
  assert.deepEqual(opener.open(key, stored(plaintext)), new Uint8Array(plaintext));
});
