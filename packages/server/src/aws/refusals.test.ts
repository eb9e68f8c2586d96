import assert from "node:assert/strict";
import { test } from "node:test";
import type { Principal } from "./handler.ts";
import { Gate, type Refusal } from "./pipeline.ts";
import { service } from "./service.ts";
import { signingSecret } from "./sigv4/signing-keys.ts";
import { camera } from "./testing/camera.ts";
import { signed, TEST_KEY, TEST_TIME, type Unsigned, wireRequest } from "./testing/signer.ts";
import type { WireRequest } from "./wire.ts";

const root: Principal = { accountId: "0", arn: "arn:aws:iam::0:root", accessKeyId: TEST_KEY.accessKeyId, root: true };
const guest: Principal = { ...root, arn: "arn:aws:iam::0:user/guest", accessKeyId: "GUEST", root: false };
const CREDENTIALS = new Map([
  [TEST_KEY.accessKeyId, { secret: signingSecret(TEST_KEY.secretAccessKey), principal: root }],
  ["GUEST", { secret: signingSecret("guest"), principal: guest }],
  ["SESSION", { secret: signingSecret("session"), sessionToken: "token", principal: root }],
]);
const MINUTE = 60_000;

/** What a gate tells of a request. */
async function toldOf(request: WireRequest): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const gate = new Gate({
    services: [service(camera, { Point: async () => ({}) })],
    region: "us-east-1",
    credentials: async (id) => CREDENTIALS.get(id),
    authorize: (principal) => principal.root,
    onInternalError: (error) => assert.fail(error as Error),
    onRefused: (refusal) => void refusals.push(refusal),
    clock: () => TEST_TIME,
  });
  await gate.answer(request);
  return refusals;
}

const point = (more: Partial<Unsigned> = {}): Unsigned => ({
  target: "/point",
  headers: { "content-type": "application/json" },
  body: '{"Camera":"nw"}',
  ...more,
});

const told = (more: Partial<Unsigned>): Promise<Refusal[]> => toldOf(wireRequest(signed(point(more))));

/** The same request with other headers. */
function withHeader(name: string, change: (value: string) => string): WireRequest {
  const { rawHeaders, ...rest } = signed(point());
  const at = rawHeaders.indexOf(name) + 1;
  return wireRequest({ ...rest, rawHeaders: rawHeaders.with(at, change(rawHeaders[at]!)) });
}

test("every way in which a caller does not show who it is has its reason", async () => {
  const reasons: [string, Refusal[]][] = [
    ["unknown access key", await told({ accessKeyId: "NOBODY" })],
    ["wrong session token", await told({ accessKeyId: "SESSION", secret: "session" })],
    ["wrong signature", await told({ secret: "wrong" })],
    ["wrong signature", await told({ secret: "wrong", expires: 60 })],
    ["wrong service", await told({ service: "s3" })],
    ["wrong region", await told({ region: "eu-west-1" })],
    ["expired", await told({ signedAt: TEST_TIME - 16 * MINUTE })],
    ["not yet current", await told({ signedAt: TEST_TIME + 16 * MINUTE })],
    ["wrong day", await toldOf(withHeader("x-amz-date", (date) => date.replace("21T", "22T")))],
    ["malformed signature", await toldOf(withHeader("authorization", (text) => text.slice(0, -1)))],
    ["not signed", await toldOf(wireRequest({ ...signed(point()), rawHeaders: ["host", "localhost"] }))],
    ["not authorized", await told({ accessKeyId: "GUEST", secret: "guest" })],
  ];
  for (const [reason, refusals] of reasons) {
    assert.deepEqual(
      refusals.map((refusal) => refusal.reason),
      [reason],
    );
  }
});

test("a refusal names the request, the key that it claims, where it came from and what it wanted", async () => {
  assert.deepEqual(await told({ region: "eu-west-1", accessKeyId: "NOBODY" }), [
    {
      requestId: "00000000-0000-4000-8000-000000000000",
      reason: "wrong region",
      accessKeyId: "NOBODY",
      remoteAddress: "192.0.2.7",
      service: "camera",
      operation: "Point",
      message: "Credential should be scoped to region 'us-east-1', not 'eu-west-1'.",
    },
  ]);
});

test("nothing of a signature is told, however it is malformed", async () => {
  const { rawHeaders } = signed(point());
  const signature = /Signature=(\w+)/.exec(rawHeaders.join(" "))![1]!;
  for (const change of [
    (text: string) => text.replace(", Signature=", ", "),
    (text: string) => `${text}0`,
    (text: string) => text.replace("Signature=", "Credential="),
    (text: string) => text.replace("SignedHeaders=", `${signature}=`),
  ]) {
    const [refusal] = await toldOf(withHeader("authorization", change));
    assert.equal(refusal!.reason, "malformed signature");
    assert.doesNotMatch(JSON.stringify(refusal), new RegExp(`${signature}|Signature=`));
  }
});

test("nobody is told of requests that are let in, or that only ask for what there is not", async () => {
  assert.deepEqual(await told({}), []);
  assert.deepEqual(await told({ body: "{" }), []);
  assert.deepEqual(await told({ target: "/nowhere", secret: "wrong" }), []);
});
