import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeyEncryption, KeyUnavailable } from "../../storage/ports/key-encryption.ts";
import type { WrappedKey } from "../../storage/ports/stream-catalog.ts";
import { DataKeys } from "./data-keys.ts";

/** Wraps by remembering the context beside the key, and counts what it opened. */
class PlainEncryption implements KeyEncryption {
  unwrapped = 0;

  async wrap(dataKey: Uint8Array, context: string): Promise<WrappedKey> {
    return { wrappedBy: context, bytes: Uint8Array.from(dataKey) };
  }

  async unwrap(wrapped: WrappedKey, context: string): Promise<Uint8Array> {
    this.unwrapped++;
    if (wrapped.wrappedBy !== context) throw new KeyUnavailable("other context");
    return Uint8Array.from(wrapped.bytes);
  }
}

function fixture(capacity?: number) {
  const stored = new Map<number, WrappedKey>();
  const encryption = new PlainEncryption();
  const keys = new DataKeys({ wrappedKey: async (id) => stored.get(id) }, encryption, capacity);
  return { stored, encryption, keys };
}

test("a created key is random, 32 bytes, and comes back for its own ARN only", async () => {
  const { stored, keys } = fixture();
  stored.set(1, await keys.create("arn:1"));
  stored.set(2, await keys.create("arn:2"));
  const key = await keys.get({ id: 1, arn: "arn:1" });
  assert.equal(key.symmetricKeySize, 32);
  assert.ok(!key.equals(await keys.get({ id: 2, arn: "arn:2" })));
  stored.set(3, stored.get(1)!);
  await assert.rejects(keys.get({ id: 3, arn: "arn:3" }), KeyUnavailable);
});

test("concurrent readers share one unwrapping; the least recently used key leaves first", async () => {
  const { stored, encryption, keys } = fixture(2);
  for (const id of [1, 2, 3]) stored.set(id, await keys.create(`arn:${id}`));
  const get = (id: number) => keys.get({ id, arn: `arn:${id}` });
  await Promise.all([get(1), get(1), get(2)]);
  assert.equal(encryption.unwrapped, 2);
  await get(1);
  await get(3);
  await get(1);
  assert.equal(encryption.unwrapped, 3);
  await get(2);
  assert.equal(encryption.unwrapped, 4);
});

test("a forgotten key is not served again, not even by a load that was under way", async () => {
  const { stored, keys } = fixture();
  stored.set(1, await keys.create("arn:1"));
  const owner = { id: 1, arn: "arn:1" };
  const underWay = keys.get(owner);
  stored.delete(1);
  keys.forget(1);
  await underWay.catch(() => undefined);
  await assert.rejects(keys.get(owner), KeyUnavailable);
});

test("a failed load is not remembered", async () => {
  const { stored, keys } = fixture();
  const owner = { id: 1, arn: "arn:1" };
  await assert.rejects(keys.get(owner), KeyUnavailable);
  stored.set(1, await keys.create("arn:1"));
  assert.equal((await keys.get(owner)).symmetricKeySize, 32);
});
