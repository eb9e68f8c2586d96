import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigError } from "./config/settings.ts";
import { weaknessOf } from "./credential-form.ts";
import { knownCredential, ROOT_CREDENTIAL_FILE, rootCredential } from "./root-credential.ts";

const root = mkdtempSync(join(tmpdir(), "kvass-root-credential-"));
after(() => rmSync(root, { recursive: true }));
const newFolder = (): string => mkdtempSync(join(root, "data-"));

const variables = (id: string, secret: string) => ({
  KVASS_ROOT_ACCESS_KEY_ID: id,
  KVASS_ROOT_SECRET_ACCESS_KEY: secret,
});

/** Expects a ConfigError with this message, which quotes no secret. */
function refuses(action: () => unknown, message: RegExp): void {
  assert.throws(action, (error: Error) => error instanceof ConfigError && message.test(error.message));
}

test("the environment's credential goes before the folder's, which is made once", () => {
  const folder = newFolder();
  assert.equal(knownCredential(folder, {}), undefined);
  const made = rootCredential(folder, {});
  assert.match(made.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.equal(made.secretAccessKey.length, 40);
  assert.equal(statSync(join(folder, ROOT_CREDENTIAL_FILE)).mode & 0o777, 0o600);
  assert.deepEqual(knownCredential(folder, variables("", "")), { credential: made, origin: "data folder" });
  const given = { accessKeyId: "test", secretAccessKey: "test" };
  assert.deepEqual(knownCredential(folder, variables("test", "test")), { credential: given, origin: "environment" });
  assert.deepEqual(rootCredential(newFolder(), variables("test", "test")), given);
});

const ID_FORM = /^KVASS_ROOT_ACCESS_KEY_ID: expected 1 to 128 letters, digits and "_\.-@\+=:"$/;
const SECRET_FORM = /^KVASS_ROOT_SECRET_ACCESS_KEY: expected 1 to 128 ASCII characters without blanks$/;

for (const [what, id, secret, message] of [
  ["an id alone", "AKIA", "", /expected both or neither; KVASS_ROOT_SECRET_ACCESS_KEY is not set$/],
  ["a secret alone", "", "hunter2", /expected both or neither; KVASS_ROOT_ACCESS_KEY_ID is not set$/],
  ["an id with a blank", "AK IA", "secret", ID_FORM],
  ["an id of blanks", "  ", "secret", ID_FORM],
  ["an id that ends with a line", "AKIA\n", "secret", ID_FORM],
  ["an id that would end its part of the scope", "AK/IA", "secret", ID_FORM],
  ["an id that would end the credential", "AKIA,", "secret", ID_FORM],
  ["an id that is too long", "A".repeat(129), "secret", ID_FORM],
  ["a secret of blanks", "AKIA", "    ", SECRET_FORM],
  ["a secret with a blank", "AKIA", "hunter 2", SECRET_FORM],
  ["a secret beyond ASCII", "AKIA", "höhle-2", SECRET_FORM],
  ["a secret that is too long", "AKIA", "s".repeat(129), SECRET_FORM],
] as const) {
  test(`${what} is refused without being quoted`, () => {
    const folder = newFolder();
    refuses(() => rootCredential(folder, variables(id, secret)), message);
    refuses(() => knownCredential(folder, variables(id, secret)), message);
  });
}

test("the longest id and secret are taken", () => {
  const [id, secret] = ["Az09_-.@+=:".padEnd(128, "x"), "!~/+=%&,:".padEnd(128, "y")];
  assert.equal(rootCredential(newFolder(), variables(id, secret)).accessKeyId, id);
});

test("a file that is no credential is named, and not quoted", () => {
  const folder = newFolder();
  const path = join(folder, ROOT_CREDENTIAL_FILE);
  for (const [text, problem] of [
    ["secret, not JSON", "expected a JSON object with accessKeyId and secretAccessKey, both strings"],
    ["null", "expected a JSON object with accessKeyId and secretAccessKey, both strings"],
    ['{"accessKeyId":"AKIA"}', "expected a JSON object with accessKeyId and secretAccessKey, both strings"],
    ['{"accessKeyId":"AKIA","secretAccessKey":"a b"}', "secretAccessKey: expected 1 to 128"],
  ] as const) {
    writeFileSync(path, text);
    assert.throws(
      () => rootCredential(folder, {}),
      (error: Error) => error instanceof ConfigError && error.message.startsWith(`${path}: ${problem}`),
    );
    assert.equal(readFileSync(path, "utf8"), text);
  }
});

test("a short secret is weak where other machines can reach the server", () => {
  const weak = (secret: string, listen: string, publicUrl = "") =>
    weaknessOf({ accessKeyId: "test", secretAccessKey: secret }, { listen, publicUrl });
  for (const listen of ["127.0.0.1:8400", "127.1.2.3:0", "[::1]:8400", "localhost:8400", "LOCALHOST:1"]) {
    assert.equal(weak("test", listen), undefined);
    assert.equal(weak("test", listen, "http://[::1]:8400"), undefined);
    assert.match(weak("test", listen, "https://kvass.example") ?? "", /has 4 characters: .* take 16 or more/);
  }
  for (const listen of ["0.0.0.0:8400", "[::]:8400", "192.0.2.1:8400", "kvass.example:8400", "127.example:1"]) {
    assert.match(weak("x", listen) ?? "", /has 1 character:/);
    assert.match(weak("x".repeat(15), listen) ?? "", /has 15 characters:/);
    assert.equal(weak("x".repeat(16), listen), undefined);
  }
});
