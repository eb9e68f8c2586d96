import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { after, test } from "node:test";
import fc from "fast-check";
import { RawClient } from "../../../../../tests/support/raw-client.ts";
import type { WireResponse } from "../../aws/wire.ts";
import { writeHead } from "./head.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { Listener } from "./listener.ts";

let next: WireResponse;
const errors: unknown[] = [];
const onError = (error: unknown): void => void errors.push(error);
const listener = new Listener({ answer: () => next, onError, limits: DEFAULT_LIMITS });
const { port } = await listener.listen("127.0.0.1", 0);
after(() => listener.close(0));

/** What comes back, without what differs from request to request. */
async function exchanged(answer: WireResponse, own = "", method = "GET"): Promise<string> {
  next = answer;
  const client = new RawClient(port);
  client.send(`${method} /x HTTP/1.1\r\nHost: a\r\n${own}\r\nOPTIONS /end HTTP/1.1\r\nHost: a\r\n\r\n`);
  const text = await client.until(/Access-Control-Max-Age: 86400\r\n[\s\S]*\r\n\r\n$/);
  client.socket.destroy();
  return text
    .replace(/x-amzn-RequestId: [0-9a-f-]{36}\r\n/g, "x-amzn-RequestId: ID\r\n")
    .replace(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/g, "Date: NOW\r\n");
}

const body = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 50 }),
  fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }),
);
const headers = fc.record(
  {
    "Content-Type": fc.constantFrom("video/mp4", "text/plain; charset=utf-8"),
    ETag: fc.constant('"a-1"'),
    "X-Latin": fc.constant("caf\u00e9\t!"),
    Date: fc.constant("Sun, 17 May 2026 00:00:00 GMT"),
    Connection: fc.constantFrom("close", "keep-alive"),
  },
  { requiredKeys: [] },
);

test("heads are those that Node writes, whatever the answer", async () => {
  const status = fc.constantFrom(200, 206, 304, 404, 416, 429, 503, 599);
  const method = fc.constantFrom("GET", "HEAD");
  await fc.assert(
    fc.asyncProperty(status, headers, body, method, async (code, own, content, how) => {
      const { Connection, ...kept } = own;
      const answer = { status: code, headers: Connection === "close" ? kept : own, body: content };
      // What a client expects, the general way tells.
      const byNode = await exchanged(answer, "Expect: nothing\r\n", how);
      assert.equal(await exchanged(answer, "", how), byNode);
    }),
    { numRuns: 60 },
  );
});

test("an ordinary head is not left to Node's general way", () => {
  class Watched extends ServerResponse {
    override writeHead(): this {
      throw new Error("left to Node");
    }
  }
  const make = (keepAlive: boolean): Watched => {
    const request = new IncomingMessage(new Socket());
    request.httpVersionMajor = 1;
    request.httpVersionMinor = 1;
    const response = new Watched(request);
    response.shouldKeepAlive = keepAlive;
    return response;
  };
  const head = { id: "1", status: 200, headers: { ETag: '"a"' } };
  const response = make(true);
  writeHead(response, head, 5, 72_000, true);
  assert.ok(response.headersSent);
  assert.throws(() => writeHead(make(true), head, 5, 72_000, false), /left to Node/);
  assert.throws(() => writeHead(make(false), head, 5, 72_000, true), /left to Node/);
  assert.throws(() => writeHead(make(true), { ...head, headers: { Date: "now" } }, 5, 72_000, true), /left to Node/);
});

test("a value that no header can have is not sent", async () => {
  for (const value of ["a\r\nSet-Cookie: b", "a\0", "\u2028"]) {
    next = { status: 200, headers: { "X-Own": value }, body: "secret" };
    const client = new RawClient(port).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const text = await client.until(/\r\n\r\n/);
    client.socket.destroy();
    assert.match(text, /^HTTP\/1\.1 500 /);
    assert.doesNotMatch(text, /Set-Cookie|secret/);
  }
  assert.equal(errors.length, 3);
});
