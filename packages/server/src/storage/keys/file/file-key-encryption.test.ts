import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { KeyUnavailable } from "../../ports/key-encryption.ts";
import { FileKeyEncryption } from "./file-key-encryption.ts";

const root = mkdtempSync(join(tmpdir(), "kvass-keys-"));
after(() => rmSync(root, { recursive: true }));
const newFolder = () => join(mkdtempSync(join(root, "k-")), "keys");

test("a wrapped key opens with the same file and context, also after a restart", async () => {
  const folder = newFolder();
  const key = randomBytes(32);
  const wrapped = await (await FileKeyEncryption.open(folder, true)).wrap(key, "arn:1");
  const again = await FileKeyEncryption.open(folder, true);
  assert.deepEqual(await again.unwrap(wrapped, "arn:1"), key);
  assert.ok(!Buffer.from(wrapped.bytes).includes(key));
  await assert.rejects(again.unwrap(wrapped, "arn:2"), KeyUnavailable);
});

test("another file, altered bytes and short bytes open nothing", async () => {
  const encryption = await FileKeyEncryption.open(newFolder(), true);
  const wrapped = await encryption.wrap(randomBytes(32), "arn");
  const other = await FileKeyEncryption.open(newFolder(), true);
  await assert.rejects(other.unwrap(wrapped, "arn"), KeyUnavailable);
  for (let bit = 0; bit < wrapped.bytes.length * 8; bit++) {
    const bytes = Uint8Array.from(wrapped.bytes);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    await assert.rejects(encryption.unwrap({ ...wrapped, bytes }, "arn"), KeyUnavailable);
  }
  await assert.rejects(encryption.unwrap({ ...wrapped, bytes: Buffer.alloc(20) }, "arn"), KeyUnavailable);
});

test("folder and file belong to the owner alone, and no draft stays behind", async () => {
  const folder = newFolder();
  await Promise.all([1, 2, 3, 4].map(() => FileKeyEncryption.open(folder, true)));
  const files = readdirSync(folder);
  assert.deepEqual(files, ["key-encryption-key.json"]);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, files[0]!)).mode & 0o777, 0o600);
});

test("concurrent first starts agree on one key", async () => {
  const folder = newFolder();
  const [a, b] = await Promise.all([FileKeyEncryption.open(folder, true), FileKeyEncryption.open(folder, true)]);
  const key = randomBytes(32);
  assert.deepEqual(await b.unwrap(await a.wrap(key, "arn"), "arn"), key);
});

test("a missing, readable or damaged file is refused in words", async () => {
  const folder = newFolder();
  await assert.rejects(FileKeyEncryption.open(folder, false), /key file .* is missing/);
  await FileKeyEncryption.open(folder, true);
  const path = join(folder, "key-encryption-key.json");
  chmodSync(path, 0o640);
  await assert.rejects(FileKeyEncryption.open(folder, false), /chmod 600/);
  chmodSync(path, 0o600);
  for (const text of ["", "{}", '{"format":1,"id":"x","key":"c2hvcnQ="}']) {
    writeFileSync(path, text);
    await assert.rejects(FileKeyEncryption.open(folder, false), /is damaged/);
  }
});
