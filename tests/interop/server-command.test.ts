/** `kvass serve` where it cannot start, `kvass doctor`, and what a client verb says of a server that it cannot talk to. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { kvass, startKvass } from "../support/command-line.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";

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

test("the doctor looks at what the server is set to use", async () => {
  const config = path("kvass.json");
  writeFileSync(config, JSON.stringify({ data: path("elsewhere"), ffmpeg: path("no-ffmpeg"), listen: "127.0.0.1:0" }));
  const { stdout } = await startKvass(["doctor"], undefined, { environment: { KVASS_CONFIG: config } }).ended;
  const text = stdout.toString();
  assert.match(text, /^ok {4}data folder {3}.*elsewhere will be made$/m);
  assert.match(text, /^ok {4}port {10}127\.0\.0\.1:0 is free$/m);
  assert.match(text, /^warn {2}--ffmpeg {6}.*no-ffmpeg: missing, or no ffmpeg: images need it$/m);
  assert.match(text, /^ok {4}ffmpeg {8}\d/m);
});
