/** `kvass serve` where it cannot start, `kvass doctor`, and what a client verb says of a server that it cannot talk to. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { kvass, startKvass } from "../support/command-line.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";
import { until } from "../support/waiting.ts";

const folder = mkdtempSync(join(tmpdir(), "kvass-server-command-"));
after(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

const TLS = join(import.meta.dirname, "../../packages/server/src/edge/http/testing");
const CERTIFICATE = ["--tls-cert", join(TLS, "localhost.cert.pem"), "--tls-key", join(TLS, "localhost.key.pem")];
const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
};

test("a port that is taken costs no data folder", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const { status, stderr } = await kvass(["serve", "--data", path("none"), "--listen", listen]);
  other.close();
  assert.deepEqual(
    [status, stderr],
    [1, `kvass: ${listen} is taken; choose another with --listen HOST:PORT, or port 0\n`],
  );
  assert.ok(!existsSync(path("none")));
});

test("a folder that is in use is told before its port", async () => {
  const server = await TestServer.start();
  const { status, stderr } = await kvass(["serve", "--data", server.data, "--listen", new URL(server.url).host]);
  await server.stop();
  assert.equal(status, 1);
  assert.match(stderr, /^kvass: .* is in use by the server on http:\/\/127\.0\.0\.1:\d+ \(process \d+\)\n$/);
});

for (const [wrong, right, flags, hint] of [
  ["http", "https", CERTIFICATE, "the server speaks TLS; use https://"],
  ["https", "http", [], "no TLS comes about; is it http://"],
] as const) {
  test(`${wrong}:// where the server speaks ${right} is said`, async () => {
    const server = await TestServer.start({ flags });
    const endpoint = server.url.replace(right, wrong);
    const options = { environment: AWS_ENVIRONMENT };
    const { status, stderr } = await startKvass(["ls", "--endpoint", endpoint], undefined, options).ended;
    await server.stop();
    assert.equal(status, 1);
    assert.ok(stderr.startsWith(`kvass: ${endpoint}: ${hint}${new URL(endpoint).host}`), stderr);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  });
}

test("env says how clients are told the authority of a certificate that they do not know", async () => {
  const authority = { NODE_EXTRA_CA_CERTS: join(TLS, "localhost.cert.pem") };
  const server = await TestServer.start({ flags: CERTIFICATE });
  const env = (environment = {}) => startKvass(["env", "--data", server.data], undefined, { environment }).ended;
  const [unknown, known] = [await env(), await env(authority)];
  await server.stop();
  assert.deepEqual([unknown.status, known.status, known.stderr], [0, 0, ""]);
  assert.deepEqual(unknown.stdout, known.stdout);
  assert.match(unknown.stderr, /^kvass: .*AWS_CA_BUNDLE .*NODE_EXTRA_CA_CERTS .*AWS_KVS_CACERT_PATH [^\n]*\n$/);
});

test("the doctor looks at what the server is set to use", async () => {
  const config = path("kvass.json");
  writeFileSync(config, JSON.stringify({ data: path("elsewhere"), ffmpeg: path("no-ffmpeg"), listen: "127.0.0.1:0" }));
  const { stdout, status } = await startKvass(["doctor"], undefined, { environment: { KVASS_CONFIG: config } }).ended;
  const text = stdout.toString();
  assert.match(text, /^ok {4}data folder {3}.*elsewhere will be made$/m);
  assert.match(text, /^ok {4}port {10}127\.0\.0\.1:0 is free$/m);
  assert.match(text, /^FAIL {2}--ffmpeg {6}.*no-ffmpeg: not found; needed for images$/m);
  assert.doesNotMatch(text, /^\w+ +ffmpeg/m, "nothing of another program than the one that is set");
  assert.equal(status, 1);
});

test("a start that cannot succeed says why in one line, and leaves nothing behind", async () => {
  const empty = path("empty");
  mkdirSync(empty);
  const noPem = path("no.pem");
  writeFileSync(noPem, "hello");
  const somewhere = ["--listen", "127.0.0.1:0"];
  const wrong: [args: string[], line: string, status: number][] = [
    [["--data", empty, "--listen", "192.0.2.1:8500"], "--listen 192.0.2.1:8500: no address of this machine", 1],
    [
      ["--data", empty, ...somewhere, "--tls-cert", noPem, "--tls-key", noPem],
      `--tls-cert ${noPem}: expected a PEM certificate chain`,
      2,
    ],
    [["--config", path("no.json")], `config file ${path("no.json")}: no such file or folder`, 2],
    [["--data", noPem, ...somewhere], `--data ${noPem}: the folder cannot be made (${noPem}: is no folder)`, 1],
    [
      ["--data", join(noPem, "x"), ...somewhere],
      `--data ${join(noPem, "x")}: the folder cannot be made (${join(noPem, "x")}: is no folder)`,
      1,
    ],
  ];
  for (const [args, line, expected] of wrong) {
    const { status, stderr } = await kvass(["serve", ...args]);
    assert.deepEqual([status, stderr], [expected, `kvass: ${line}\n`]);
  }
  assert.deepEqual(readdirSync(empty), []);
});

test("the doctor fails where the start would be refused, with the same words", async () => {
  const data = path("half");
  const options = { environment: { KVASS_ROOT_SECRET_ACCESS_KEY: "" } };
  const serve = startKvass(["serve", "--data", data, "--listen", "127.0.0.1:0"], undefined, options).ended;
  const doctor = startKvass(["doctor", "--data", data, "--listen", "127.0.0.1:0"], undefined, options).ended;
  const [refused, found] = await Promise.all([serve, doctor]);
  const [, problem] = /^kvass: (.* KVASS_ROOT_SECRET_ACCESS_KEY is not set)\n$/.exec(refused.stderr) ?? assert.fail();
  assert.equal(refused.status, 2);
  assert.ok(found.stdout.toString().split("\n").includes(`FAIL  credential    ${problem}`), found.stdout.toString());
  assert.equal(found.status, 1);
  assert.ok(!existsSync(data));
});

test("the doctor says nothing good of what lies in a folder that is none", async () => {
  const file = path("file");
  writeFileSync(file, "no folder");
  const { status, stdout } = await kvass(["doctor", "--data", file, "--listen", "127.0.0.1:0"]);
  assert.equal(status, 1);
  assert.ok(stdout.toString().includes(`\nFAIL  data folder   ${file}: is no folder\n`));
  assert.doesNotMatch(stdout.toString(), /^ok +(credential|archive|keys) /m);
});

test("a weak secret is told where other machines can reach the server", async () => {
  const environment = { KVASS_ROOT_ACCESS_KEY_ID: "test", KVASS_ROOT_SECRET_ACCESS_KEY: "test" };
  const server = await TestServer.start({ environment, flags: ["--public-url", "http://kvass.example"] });
  await until("a word", () => /^kvass: the secret of the root credential has 4 characters: /m.test(server.log));
  await server.stop();
});

test("variables that look like settings and are none are told by the server and the doctor", async () => {
  const server = await TestServer.start({ environment: { KVASS_LISTN: "127.0.0.1:1" } });
  const told = /^kvass: KVASS_LISTN is no setting of Kvass; did you mean KVASS_LISTEN\?$/m;
  await until("a word", () => told.test(server.log));
  await server.stop();
  const { stdout } = await startKvass(["doctor"], undefined, { environment: { KVASS_REGOIN: "x" } }).ended;
  assert.match(stdout.toString(), /^warn {2}environment {3}KVASS_REGOIN is no setting .* KVASS_REGION\?$/m);
});

test("the doctor looks at the address that it is given, also where a server runs", async () => {
  const server = await TestServer.start();
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const taken = await kvass(["doctor", "--data", server.data, "--listen", listen]);
  const own = await kvass(["doctor", "--data", server.data, "--listen", new URL(server.url).host]);
  other.close();
  await server.stop();
  assert.equal(taken.status, 1);
  assert.match(taken.stdout.toString(), /^ok {4}server .*\nFAIL {2}port {10}\S+ is taken by another program$/m);
  assert.doesNotMatch(own.stdout.toString(), /^\w+ +port /m);
});
