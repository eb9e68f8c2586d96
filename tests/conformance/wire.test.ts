import assert from "node:assert/strict";
import { test } from "node:test";
import { KinesisVideoClient, ListStreamsCommand } from "@aws-sdk/client-kinesis-video";
import { ControlPlane, refused } from "./support/control-plane.ts";
import { post, type RawAnswer, send } from "./support/raw.ts";

const plane = await ControlPlane.start();
await plane.create("gate", { DataRetentionInHours: 2 });

function assertError(answer: RawAnswer, type: string, status: number): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get("x-amzn-errortype"), type);
  assert.match(answer.headers.get("x-amzn-requestid") ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(typeof JSON.parse(answer.text).Message, "string");
}

test("an answer is JSON with a request id, timestamps are numbers, and unset members are left out", async () => {
  const { status, headers, text } = await post(plane.server, "/describeStream", '{"StreamName":"gate"}');
  assert.equal(status, 200);
  assert.match(headers.get("content-type") ?? "", /^application\/(x-amz-)?json/);
  assert.match(headers.get("x-amzn-requestid") ?? "", /^[0-9a-f-]{36}$/);
  const { StreamInfo } = JSON.parse(text);
  assert.equal(typeof StreamInfo.CreationTime, "number");
  assert.equal(Math.round(StreamInfo.CreationTime * 1000), Number(/\d+$/.exec(StreamInfo.StreamARN)![0]));
  assert.deepEqual(Object.keys(StreamInfo).sort(), [
    "CreationTime",
    "DataRetentionInHours",
    "KmsKeyId",
    "Status",
    "StreamARN",
    "StreamName",
    "Version",
  ]);
});

test("an operation with nothing to say answers an empty object, and a last page has no token", async () => {
  assert.equal((await post(plane.server, "/tagStream", '{"StreamName":"gate","Tags":{"a":"b"}}')).text, "{}");
  const page = JSON.parse((await post(plane.server, "/listStreams", "{}")).text);
  assert.deepEqual(Object.keys(page), ["StreamInfoList"]);
  assert.equal((await post(plane.server, "/listStreams", "")).status, 200);
});

test("null members count as absent", async () => {
  const body = '{"StreamName":"gate","StreamARN":null,"ImageGenerationConfiguration":null}';
  assert.equal((await post(plane.server, "/updateImageGenerationConfiguration", body)).text, "{}");
});

test("a tag may be named like a member of every object", async () => {
  await post(plane.server, "/createStream", '{"StreamName":"proto","Tags":{"__proto__":"x","constructor":"y"}}');
  const { text } = await post(plane.server, "/listTagsForStream", '{"StreamName":"proto"}');
  assert.equal(text, '{"Tags":{"__proto__":"x","constructor":"y"}}');
});

test("unknown members are ignored", async () => {
  assert.equal((await post(plane.server, "/describeStream", '{"StreamName":"gate","Future":{"a":[1]}}')).status, 200);
});

test("an unknown path is 404, another method 405, also unsigned", async () => {
  assertError(await post(plane.server, "/noSuchOperation", "{}"), "UnknownOperationException", 404);
  assertError(await send(plane.server, "/noSuchOperation", { method: "POST" }), "UnknownOperationException", 404);
  const wrongMethod = await send(plane.server, "/createStream", { method: "GET" });
  assert.equal(wrongMethod.status, 405);
  assert.equal(wrongMethod.headers.get("allow"), "POST");
});

test("a browser's preflight is allowed, and its answers can be read", async () => {
  const origin = "https://console.example.com";
  const preflight = await send(plane.server, "/describeStream", {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,x-amz-date,x-amz-content-sha256,x-amz-user-agent",
    },
  });
  assert.ok(preflight.status === 200 || preflight.status === 204);
  assert.ok(["*", origin].includes(preflight.headers.get("access-control-allow-origin") ?? ""));
  assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /POST/);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization/i);
  const { headers } = await post(plane.server, "/describeStream", '{"StreamName":"none"}');
  assert.ok(headers.get("access-control-allow-origin"));
  assert.match(headers.get("access-control-expose-headers") ?? "", /x-amzn-errortype/i);
});

test("what is not a JSON object of the right types is a SerializationException", async () => {
  for (const body of [
    "{",
    "[]",
    '"text"',
    '{"StreamName":7}',
    '{"StreamName":["gate"]}',
    '{"StreamName":"gate"} x',
    '{"StreamName":"gate',
  ]) {
    assertError(await post(plane.server, "/describeStream", body), "SerializationException", 400);
  }
});

test("requests without, with unknown or with wrong credentials are refused before anything else is looked at", async () => {
  assertError(
    await send(plane.server, "/describeStream", { method: "POST", body: '{"StreamName":7}' }),
    "MissingAuthenticationTokenException",
    403,
  );
  const { endpoint, region, credentials } = plane.server.client;
  const list = async (accessKeyId: string, secretAccessKey: string): Promise<unknown> => {
    const client = new KinesisVideoClient({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
    return client.send(new ListStreamsCommand({})).finally(() => client.destroy());
  };
  const wrong = list(credentials.accessKeyId, "wrong");
  await assert.rejects(wrong, (error: Error) => /Signature/.test(error.name) && !/wrong/.test(error.message));
  await assert.rejects(list("AKIAUNKNOWN", credentials.secretAccessKey), { name: "UnrecognizedClientException" });
});

test("checks come in order: signature, JSON, members, existence", async () => {
  const unsigned = await send(plane.server, "/describeStream", { method: "POST", body: "{" });
  assert.equal(unsigned.status, 403);
  assertError(await post(plane.server, "/describeStream", "{"), "SerializationException", 400);
  const invalid = '{"StreamName":"none","CurrentVersion":"not alphanumeric!"}';
  assertError(await post(plane.server, "/updateStream", invalid), "InvalidArgumentException", 400);
  const valid = '{"StreamName":"none","CurrentVersion":"v"}';
  assertError(await post(plane.server, "/updateStream", valid), "ResourceNotFoundException", 404);
});

test("a client in another region is refused, with both regions named", async () => {
  const { endpoint, credentials } = plane.server.client;
  const client = new KinesisVideoClient({ endpoint, credentials, region: "eu-west-1", maxAttempts: 1 });
  await assert.rejects(client.send(new ListStreamsCommand({})), /us-east-1/);
  client.destroy();
});

test("operations that are not implemented say so by name", async () => {
  const { CreateSignalingChannelCommand } = await import("@aws-sdk/client-kinesis-video");
  const call = plane.client.send(new CreateSignalingChannelCommand({ ChannelName: "door" }));
  await refused(call, "NotImplementedException", 501, /CreateSignalingChannel/);
});
