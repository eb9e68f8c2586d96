/** PutMedia over TLS, whose records tell a client's reads apart. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { bodyHeader, fragment } from "../support/matroska-body.ts";
import { type PutMediaTarget, signedHeaders } from "../support/put-media-socket.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";
import { signedLines } from "../support/sign.ts";

const FOLDER = join(import.meta.dirname, "../../packages/server/src/edge/http/testing");
const CERTIFICATE = join(FOLDER, "localhost.cert.pem");
const ca = readFileSync(CERTIFICATE);
const server = await TestServer.start({
  flags: ["--tls-cert", CERTIFICATE, "--tls-key", join(FOLDER, "localhost.key.pem")],
});
after(() => server.stop());

const TARGET: PutMediaTarget = { ...CREDENTIALS, url: server.url, stream: "camera", producerStart: "1795254695.186" };

/** A control plane call; its status. */
async function call(path: string, input: object): Promise<number> {
  const body = JSON.stringify(input);
  const lines = signedLines({ ...CREDENTIALS, url: server.url, path, headers: {}, body });
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2)));
  return new Promise((resolve, reject) => {
    const sent = request(server.url + path, { method: "POST", headers, ca, servername: "localhost" }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    sent.on("error", reject).end(body);
  });
}

/** Sends a whole body at once; what each read of the socket then gives, which is never more than one TLS record (RFC 8446, section 5.1). */
async function reads(body: Uint8Array): Promise<string[]> {
  const { port } = new URL(server.url);
  const socket: TLSSocket = connect({ host: "127.0.0.1", port: Number(port), ca, servername: "localhost" });
  socket.write(`POST /putMedia HTTP/1.1\r\n${signedHeaders(TARGET).join("\r\n")}\r\n\r\n`);
  socket.write(`${body.length.toString(16)}\r\n`);
  socket.write(body);
  socket.write("\r\n0\r\n\r\n");
  const texts: string[] = [];
  // Iteration would join what several reads have brought where the machine is slow.
  await new Promise((resolve) => {
    socket.once("close", resolve).on("data", (data: Buffer) => {
      texts.push(data.toString("latin1"));
      if (texts.at(-1) === "0\r\n\r\n") resolve(socket.destroy());
    });
  });
  return texts;
}

test("each acknowledgement of a burst is a TLS record of its own, and so is the end", async () => {
  assert.equal(await call("/createStream", { StreamName: "camera", DataRetentionInHours: 1 }), 200);
  const fragments = Array.from({ length: 40 }, (_, index) => fragment(1_000 * (index + 1), 5, 100, 1_000));
  const texts = await reads(Buffer.concat([bodyHeader(), ...fragments]));
  assert.equal(texts.at(-1), "0\r\n\r\n");
  const acknowledging = texts.filter((text) => text.includes("EventType"));
  assert.equal(acknowledging.length, 3 * fragments.length);
  for (const text of acknowledging) assert.match(text, /(^|\r\n)[0-9a-f]+\r\n\{[^{}]*\}\n\r\n$/);
});
