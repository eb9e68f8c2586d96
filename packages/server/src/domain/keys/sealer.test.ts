import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ciphertextChecksum } from "../../storage/ports/ciphertext-checksum.ts";
import type { SealedPart, SealingPart } from "../../storage/ports/journal.ts";
import type { Tell } from "../events/events.ts";
import { encryptionOf, openPart } from "./seal.ts";
import { Sealer } from "./sealer.ts";

const key = createSecretKey(randomBytes(32));
const identity = { streamId: 7, sequence: 3, serverTimestamp: 1_795_254_695_186, producerTimestamp: -1.5, random: 99 };
const LARGE = 600_000;

interface Lent {
  readonly bytes: Buffer;
  readonly part: SealedPart | SealingPart;
  readonly ended: () => boolean;
}

/** Seals random bytes of memory that can be shared, in two pieces. */
function seal(sealer: Sealer, length: number, encryption = encryptionOf(key, identity, 4, undefined)): Lent {
  const bytes = Buffer.from(new SharedArrayBuffer(length));
  randomBytes(length).copy(bytes);
  let ended = 0;
  const views = [bytes.subarray(0, 1000), bytes.subarray(1000)];
  const part = sealer.seal(encryption, { views, length, end: () => void ended++ });
  return { bytes, part, ended: () => ended === 1 };
}

async function opened({ part }: Lent): Promise<Buffer> {
  const { nonce, tag, ciphertext, checksum } = "sealed" in part ? await part.sealed : part;
  const joined = Buffer.concat(ciphertext);
  if (checksum !== undefined) assert.equal(checksum, ciphertextChecksum([joined]));
  return openPart(key, { ...identity, part: 4, nonce, tag, ciphertext: joined });
}

/** A sealer whose worker takes orders. */
async function working(relaunchMs?: number, tell?: Tell): Promise<Sealer> {
  const sealer = new Sealer({ relaunchMs, tell });
  while (!("sealed" in seal(sealer, LARGE).part)) await delay(5);
  return sealer;
}

test("parts are sealed in the worker, large ones, and where they are, small ones, all to the same bytes", async () => {
  const sealer = await working();
  for (const length of [1001, 16_383, 16_384, 524_287, 524_288, LARGE, 2 ** 20, 2 ** 20 + 1]) {
    const lent = seal(sealer, length);
    assert.equal("sealed" in lent.part, length >= 524_288 && length <= 2 ** 20, `${length} bytes`);
    assert.deepEqual(await opened(lent), lent.bytes);
    assert.ok(lent.ended());
  }
  await sealer.close();
});

test("a released part's memory takes another part, a kept one's does not", async () => {
  const sealer = await working();
  const first = (await (seal(sealer, LARGE).part as SealingPart).sealed) as SealedPart;
  const kept = Buffer.concat(first.ciphertext);
  const other = seal(sealer, LARGE);
  await opened(other);
  assert.deepEqual(Buffer.concat(first.ciphertext), kept);
  first.release!();
  const again = (await (seal(sealer, LARGE).part as SealingPart).sealed) as SealedPart;
  assert.equal(again.ciphertext[0]!.buffer, first.ciphertext[0]!.buffer);
  await sealer.close();
});

test("parts that the worker does not finish are sealed all the same", async () => {
  const sealer = await working();
  const lent = Array.from({ length: 20 }, () => seal(sealer, 2 ** 20));
  const closed = sealer.close();
  for (const each of lent) {
    assert.deepEqual(await opened(each), each.bytes);
    assert.ok(each.ended());
  }
  await closed;
  const after = seal(sealer, LARGE);
  assert.deepEqual(await opened(after), after.bytes);
  await sealer.close();
});

test("where a part ends the worker, those behind it are sealed all the same, and the next ones in another", async () => {
  const told: unknown[] = [];
  const sealer = await working(0, (name, fields) => void told.push([name, fields]));
  const good = encryptionOf(key, identity, 4, undefined);
  let reads = 0;
  const poison = {
    ...good,
    // What the worker gets is no nonce; whoever asks again gets one.
    get nonce(): Uint8Array {
      return reads++ === 0 ? new Uint8Array(0) : good.nonce;
    },
  };
  const lent = [seal(sealer, LARGE), seal(sealer, LARGE, poison), seal(sealer, LARGE)];
  for (const each of lent) assert.deepEqual(await opened(each), each.bytes);
  assert.ok(lent.every(({ ended }) => ended()));
  while (!("sealed" in seal(sealer, LARGE).part)) await delay(5);
  await sealer.close();
  assert.deepEqual(told, [
    ["worker lost", { worker: "sealer", message: "Invalid initialization vector" }],
    ["worker restarted", { worker: "sealer" }],
  ]);
});

test("a part that nobody can seal is lost alone", async () => {
  const sealer = await working();
  const good = encryptionOf(key, identity, 4, undefined);
  const impossible = seal(sealer, LARGE, { ...good, nonce: new Uint8Array(0) });
  const behind = seal(sealer, LARGE);
  await assert.rejects(opened(impossible), /initialization vector/);
  assert.ok(impossible.ended());
  assert.deepEqual(await opened(behind), behind.bytes);
  await sealer.close();
});

test("a worker that was lost is not followed by another at once", async () => {
  const sealer = await working();
  const impossible = seal(sealer, LARGE, { ...encryptionOf(key, identity, 4, undefined), nonce: new Uint8Array(0) });
  await assert.rejects(opened(impossible), /initialization vector/);
  for (let turn = 0; turn < 20; turn++) {
    assert.ok(!("sealed" in seal(sealer, LARGE).part));
    await delay(5);
  }
  await sealer.close();
});
