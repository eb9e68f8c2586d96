import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RawClient } from "../../../../../tests/support/raw-client.ts";
import { RequestBody } from "../../aws/request-body.ts";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { DEFAULT_LIMITS, type HttpLimits } from "./limits.ts";
import { Listener } from "./listener.ts";
import { StreamedRequest } from "./streamed-request.ts";

type Answer = (request: WireRequest) => Promise<WireResponse>;

const listeners: Listener[] = [];
after(() => Promise.all(listeners.map((listener) => listener.close(0))));

/** A listener on a free port that takes the bodies of `POST /stream` from the socket. */
async function start(answer: Answer, limits: Partial<HttpLimits> = {}): Promise<{ port: number; listener: Listener }> {
  const listener = new Listener({
    answer,
    onError: () => undefined,
    limits: { ...DEFAULT_LIMITS, ...limits },
    streamsBody: (method, target) => `${method} ${target}` === "POST /stream",
  });
  listeners.push(listener);
  return { port: (await listener.listen("127.0.0.1", 0)).port, listener };
}

const HEAD = "POST /stream HTTP/1.1\r\nHost: camera.lan\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Says whether the body came from the socket, then gives back what comes of it in brackets, as it comes. */
const echo: Answer = async ({ body }) => ({
  status: 200,
  headers: {},
  body: (async function* () {
    yield Buffer.from(body instanceof StreamedRequest ? "streamed:" : "node's:");
    for await (const data of body) yield Buffer.from(`[${data}]`);
  })(),
});

test("a body is handed on as it comes, whatever came with the headers, and the connection ends with the answer", async () => {
  const { port } = await start(echo);
  const client = new RawClient(port).send(`${CHUNKED}${chunk("a")}2\r\nb`);
  await client.until(/streamed:.*\[ab\]/s);
  client.send("c\r\n");
  await client.until(/\[c\]/);
  client.send(chunk("d"));
  await client.until(/\[d\]/);
  client.send("0\r\n\r\n");
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*\r\n0\r\n\r\n$/s);
});

test("other requests go Node's way: of known length, of another path, behind an answer that is on its way", async () => {
  const { port } = await start(echo);
  for (const request of [
    `${HEAD}Content-Length: 1\r\n\r\na`,
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk("a")}0\r\n\r\n`,
  ]) {
    const client = new RawClient(port).send(request + request);
    await client.until(/node's:.*\[a\].*200 OK.*node's:.*\[a\]\r\n0\r\n\r\n$/s);
    client.socket.destroy();
  }
  const client = new RawClient(port).send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${CHUNKED}${chunk("a")}0\r\n\r\n`);
  await client.until(/node's:.*node's:.*\[a\]/s);
  client.socket.destroy();
});

test("a body that comes behind a finished answer is streamed", async () => {
  const { port } = await start(echo);
  const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(/node's:.*0\r\n\r\n$/s);
  client.send(`${CHUNKED}${chunk("a")}0\r\n\r\n`);
  assert.match(await client.untilClosed(), /streamed:.*\[a\]\r\n0\r\n\r\n$/s);
});

test("who asks for another protocol is answered in this one", async () => {
  const { port } = await start(echo);
  const client = new RawClient(port).send(
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  await client.until(/200 OK.*node's:/s);
  client.socket.destroy();
});

test("a client that waits for 100 Continue gets it", async () => {
  const { port } = await start(async (request) => {
    request.proceed();
    return echo(request);
  });
  const client = new RawClient(port).send(`${HEAD}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`);
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  client.send(`${chunk("a")}0\r\n\r\n`);
  assert.match(await client.untilClosed(), /200 OK.*\[a\]/s);
});

test("bytes that are no chunk are refused where nothing was answered, and cut an answer that has begun", async () => {
  const wait = Promise.withResolvers<void>();
  const { port } = await start(async (request) => {
    if (request.headers["x-wait"] !== undefined) await wait.promise;
    return echo(request);
  });
  const early = new RawClient(port).send(`${HEAD}X-Wait: 1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`);
  assert.match(await early.untilClosed(), /^HTTP\/1\.1 400 Bad Request\r\n/);
  wait.resolve();
  const late = new RawClient(port).send(`${CHUNKED}${chunk("a")}`);
  await late.until(/\[a\]/);
  late.send("xyz\r\n");
  assert.doesNotMatch(await late.untilClosed(), /0\r\n\r\n$/);
});

for (const [how, leave] of [
  ["resets", (client: RawClient) => client.socket.resetAndDestroy()],
  ["ends its half", (client: RawClient) => client.socket.end()],
] as const) {
  test(`a client that ${how} in mid-body breaks the body and ends the signal`, async () => {
    const outcome = Promise.withResolvers<unknown>();
    const left = Promise.withResolvers<void>();
    const { port } = await start(async ({ body, signal }) => {
      signal.addEventListener("abort", () => left.resolve());
      new RequestBody(body).consume(() => undefined).then(outcome.resolve, outcome.reject);
      return { status: 200, headers: {}, body: forever() };
    });
    const client = new RawClient(port).send(`${CHUNKED}${chunk("a")}`);
    await client.until(/200 OK/);
    leave(client);
    await assert.rejects(outcome.promise);
    await left.promise;
  });
}

/** A body without end and without bytes. */
async function* forever(): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
}

test("a body that is consumed arrives whole and in order, however often its consumer makes it wait", async () => {
  const arrived: Buffer[] = [];
  const { port } = await start(async ({ body }) => {
    let taken = 0;
    await new RequestBody(body).consume((bytes) => {
      arrived.push(Buffer.from(bytes));
      return ++taken % 7 === 0 ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined;
    });
    return { status: 200, headers: {}, body: "done" };
  });
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => 33 + ((index * index) % 90)));
  const client = new RawClient(port).send(CHUNKED);
  for (let at = 0, size = 1; at < sent.length; at += size, size = ((size * 31) % 700_000) + 1) {
    client.send(chunk(sent.subarray(at, at + size).toString("latin1")));
  }
  client.send("0\r\n\r\n");
  assert.match(await client.untilClosed(), /done$/);
  assert.ok(Buffer.concat(arrived).equals(sent));
});

test("chunks that have to wait do so together, not each in memory of its own", async () => {
  const pieces: number[] = [];
  const { port } = await start(async ({ body }) => {
    await once(
      body.on("data", ({ length }: Buffer) => pieces.push(length)),
      "end",
    );
    return { status: 200, headers: {}, body: "done" };
  });
  const client = new RawClient(port).send(`${CHUNKED}${chunk("a").repeat(20_000)}0\r\n\r\n`);
  assert.match(await client.untilClosed(), /done$/);
  assert.equal(
    pieces.reduce((sum, length) => sum + length, 0),
    20_000,
  );
  assert.ok(pieces.length < 2_000, `${pieces.length} pieces`);
});

test("an early answer reaches a client that is still sending, and then the connection closes", async () => {
  const { port } = await start(async () => ({ status: 403, headers: {}, body: "no" }), { lingerMs: 50 });
  const client = new RawClient(port).send(`${CHUNKED}${chunk("a".repeat(1000)).repeat(100)}`);
  await client.until(/no$/);
  client.send(chunk("b"));
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 403 .*\r\nConnection: close\r\n.*no$/s);
});

test("a connection counts while it is streamed, and stopping cuts it when the grace is over", async () => {
  const { port, listener } = await start(echo, { maxConnections: 1 });
  const client = new RawClient(port).send(`${CHUNKED}${chunk("a")}`);
  await client.until(/\[a\]/);
  assert.equal(await new RawClient(port).untilClosed(), "");
  assert.equal(listener.inFlight, 1);
  await listener.close(10);
  assert.doesNotMatch(await client.untilClosed(), /0\r\n\r\n$/);
  while (listener.inFlight > 0) await nextTurn();
});
