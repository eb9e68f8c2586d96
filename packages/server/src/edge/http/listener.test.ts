import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { RawClient } from "../../../../../tests/support/raw-client.ts";
import { RequestBody } from "../../aws/request-body.ts";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { health } from "../admin/health.ts";
import { DEFAULT_LIMITS, type HttpLimits } from "./limits.ts";
import { Listener } from "./listener.ts";

type Answer = (request: WireRequest) => Promise<WireResponse>;

const listeners: Listener[] = [];
after(() => Promise.all(listeners.map((listener) => listener.close(0))));

/** A listener on a free port. */
async function start(answer: Answer, limits: Partial<HttpLimits> = {}, errors: unknown[] = []): Promise<number> {
  const onError = (error: unknown): void => void errors.push(error);
  const listener = new Listener({ answer, onError, limits: { ...DEFAULT_LIMITS, ...limits } });
  listeners.push(listener);
  return (await listener.listen("127.0.0.1", 0)).port;
}

const HEAD = "POST /x HTTP/1.1\r\nHost: camera.lan\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const ok = (body: string): WireResponse => ({ status: 200, headers: { "X-Own": "1" }, body: Buffer.from(body) });
const hold = (): { promise: Promise<void>; release: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, release: resolve };
};

test("a request is handed over as it was sent, and its answer carries the common headers", async () => {
  const seen: WireRequest[] = [];
  const port = await start(async (request) => {
    seen.push(request);
    return ok("hello");
  });
  const client = new RawClient(port).send(
    "GET /a%20b?c=%7e HTTP/1.1\r\nHost: camera.lan\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n",
  );
  const answer = await client.until(/hello$/);
  client.socket.destroy();
  const [request] = seen;
  assert.deepEqual(
    [request!.method, request!.target, request!.baseUrl],
    ["GET", "/a%20b?c=%7e", `http://camera.lan:${port}`],
  );
  assert.deepEqual(request!.rawHeaders, ["Host", "camera.lan", "X-Twice", "1", "X-Twice", "2"]);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(answer.includes(`x-amzn-RequestId: ${request!.id}\r\n`));
  for (const header of ["Server: Kvass", "Access-Control-Allow-Origin: *", "X-Own: 1", "Content-Length: 5"]) {
    assert.ok(answer.includes(`\r\n${header}\r\n`), header);
  }
});

for (const head of ["GET /x HTTP/1.1\r\nHost: camera.lan\r\n\r\n", CHUNKED]) {
  test(`where a client came from is known when it has gone: ${head.split("\r\n").at(-3)}`, async () => {
    const { promise: told, resolve } = Promise.withResolvers<string>();
    const options = {
      answer: async (request: WireRequest): Promise<WireResponse> => {
        if (request.target === "/first") return ok("first");
        if (!request.signal.aborted) await once(request.signal, "abort");
        resolve(request.remoteAddress);
        return ok("");
      },
      streamsBody: () => true,
      onError: () => undefined,
      limits: DEFAULT_LIMITS,
    };
    const listener = new Listener(options);
    listeners.push(listener);
    const { port } = await listener.listen("127.0.0.1", 0);
    const client = new RawClient(port).send("GET /first HTTP/1.1\r\nHost: camera.lan\r\n\r\n");
    await client.until(/first$/);
    client.socket.write(head, () => client.socket.resetAndDestroy());
    assert.equal(await told, "127.0.0.1");
  });
}

test("a request that announces no body has an empty one, and its connection is kept", async () => {
  const port = await start(async ({ body, method }) => {
    let bytes = 0;
    await new RequestBody(body).consume((chunk) => {
      bytes += chunk.length;
      return undefined;
    });
    return ok(`${method} ${bytes}`);
  });
  const client = new RawClient(port);
  for (const [head, bytes] of [
    ["", ""],
    ["Content-Length: 0\r\n", ""],
    ["Content-Length: 3\r\n", "abc"],
  ]) {
    client.received = "";
    client.send(`${HEAD}${head}\r\n${bytes}`);
    await client.until(new RegExp(`POST ${bytes!.length}$`));
  }
  client.socket.destroy();
});

test("headers of a streamed answer are sent before its first item, and each item is a chunk", async () => {
  const first = hold();
  const second = hold();
  const port = await start(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      await first.promise;
      yield Buffer.from("one");
      yield Buffer.from("three");
      await second.promise;
    })(),
  }));
  const client = new RawClient(port).send(CHUNKED);
  assert.match(await client.until(/\r\n\r\n/), /Transfer-Encoding: chunked\r\n\r\n$/);
  first.release();
  await client.until(/\r\n\r\n3\r\none\r\n5\r\nthree\r\n$/);
  client.send("0\r\n\r\n");
  second.release();
  await client.until(/0\r\n\r\n$/);
  client.socket.destroy();
});

test("answers flow while the body still comes", async () => {
  const port = await start(async ({ body }) => ({
    status: 200,
    headers: {},
    body: (async function* () {
      for await (const chunk of body) yield Buffer.from(`[${chunk}]`);
    })(),
  }));
  const client = new RawClient(port).send(`${CHUNKED}1\r\na\r\n`);
  await client.until(/\[a\]/);
  client.send("1\r\nb\r\n");
  await client.until(/\[b\]/);
  client.send("0\r\n\r\n");
  await client.until(/0\r\n\r\n$/);
  client.socket.destroy();
});

test("a client that waits for 100 Continue gets it when the answerer wants the body, or its refusal without", async () => {
  const port = await start(async (request) => {
    if (request.target === "/refuse") return { status: 403, headers: {}, body: Buffer.from("no") };
    request.proceed();
    const [body] = await request.body.toArray();
    return ok(`got ${body}`);
  });
  const client = new RawClient(port).send(`${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  client.send("hi");
  await client.until(/got hi$/);
  client.socket.destroy();
  const refused = new RawClient(port).send(
    "POST /refuse HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
  );
  assert.doesNotMatch(await refused.until(/no$/), /100 Continue/);
  refused.socket.destroy();
});

test("an answer that ends in mid-request reaches a client that is still sending, and then the connection closes", async () => {
  const port = await start(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from("ERROR");
    })(),
  }));
  const client = new RawClient(port).send(CHUNKED);
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  for (let i = 0; i < 32; i++) client.send(chunk);
  assert.match(await client.untilClosed(), /5\r\nERROR\r\n0\r\n\r\n$/);
});

test("the same where the answer is the connection's last because its client says so", async () => {
  const port = await start(async () => ok("refused"));
  const client = new RawClient(port).send(`${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
  await client.until(/refused$/);
  // A connection that was destroyed would answer these with a reset.
  for (let i = 0; i < 32; i++) client.send(`10000\r\n${"x".repeat(0x10000)}\r\n`);
  client.send("0\r\n\r\n");
  await client.untilClosed();
  assert.equal(client.reset, false);
});

test("answers of pipelined requests all come before the connection closes with the last", async () => {
  const port = await start(async ({ target }) => ok(target));
  const requests = ["/1", "/2"].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join("");
  const client = new RawClient(port).send(`${requests}GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.match(await client.untilClosed(), /\/1HTTP.*\/2HTTP.*\/3$/s);
});

test("what is no request is refused behind the answers of the requests before it, once", async () => {
  const { promise, release } = hold();
  const port = await start(async ({ target }) => {
    await promise;
    return ok(target);
  });
  const client = new RawClient(port).send(
    `GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n`,
  );
  const other = await new RawClient(port).send("garbage\r\n\r\n").untilClosed();
  assert.match(other, /^HTTP\/1\.1 400 /);
  client.send("more garbage\r\n\r\n");
  release();
  const answers = await client.untilClosed();
  assert.deepEqual(answers.match(/HTTP\/1\.1 \d+|\/\d$/gm), ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 400"]);
  assert.match(answers, /\/1HTTP.*\/2HTTP/s);
});

test("a body that stops being HTTP while earlier answers are to come ends the connection without a word out of turn", async () => {
  const { promise, release } = hold();
  const port = await start(async ({ target }) => {
    await promise;
    return ok(target);
  });
  const client = new RawClient(port).send(`GET /1 HTTP/1.1\r\nHost: x\r\n\r\n${CHUNKED}this is no chunk\r\n`);
  assert.equal(await client.untilClosed(), "");
  release();
});

test("a body that stops being HTTP while its answer is under way ends both, and nothing is put into the answer", async () => {
  const port = await start(async ({ body }) => ({ status: 200, headers: {}, body }));
  const client = new RawClient(port).send(`${CHUNKED}3\r\nabc\r\n`);
  await client.until(/abc\r\n$/);
  client.send("this is no chunk\r\n");
  assert.match(await client.untilClosed(), /3\r\nabc\r\n$/);
});

test("what a refused client goes on sending is read for a while only", async () => {
  const port = await start(async () => ok("refused"), { lingerMs: 50 });
  const client = new RawClient(port).send(CHUNKED);
  await client.until(/refused$/);
  await client.untilClosed();
});

test("a connection is kept after a refusal whose request has ended", async () => {
  const port = await start(async () => ok("refused"));
  const client = new RawClient(port).send(`${HEAD}Content-Length: 3\r\n\r\nabc`);
  await client.until(/refused$/);
  client.received = "";
  client.send(`${HEAD}Content-Length: 0\r\n\r\n`);
  await client.until(/refused$/);
  client.socket.destroy();
});

test("a client that leaves aborts the request's signal and ends the answer's iteration", async () => {
  const gone = hold();
  const returned = hold();
  const port = await start(async ({ signal }) => ({
    status: 200,
    headers: {},
    body: (async function* () {
      try {
        yield Buffer.from("x");
        await once(signal, "abort");
        gone.release();
        yield Buffer.from("y");
      } finally {
        returned.release();
      }
    })(),
  }));
  const client = new RawClient(port).send(CHUNKED);
  await client.until(/x\r\n$/);
  client.socket.destroy();
  await gone.promise;
  await returned.promise;
});

test("a reader that does not read holds the answer's iteration back", async () => {
  let yielded = 0;
  const block = Buffer.alloc(1 << 20);
  const port = await start(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      for (; yielded < 256; yielded++) yield block;
    })(),
  }));
  const client = new RawClient(port);
  client.socket.pause();
  client.send(`${HEAD}Content-Length: 0\r\n\r\n`);
  let before = -1;
  while (before !== yielded || yielded === 0) {
    before = yielded;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(yielded < 64, `${yielded} MiB were produced for a client that takes none`);
  client.socket.destroy();
});

test("an answerer that rejects, and one that fails after its headers, spoil their own request alone", async () => {
  const errors: unknown[] = [];
  const port = await start(
    async ({ target }) => {
      if (target === "/reject") throw new Error("rejected");
      if (target === "/ok") return ok("fine");
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from("part");
          throw new Error("late");
        })(),
      };
    },
    {},
    errors,
  );
  const request = (path: string): RawClient => new RawClient(port).send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const rejected = request("/reject");
  assert.match(await rejected.until(/\r\n\r\n/), /^HTTP\/1\.1 500 .*x-amzn-ErrorType: InternalFailure/s);
  rejected.socket.destroy();
  assert.match(await request("/late").untilClosed(), /4\r\npart\r\n$/);
  const fine = request("/ok");
  await fine.until(/fine$/);
  fine.socket.destroy();
  assert.deepEqual(
    errors.map((error) => (error as Error).message),
    ["rejected", "late"],
  );
});

test("preflight requests are answered without asking the answerer", async () => {
  const port = await start(async () => assert.fail("asked"));
  const client = new RawClient(port).send(
    "OPTIONS /createStream HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Headers: authorization,x-amz-date\r\n\r\n",
  );
  const answer = await client.until(/\r\n\r\n/);
  client.socket.destroy();
  assert.match(answer, /^HTTP\/1\.1 200 .*Access-Control-Allow-Headers: authorization,x-amz-date\r\n/s);
});

test("bytes that are no request are answered and cut off", async () => {
  const port = await start(async () => assert.fail("asked"));
  const refusals: [string, RegExp][] = [
    ["garbage\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(DEFAULT_LIMITS.maxHeaderBytes)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ];
  for (const [bytes, pattern] of refusals) assert.match(await new RawClient(port).send(bytes).untilClosed(), pattern);
});

test("headers that do not end are cut off", async () => {
  const port = await start(async () => assert.fail("asked"), { headersTimeoutMs: 100 });
  const clients = [new RawClient(port).send("GET / HTTP/1.1\r\nHost"), new RawClient(port)];
  for (const answer of await Promise.all(clients.map((client) => client.untilClosed()))) {
    assert.match(answer, /^HTTP\/1\.1 408 /);
  }
});

test("closing lets requests in hand finish, and cuts those that outlast the grace", async () => {
  const finish = hold();
  const endless = new Promise<never>(() => undefined);
  const listener = new Listener({
    answer: async ({ target }) => {
      await (target === "/endless" ? endless : finish.promise);
      return ok("done");
    },
    onError: () => undefined,
  });
  const { port } = await listener.listen("127.0.0.1", 0);
  const patient = new RawClient(port).send("GET /brief HTTP/1.1\r\nHost: a\r\n\r\n");
  const stuck = new RawClient(port).send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  while (listener.inFlight < 2) await new Promise((resolve) => setImmediate(resolve));
  const closed = listener.close(300);
  finish.release();
  assert.match(await patient.untilClosed(), /done$/);
  assert.equal(await stuck.untilClosed(), "");
  await closed;
});

test("an address in use is an error", async () => {
  const port = await start(async () => ok(""));
  const second = new Listener({ answer: async () => ok(""), onError: () => undefined });
  await assert.rejects(second.listen("127.0.0.1", port), { code: "EADDRINUSE" });
});

test("health is told without authentication", async () => {
  const port = await start(async (request) => health(request) ?? ok("other"));
  const told = await fetch(`http://127.0.0.1:${port}/health`);
  assert.deepEqual([told.status, await told.json()], [200, { status: "ok" }]);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/health`, { method: "POST" })).text(), "other");
});
