import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeService, wireAck } from "../test/fake-service.ts";
import type { Ack } from "./acks.ts";
import { putMedia } from "./put-media.ts";

let service: FakeService;
before(async () => {
  service = await FakeService.start();
});
after(() => service.stop());

const stream = { streamName: "porch" };

async function collect(acks: AsyncIterable<Ack>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of acks) types.push(type);
  return types;
}

test("acknowledgements arrive while the body is still being sent", async () => {
  service.putMedia = ({ request, response }) => {
    request.on("data", (chunk: Buffer) => response.write(wireAck("BUFFERING", chunk.length)));
    request.on("end", () => response.end(wireAck("PERSISTED", 1)));
  };
  let heard = (): void => {};
  const firstAck = new Promise<void>((resolve) => {
    heard = resolve;
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("one");
    await firstAck;
  }
  const session = putMedia({ connection: service.connection, stream }, body());
  const types: string[] = [];
  for await (const { type } of session.acks) {
    types.push(type);
    heard();
  }
  await session.done;
  assert.deepEqual(types, ["BUFFERING", "PERSISTED"]);
});

test("the request is signed over its headers, as the producer SDK for C does it", async () => {
  let headers: NodeJS.Dict<string | string[]> = {};
  service.putMedia = ({ request, response }) => {
    ({ headers } = request);
    request.resume().on("end", () => response.end());
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("x");
  }
  const options = {
    connection: service.connection,
    stream,
    timecodeType: "RELATIVE" as const,
    producerStart: 1_795_254_695_007,
  };
  await putMedia(options, body()).done;
  assert.equal(headers["x-amzn-stream-name"], "porch");
  assert.equal(headers["x-amzn-fragment-timecode-type"], "RELATIVE");
  assert.equal(headers["x-amzn-producer-start-timestamp"], "1795254695.007");
  assert.equal(headers["transfer-encoding"], "chunked");
  assert.equal(headers["x-amz-content-sha256"], undefined);
  assert.match(
    String(headers.authorization),
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/kinesisvideo\/aws4_request, SignedHeaders=host;x-amz-date;.*x-amzn-stream-name, Signature=[0-9a-f]{64}$/,
  );
});

test("a refusal ends the session although the body is silent", async () => {
  service.putMedia = ({ response }) => {
    response.writeHead(404, { "x-amzn-ErrorType": "ResourceNotFoundException", "x-amzn-RequestId": "r-1" });
    response.end('{"Message":"The requested stream is not found or not active."}');
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    await new Promise(() => {});
  }
  const session = putMedia({ connection: service.connection, stream }, body());
  const refused = { name: "ResourceNotFoundException", status: 404, requestId: "r-1", retryable: false };
  await assert.rejects(session.done, refused);
  await assert.rejects(collect(session.acks), refused);
});

test("an ERROR acknowledgement is told, and then thrown", async () => {
  service.putMedia = ({ request, response }) => {
    request.resume();
    response.end(
      wireAck("BUFFERING", 7) + wireAck("ERROR", 7, { ErrorCode: "MAX_FRAGMENT_DURATION_REACHED", ErrorId: 4002 }),
    );
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield Buffer.alloc(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const session = putMedia({ connection: service.connection, stream }, body());
  await assert.rejects(session.done, {
    name: "PutMediaError",
    message: "the service ended the stream with MAX_FRAGMENT_DURATION_REACHED (4002) at fragment timecode 7",
  });
});

test("a body that fails takes the connection with it", async () => {
  const received = Promise.withResolvers<void>();
  const dropped = Promise.withResolvers<void>();
  service.putMedia = ({ request, response }) => {
    response.flushHeaders();
    request.on("data", () => received.resolve());
    request.on("error", () => dropped.resolve());
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("x");
    await received.promise;
    throw new Error("the camera burnt");
  }
  await assert.rejects(putMedia({ connection: service.connection, stream }, body()).done, /the camera burnt/);
  await dropped.promise;
});
