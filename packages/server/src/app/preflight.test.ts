import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { resolveSettings } from "./config/settings.ts";
import { playbackKey } from "./playback-key.ts";
import { checkStart, type StartCheck } from "./preflight.ts";
import { startServer } from "./start-server.ts";
import { storagePaths } from "./storage.ts";

const TLS = join(import.meta.dirname, "../edge/http/testing");
const root = mkdtempSync(join(tmpdir(), "kvass-preflight-"));
after(() => rmSync(root, { recursive: true }));

const settingsOf = (data: string, flags: Record<string, string> = {}) =>
  resolveSettings({ flags: { data, listen: "127.0.0.1:0", logLevel: "silent", ...flags } });

/** A folder that a server has been started over. */
async function usedFolder(): Promise<string> {
  const data = mkdtempSync(join(root, "used-"));
  await (await startServer(settingsOf(data), {})).stop();
  return data;
}

async function checksOf(data: string, flags: Record<string, string> = {}, isRunning = false): Promise<StartCheck[]> {
  const checks: StartCheck[] = [];
  for await (const check of checkStart(settingsOf(data, flags), {}, isRunning)) checks.push(check);
  return checks;
}

/** The message of each check that would keep the server from starting, by the check's name. */
const failures = (checks: readonly StartCheck[]): Record<string, string> =>
  Object.fromEntries(checks.flatMap(({ name, error }) => (error instanceof Error ? [[name, error.message]] : [])));

/** Holds what the checks say against what a start says. */
async function agree(data: string, name: string, message: RegExp): Promise<void> {
  const found = failures(await checksOf(data));
  assert.deepEqual(Object.keys(found), [name]);
  assert.match(found[name]!, message);
  await assert.rejects(startServer(settingsOf(data), {}));
}

test("a folder that is to be made, and one that was used, have nothing wrong, and stay as they are", async () => {
  const missing = join(root, "missing");
  assert.deepEqual(failures(await checksOf(missing)), {});
  assert.ok(!readdirSync(root).includes("missing"));
  const data = await usedFolder();
  const before = readdirSync(data, { recursive: true });
  assert.deepEqual(failures(await checksOf(data)), {});
  assert.deepEqual(readdirSync(data, { recursive: true }), before);
});

test("key files that others may read are told as the start tells them", async () => {
  const data = await usedFolder();
  const keyFile = join(data, "keys/key-encryption-key.json");
  chmodSync(keyFile, 0o644);
  await agree(data, "keys", /key-encryption-key\.json may be read by others than its owner: chmod 600/);
  chmodSync(keyFile, 0o600);
  assert.equal(playbackKey(data).type, "secret");
  chmodSync(join(data, "playback-key"), 0o640);
  await agree(data, "keys", /playback-key may be read by others than its owner: chmod 600/);
});

test("a key file that is missing is told where there are streams", async () => {
  const data = await usedFolder();
  rmSync(join(data, "keys"), { recursive: true });
  assert.deepEqual(failures(await checksOf(data)), {});
  const database = new DatabaseSync(storagePaths(data).catalog);
  database.exec(`INSERT INTO streams VALUES
    (1, 'porch', 'arn', 0, 'v', 'ACTIVE', NULL, NULL, NULL, 1, 'HOT', '{}', NULL, NULL, 0, 0)`);
  database.close();
  await agree(data, "keys", /key-encryption-key\.json is missing; without it nothing in the archive can be read$/);
  assert.deepEqual(failures(await checksOf(data, {}, true)), {}, "whose archive is open is not looked at");
});

test("a catalog that is none, or of another version, is told", async () => {
  const data = await usedFolder();
  const { catalog } = storagePaths(data);
  const database = new DatabaseSync(catalog);
  database.exec("PRAGMA user_version = 9");
  database.close();
  await agree(data, "archive", /catalog\.db has format 9; this version of the server reads format 1$/);
  writeFileSync(catalog, "hello".repeat(1000));
  await agree(data, "archive", /catalog\.db cannot be read: file is not a database$/);
});

test("certificates and credentials are looked at, with a word on what is weak or has ended", async () => {
  const data = join(root, "none");
  const tls = { tlsCert: join(TLS, "localhost.cert.pem"), tlsKey: join(TLS, "localhost.key.pem") };
  const [certificate] = await checksOf(data, tls);
  assert.match(certificate?.detail ?? "", /localhost\.cert\.pem is valid until \d{4}-\S+Z$/);
  assert.match(failures(await checksOf(data, { ...tls, tlsKey: tls.tlsCert })).certificate ?? "", /^--tls-key /);
  mkdirSync(data);
  writeFileSync(join(data, "root-credential.json"), '{"accessKeyId":"test","secretAccessKey":"test"}');
  const [local] = await checksOf(data);
  assert.deepEqual(local, { name: "credential", detail: "test, of the data folder", warning: undefined });
  const [open] = await checksOf(data, { listen: "0.0.0.0:0" });
  assert.match(open?.warning ?? "", /has 4 characters/);
});
