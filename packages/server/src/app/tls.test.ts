import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigError } from "./config/settings.ts";
import { readTls } from "./tls.ts";

const TESTING = join(import.meta.dirname, "../edge/http/testing");
const CERT = join(TESTING, "localhost.cert.pem");
const KEY = join(TESTING, "localhost.key.pem");
const folder = mkdtempSync(join(tmpdir(), "kvass-tls-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a certificate and its key are read", () => {
  const { cert, key } = readTls({ tlsCert: CERT, tlsKey: KEY }) ?? assert.fail();
  assert.match(cert.toString(), /^-----BEGIN CERTIFICATE-----/);
  assert.match(key.toString(), /PRIVATE KEY-----/);
  assert.equal(readTls({ tlsCert: "", tlsKey: "" }), undefined);
});

test("what is wrong with either is said with its option, its file and what was expected", () => {
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const noPem = file("no.pem", "hello\n");
  const wrong: [tlsCert: string, tlsKey: string, message: string][] = [
    [noPem, KEY, `--tls-cert ${noPem}: expected a PEM certificate chain`],
    [CERT, noPem, `--tls-key ${noPem}: expected a PEM private key without a passphrase`],
    [CERT, CERT, `--tls-key ${CERT}: expected a PEM private key without a passphrase`],
    [join(folder, "none"), KEY, `--tls-cert ${join(folder, "none")}: no such file or folder`],
    [CERT, folder, `--tls-key ${folder}: is a folder`],
  ];
  for (const [tlsCert, tlsKey, message] of wrong) {
    assert.throws(() => readTls({ tlsCert, tlsKey }), new ConfigError(message));
  }
  const otherKey = file("other.pem", other.toString());
  assert.throws(() => readTls({ tlsCert: CERT, tlsKey: otherKey }), /other\.pem: is not the key of the certificate in/);
});
