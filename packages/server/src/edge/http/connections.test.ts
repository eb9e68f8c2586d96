import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { Listener } from "./listener.ts";

type Answer = (request: WireRequest) => Promise<WireResponse>;

const listeners: Listener[] = [];
after(() => Promise.all(listeners.map((listener) => listener.close(0))));

const ok = (body: string): WireResponse => ({ status: 200, headers: {}, body: Buffer.from(body) });

const pem = (name: string): Buffer => readFileSync(join(import.meta.dirname, "testing", name));
const TLS = { cert: pem("localhost.cert.pem"), key: pem("localhost.key.pem") };

/** A port that speaks TLS, or HTTP alone. */
async function start(answer: Answer, tls?: typeof TLS): Promise<number> {
  const listener = new Listener({ answer, onError: assert.fail, tls, streamsBody: () => tls !== undefined });
  listeners.push(listener);
  return (await listener.listen("127.0.0.1", 0)).port;
}

const overTls = (port: number, options: ConnectionOptions = {}): TLSSocket =>
  connectTls({ port, host: "127.0.0.1", ca: TLS.cert, servername: "localhost", ...options });

test("with a certificate it speaks HTTP/1.1 over TLS, and offers nothing newer", async () => {
  const port = await start(async (request) => ok(request.baseUrl), TLS);
  const socket = overTls(port, { ALPNProtocols: ["h2", "http/1.1"] });
  await once(socket, "secureConnect");
  assert.equal(socket.alpnProtocol, "http/1.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const answer = Buffer.concat(await socket.toArray()).toString();
  assert.ok(answer.endsWith(`https://localhost:${port}`), answer);
});

test("a connection with many requests in hand is read no further, with TLS or without, and goes on when they are answered", async () => {
  for (const tls of [undefined, TLS]) {
    const answered = Promise.withResolvers<void>();
    const answer: Answer = ({ target }) => answered.promise.then(() => ok(target === "/last" ? "the last one" : ""));
    const port = await start(answer, tls);
    const listener = listeners.at(-1)!;
    const client = tls === undefined ? connect({ port, host: "127.0.0.1" }) : overTls(port);
    // What is read at a time, 64 KiB, has less than a hundred of them.
    const request = `GET /x HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"x".repeat(700)}\r\n\r\n`;
    client.write(request.repeat(1000));
    client.write("GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const received = client.toArray();
    while (listener.inFlight < 32) await new Promise((resolve) => setTimeout(resolve, 5));
    // A connection of its own, which is read behind the other one.
    const other = tls === undefined ? connect({ port, host: "127.0.0.1" }) : overTls(port);
    other.write("OPTIONS / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    await other.toArray();
    assert.ok(listener.inFlight < 32 + 100, `${listener.inFlight} in hand`);
    answered.resolve();
    const text = Buffer.concat(await received).toString();
    assert.equal(text.match(/^HTTP\/1\.1 200 /gm)?.length, 1001);
    assert.ok(text.endsWith("the last one"));
    assert.equal(listener.inFlight, 0);
  }
});

test("a connection of which more and more is read for the sake of bodies is cut", async () => {
  const port = await start(async ({ body }) => {
    await turn();
    (body as IncomingMessage).resume();
    return new Promise(() => undefined);
  });
  const listener = listeners.at(-1)!;
  const client = connect({ port, host: "127.0.0.1" });
  client.on("error", () => undefined).resume();
  const closed = new Promise((resolve) => client.once("close", resolve));
  // What is read at a time ends within one of the bodies.
  client.write(`POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 700\r\n\r\n${"x".repeat(700)}`.repeat(5000));
  await closed;
  while (listener.inFlight > 0) await turn();
});

test("nothing is kept of connections that have ended, with TLS or without", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const sockets: WeakRef<object>[] = [];
  const answer: Answer = async ({ body }) => {
    sockets.push(new WeakRef((body as IncomingMessage).socket));
    await body.resume().toArray();
    return ok("");
  };
  const [plain, secure] = [await start(answer), await start(answer, TLS)];
  for (const connectTo of [() => connect({ port: plain, host: "127.0.0.1" }), () => overTls(secure)]) {
    for (const body of ["Content-Length: 1\r\n\r\na", "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"]) {
      const client = connectTo();
      client.write(`POST /x HTTP/1.1\r\nHost: camera.lan\r\nConnection: close\r\n${body}`);
      await client.toArray();
    }
  }
  assert.equal(sockets.length, 4);
  // What still holds them lets go in the turns in which they close.
  for (let turns = 0; turns < 100 && sockets.some((socket) => socket.deref() !== undefined); turns++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collectGarbage();
  }
  assert.deepEqual(
    sockets.map((socket) => socket.deref() === undefined),
    [true, true, true, true],
  );
});
