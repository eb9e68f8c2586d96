import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { shellExports } from "./commands/env.ts";
import { connectionTo, findLocalServer, isFoundByItself, localServer } from "./discovery.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function dataFolder(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), "kvass-cli-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

/** A user who owns nothing. */
const NOBODY = 65_534;
const SERVER = { url: "http://127.0.0.1:9", region: "eu-north-1", accessKeyId: "AKIAX", pid: process.pid };
const CREDENTIAL = { accessKeyId: "AKIAX", secretAccessKey: "se/cret+" };
const running = (): string => dataFolder({ "server.json": SERVER, "root-credential.json": CREDENTIAL });

test("a running server is found by its folder, with its credential", () => {
  const dataDir = running();
  const { pid: _, ...server } = SERVER;
  assert.deepEqual(findLocalServer(dataDir, {}), { dataDir, ...server, ...CREDENTIAL });
});

test("the credential comes from the environment first, as the server takes it", () => {
  const environment = { KVASS_ROOT_ACCESS_KEY_ID: "AKIAX", KVASS_ROOT_SECRET_ACCESS_KEY: "B" };
  const dataDir = dataFolder({ "server.json": SERVER });
  assert.equal(findLocalServer(dataDir, environment)?.secretAccessKey, "B");
  assert.throws(() => findLocalServer(dataDir, {}), { name: "CliError", message: /holds no root-credential\.json/ });
});

test("a credential that the server was not started with is none of it", () => {
  const dataDir = dataFolder({
    "server.json": { ...SERVER, accessKeyId: "AKIAY" },
    "root-credential.json": CREDENTIAL,
  });
  const elsewhere = { name: "CliError", message: /started with the root credential AKIAY, .*: set KVASS_ROOT_/ };
  assert.throws(() => findLocalServer(dataDir, {}), elsewhere);
  const environment = { KVASS_ROOT_ACCESS_KEY_ID: "AKIAY", KVASS_ROOT_SECRET_ACCESS_KEY: "B" };
  assert.equal(findLocalServer(dataDir, environment)?.secretAccessKey, "B");
});

test("a server that is gone is not found: no file, half a file, a process that ended", () => {
  assert.equal(findLocalServer(dataFolder({}), {}), undefined);
  assert.equal(findLocalServer(dataFolder({ "server.json": "half" }), {}), undefined);
  // Beyond the largest process id of Linux.
  assert.equal(findLocalServer(dataFolder({ "server.json": { ...SERVER, pid: 2 ** 30 } }), {}), undefined);
});

test("without a running server it says where it looked, and what to do", () => {
  const folder = dataFolder({});
  assert.throws(() => localServer(folder, {}), {
    message: `no server runs over ${folder}; start one with kvass serve or kvass demo, or name the folder of one that runs with --data`,
  });
});

test("a folder that this user may not look into is told as such", () => {
  const folder = running();
  chmodSync(folder, 0o000);
  // Nothing is closed to root.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid!(NOBODY);
  try {
    assert.throws(() => localServer(folder, {}), {
      message: /^--data .*: permission denied; the data folder belongs to/,
    });
  } finally {
    if (isRoot) process.seteuid!(0);
    chmodSync(folder, 0o700);
  }
});

test("a server is found by itself where every shell finds it, and no variable leads elsewhere", () => {
  const home = running();
  assert.ok(!isFoundByItself(home, {}), "a folder that nobody looks into");
  assert.ok(!isFoundByItself(home, { KVASS_DATA: home }), "a folder that only this shell names");
  const { HOME } = process.env;
  process.env.HOME = dataFolder({});
  const byDefault = join(process.env.HOME, ".kvass");
  cpSync(home, byDefault, { recursive: true });
  assert.ok(isFoundByItself(byDefault, {}));
  assert.ok(!isFoundByItself(byDefault, { AWS_ENDPOINT_URL: "http://elsewhere" }));
  process.env.HOME = HOME;
});

test("--endpoint wins over --data, which wins over the environment", async () => {
  const dataDir = running();
  const environment = {
    AWS_ENDPOINT_URL: "http://general",
    AWS_ENDPOINT_URL_KINESIS_VIDEO: "http://special",
    AWS_REGION: "r-1",
  };
  const endpointOf = async (target: Parameters<typeof connectionTo>[0]) =>
    (await connectionTo(target, environment)).endpoint;
  assert.equal(await endpointOf({ endpoint: "http://given", data: dataDir }), "http://given");
  assert.equal(await endpointOf({ data: dataDir }), SERVER.url);
  assert.equal(await endpointOf({}), "http://special");
  assert.equal((await connectionTo({}, environment)).region, "r-1");
});

test("shell exports survive every character", () => {
  const text = shellExports({ dataDir: "", ...SERVER, accessKeyId: "A", secretAccessKey: "it's $HOME" });
  assert.match(text, /^export AWS_SECRET_ACCESS_KEY='it'\\''s \$HOME'$/m);
  assert.match(text, /^export AWS_ENDPOINT_URL_KINESIS_VIDEO_MEDIA=http:\/\/127\.0\.0\.1:9$/m);
  assert.match(text, /^export CONTROL_PLANE_URI=http:\/\/127\.0\.0\.1:9$/m);
});

test("shell exports take away what would be preferred to them", () => {
  const script = `set -eu; ${shellExports({ dataDir: "", ...SERVER, accessKeyId: "A", secretAccessKey: "B" })} env`;
  const { status, stdout } = spawnSync("/bin/sh", ["-c", script], {
    encoding: "utf8",
    env: {
      PATH: process.env.PATH,
      AWS_PROFILE: "work",
      AWS_SESSION_TOKEN: "of another key",
      AWS_CREDENTIAL_EXPIRATION: "2020",
    },
  });
  assert.equal(status, 0);
  assert.match(stdout, /^AWS_ACCESS_KEY_ID=A$/m);
  assert.doesNotMatch(stdout, /^AWS_(PROFILE|SESSION_TOKEN|CREDENTIAL_EXPIRATION)=/m);
});
