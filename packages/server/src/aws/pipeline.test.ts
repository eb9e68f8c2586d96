import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { MAX_WHOLE_BODY_BYTES } from "./body.ts";
import type { Principal, RequestContext } from "./handler.ts";
import { Gate, type GateOptions } from "./pipeline.ts";
import type { RequestBody } from "./request-body.ts";
import { service } from "./service.ts";
import { signingSecret } from "./sigv4/signing-keys.ts";
import type { Credential } from "./sigv4/verify.ts";
import { CameraError, camera } from "./testing/camera.ts";
import { signed, TEST_KEY, TEST_TIME, type Unsigned, wireRequest } from "./testing/signer.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

const root: Principal = { accountId: "0", arn: "arn:aws:iam::0:root", accessKeyId: TEST_KEY.accessKeyId, root: true };
const CREDENTIALS: Readonly<Record<string, Credential>> = {
  [TEST_KEY.accessKeyId]: { secret: signingSecret(TEST_KEY.secretAccessKey), principal: root },
  GUEST: { secret: signingSecret("guest"), principal: { ...root, arn: "arn:aws:iam::0:user/guest", root: false } },
  SESSION: { secret: signingSecret("session"), sessionToken: "token", principal: root },
};
const JSON_TYPE = { "content-type": "application/json" };

const gate = (handlers: object, more: Partial<GateOptions> = {}): Gate =>
  new Gate({
    services: [service(camera, handlers)],
    region: "us-east-1",
    credentials: async (id) => CREDENTIALS[id],
    authorize: (principal) => principal.root,
    onInternalError: (error) => assert.fail(error as Error),
    clock: () => TEST_TIME,
    streamErrorDelayMs: 0,
    ...more,
  });

const point = (body: unknown, more: Partial<Unsigned> = {}): Unsigned => ({
  target: "/point",
  headers: JSON_TYPE,
  body: typeof body === "string" ? body : JSON.stringify(body),
  ...more,
});

const send = (to: Gate, unsigned: Unsigned, more: Partial<WireRequest> = {}): Promise<WireResponse> =>
  to.answer(wireRequest(signed(unsigned), more));

const text = async ({ body }: WireResponse): Promise<string> =>
  typeof body === "string" ? body : Buffer.concat(await Readable.from(body).toArray()).toString();

/** Status, error type and message. */
const refusal = async (answer: WireResponse): Promise<[number, string | undefined, string]> => {
  const body = JSON.parse(await text(answer)) as { Message?: string; message?: string };
  return [answer.status, answer.headers["x-amzn-ErrorType"], body.Message ?? body.message ?? ""];
};

test("a request passes every step and reaches its handler with input and context", async () => {
  let seen: [unknown, RequestContext] | undefined;
  const Point = async (input: unknown, context: RequestContext): Promise<object> => {
    seen = [input, context];
    return { Camera: "north", At: new Date(TEST_TIME) };
  };
  const answer = await send(gate({ Point }), point({ Camera: "north", Pan: 3 }));
  assert.equal(answer.status, 200);
  assert.equal(await text(answer), `{"Camera":"north","At":${TEST_TIME / 1000}}`);
  const [input, context] = seen!;
  assert.deepEqual(input, { Camera: "north", Pan: 3 });
  assert.equal(context.principal, root);
  assert.deepEqual([context.service, context.operation, context.region], ["camera", "Point", "us-east-1"]);
  assert.equal(context.baseUrl, "http://localhost:8080");
});

test("the earliest check that fails is the one that answers", async () => {
  const all = gate({ Point: async () => Promise.reject(new CameraError("lost", "no such camera")) });
  const steps: [string, Unsigned, number, string][] = [
    ["route", { ...point("{", { secret: "wrong" }), target: "/nowhere" }, 404, "UnknownOperationException"],
    ["authenticate", point("{", { secret: "wrong" }), 403, "InvalidSignatureException"],
    ["decode", point("{", { accessKeyId: "GUEST", secret: "guest" }), 400, "SerializationException"],
    ["validate", point({ Camera: "NW" }, { accessKeyId: "GUEST", secret: "guest" }), 400, "BadInputException"],
    ["authorize", point({ Camera: "nw" }, { accessKeyId: "GUEST", secret: "guest" }), 401, "DeniedException"],
    ["exist", point({ Camera: "nw" }), 404, "LostException"],
  ];
  for (const [step, unsigned, status, type] of steps) {
    assert.deepEqual((await refusal(await send(all, unsigned))).slice(0, 2), [status, type], step);
  }
});

test("a denial names who, what and on which", async () => {
  const answer = await send(gate({}), point({ Camera: "nw" }, { accessKeyId: "GUEST", secret: "guest" }));
  const message = "arn:aws:iam::0:user/guest is not authorized to perform camera:Point on arn:aws:camera::0:nw.";
  assert.deepEqual(await refusal(answer), [401, "DeniedException", message]);
});

test("an operation without a handler says so", async () => {
  const answer = await send(gate({}), point({ Camera: "nw" }));
  assert.deepEqual(await refusal(answer), [501, "NotImplementedException", "Kvass does not implement Point yet."]);
});

test("an error that no table names stays opaque, and is reported with the request's id", async () => {
  const reported: unknown[] = [];
  const failing = gate(
    { Point: async () => Promise.reject(new Error("disk /secret/path is gone")) },
    { onInternalError: (error, request) => reported.push([(error as Error).message, request.operation]) },
  );
  const [status, type, message] = await refusal(await send(failing, point({ Camera: "nw" })));
  assert.deepEqual([status, type], [500, "InternalFailure"]);
  assert.doesNotMatch(message, /secret/);
  assert.deepEqual(reported, [["disk /secret/path is gone", "Point"]]);
});

test("what is wrong with a signature is said", async () => {
  const all = gate({});
  const refusedAs = async (unsigned: Unsigned): Promise<string> =>
    (await refusal(await send(all, unsigned))).slice(1).join(": ");
  const body = { Camera: "nw" };
  assert.match(
    await refusedAs(point(body, { region: "eu-west-1" })),
    /^InvalidSignature.*region 'us-east-1', not 'eu-west-1'/,
  );
  assert.match(await refusedAs(point(body, { service: "s3" })), /^InvalidSignature.*service 'kinesisvideo', not 's3'/);
  assert.match(await refusedAs(point(body, { accessKeyId: "NOBODY" })), /^UnrecognizedClientException/);
  assert.match(
    await refusedAs(point(body, { signedAt: TEST_TIME - 16 * 60_000 })),
    /Signature expired.*20261121T120000Z/,
  );
  assert.match(
    await refusedAs(point(body, { signedAt: TEST_TIME + 16 * 60_000 })),
    /Signature not yet current.*20261121T120000Z/,
  );
  assert.match(await refusedAs(point(body, { payloadHash: "0".repeat(64) })), /does not match/);
  const unsigned = wireRequest({ method: "POST", target: "/point", rawHeaders: ["Host", "h"], body: Buffer.alloc(0) });
  assert.equal((await refusal(await all.answer(unsigned)))[1], "MissingAuthenticationTokenException");
});

test("temporary credentials need their token, signed or not, in header or query", async () => {
  const all = gate({ Point: async () => ({}) });
  const session = { accessKeyId: "SESSION", secret: "session" };
  const withToken = (token: string, more: Partial<Unsigned> = {}): Unsigned =>
    point({ Camera: "nw" }, { ...session, headers: { ...JSON_TYPE, "x-amz-security-token": token }, ...more });
  assert.equal((await send(all, withToken("token"))).status, 200);
  assert.equal((await send(all, withToken("token", { unsigned: ["x-amz-security-token"] }))).status, 200);
  assert.equal((await send(all, withToken("token", { expires: 60 }))).status, 200);
  assert.equal((await refusal(await send(all, withToken("other"))))[1], "UnrecognizedClientException");
  assert.equal((await refusal(await send(all, point({ Camera: "nw" }, session))))[1], "UnrecognizedClientException");
});

test("a stale token beside a long-term key does no harm", async () => {
  const headers = { ...JSON_TYPE, "x-amz-security-token": "stale" };
  assert.equal((await send(gate({ Point: async () => ({}) }), point({ Camera: "nw" }, { headers }))).status, 200);
});

test("JSON requests may declare their body's hash or waive it, but not declare another", async () => {
  const all = gate({ Point: async () => ({}) });
  const declaring = (hash: string, payloadHash?: string): Unsigned =>
    point(
      { Camera: "nw" },
      { headers: { ...JSON_TYPE, "x-amz-content-sha256": hash }, ...(payloadHash && { payloadHash }) },
    );
  const hash = "d9e0d2bc83e7b5fd2b41c9a0c9ddc4d9eb8bd5e3e4d6a0f4f2a4a2c1bcb9f0aa";
  assert.equal((await send(all, declaring("UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD"))).status, 200);
  assert.match((await refusal(await send(all, declaring(hash, hash))))[2], /is not the SHA-256 of the request body/);
});

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const PRODUCERS: Readonly<Record<string, Partial<Unsigned>>> = {
  "C and kvssink": {
    payloadHash: EMPTY,
    headers: {
      connection: "keep-alive",
      "transfer-encoding": "chunked",
      "user-agent": "c",
      "x-camera": "north",
      "content-type": "application/json",
      expect: "100-continue",
      "x-amz-security-token": "stale",
    },
    unsigned: ["content-type", "expect", "x-amz-security-token"],
  },
  Java: {
    payloadHash: "UNSIGNED-PAYLOAD",
    headers: { "x-camera": "north", "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    unsigned: ["x-amz-content-sha256"],
  },
  "Java, SDK v1": { payloadHash: STREAMING, headers: { "x-camera": "north", "x-amz-content-sha256": STREAMING } },
  "Go, presigned": { payloadHash: EMPTY, headers: { "x-camera": "north" }, expires: 300 },
  "hash of the whole body": {
    payloadHash: "a".repeat(64),
    headers: { "x-camera": "north", "x-amz-content-sha256": "a".repeat(64) },
  },
};

for (const [producer, form] of Object.entries(PRODUCERS)) {
  test(`a stream is accepted as its producer signs it: ${producer}`, async () => {
    let received = "";
    const Record = async ({ Payload }: { Payload: RequestBody }): Promise<object> => {
      await Payload.consume((chunk) => {
        received += Buffer.from(chunk).toString();
        return undefined;
      });
      return { Payload: Readable.from([Buffer.from("ack")]) };
    };
    const unsigned: Unsigned = { target: "/record", body: "media", headers: {}, ...form };
    const answer = await send(gate({ Record }), unsigned);
    assert.equal(await text(answer), "ack");
    assert.equal(received, "media");
    const wrong = await send(gate({ Record }), { ...unsigned, secret: "wrong" });
    assert.equal(wrong.headers["x-amzn-ErrorType"], "InvalidSignatureException");
  });
}

test("a client that waits is told to go on only once its stream is let in", async () => {
  const proceeded: string[] = [];
  const record = (secret: string): Promise<WireResponse> =>
    send(
      gate({ Record: async () => ({ Payload: Readable.from([]) }) }),
      { target: "/record", headers: { "x-camera": "north" }, payloadHash: EMPTY, secret },
      { proceed: () => proceeded.push(secret) },
    );
  assert.equal((await record("wrong")).status, 403);
  assert.equal((await record(TEST_KEY.secretAccessKey)).status, 200);
  assert.deepEqual(proceeded, [TEST_KEY.secretAccessKey]);
});

test("errors of streams are held back; those of other operations, and of clients that left, are not", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const all = gate({}, { streamErrorDelayMs: 1000 });
  let answered = false;
  const record: Unsigned = { target: "/record", headers: { "x-camera": "north" }, payloadHash: EMPTY };
  const held = send(all, record).then((answer) => {
    answered = true;
    return answer;
  });
  assert.equal((await send(all, point({ Camera: "nw" }))).status, 501);
  const left = new AbortController();
  left.abort();
  await send(all, record, { signal: left.signal });
  assert.equal(answered, false);
  t.mock.timers.tick(1000);
  assert.equal((await held).status, 501);
});

test("a body over the limit is refused before it is parsed", async () => {
  const answer = await send(gate({}), point(" ".repeat(MAX_WHOLE_BODY_BYTES + 1)));
  assert.deepEqual((await refusal(answer)).slice(0, 2), [413, "RequestEntityTooLargeException"]);
});

test("a body that does not end in time is refused", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const body = new Readable({ read: () => undefined });
  const pending = send(gate({}), point({ Camera: "nw" }), { body });
  await new Promise((resolve) => body.once("resume", resolve));
  t.mock.timers.tick(30_000);
  assert.deepEqual((await refusal(await pending)).slice(0, 2), [408, "RequestTimeoutException"]);
});
