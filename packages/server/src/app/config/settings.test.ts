import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { flagOf, variableOf } from "./options.ts";
import { ConfigError, resolveSettings } from "./settings.ts";

function withFile(text: string, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "kvass-config-"));
  try {
    const path = join(folder, "kvass.json");
    writeFileSync(path, text);
    use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a flag wins over the environment, which wins over the file, which wins over the default", () => {
  withFile('{"region":"eu-west-1","accountId":"111111111111","listen":"127.0.0.1:1","segmentBytes":"1m"}', (path) => {
    const settings = resolveSettings({
      flags: { listen: "127.0.0.1:3" },
      environment: { KVASS_LISTEN: "127.0.0.1:2", KVASS_ACCOUNT_ID: "222222222222", KVASS_CONFIG: path },
    });
    assert.equal(settings.listen, "127.0.0.1:3");
    assert.equal(settings.accountId, "222222222222");
    assert.equal(settings.region, "eu-west-1");
    assert.equal(settings.segmentBytes, 1 << 20);
    assert.equal(settings.drainSeconds, 10);
    assert.equal(settings.maxTracks, undefined);
  });
});

test("other defaults may stand in for an option's own", () => {
  const defaults = { logLevel: "warn", region: "eu-west-1" };
  const { logLevel, region, accountId } = resolveSettings({ defaults, flags: { region: "eu-west-2" } });
  assert.deepEqual([logLevel, region, accountId], ["warn", "eu-west-2", "000000000000"]);
});

test("flags and variables are named after the key", () => {
  assert.equal(flagOf("maxProducersPerStream"), "--max-producers-per-stream");
  assert.equal(variableOf("maxProducersPerStream"), "KVASS_MAX_PRODUCERS_PER_STREAM");
});

const REFUSED: [string, Parameters<typeof resolveSettings>[0], RegExp][] = [
  ["a data folder without a name", { flags: { data: "" } }, /^--data: expected a folder, got ""$/],
  ["a port without a host", { flags: { listen: "8400" } }, /^--listen: expected HOST:PORT.*got "8400"$/],
  ["a path in the public URL", { flags: { publicUrl: "https://kvs.example/a" } }, /^--public-url: expected/],
  ["a short account", { environment: { KVASS_ACCOUNT_ID: "12" } }, /^KVASS_ACCOUNT_ID: expected twelve digits/],
  ["an unknown unit", { flags: { maxBytes: "10 parsecs" } }, /^--max-bytes: expected bytes/],
  ["an empty number", { flags: { drainSeconds: " " } }, /^--drain-seconds: expected a number/],
  ["an unknown preset", { flags: { limits: "none" } }, /^--limits: expected one of generous, aws/],
  ["a certificate without its key", { flags: { tlsCert: "a.pem" } }, /expected both or neither/],
  [
    "a missing file",
    { configFile: "/nonexistent/kvass.json" },
    /^config file \/nonexistent\/kvass\.json: no such file or folder$/,
  ],
];

for (const [what, sources, message] of REFUSED) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => resolveSettings(sources),
      (error: Error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}

test("refuses unknown keys and wrong types in the config file by name", () => {
  withFile('{"regoin":"x"}', (configFile) => {
    assert.throws(() => resolveSettings({ configFile }), /unknown key "regoin"; did you mean "region"\?$/);
  });
  withFile('{"region":["x"]}', (configFile) => {
    assert.throws(() => resolveSettings({ configFile }), /"region": expected a string or a number/);
  });
  withFile("[]", (configFile) => {
    assert.throws(() => resolveSettings({ configFile }), /expected a JSON object/);
  });
});
