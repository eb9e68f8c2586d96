import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateStream$,
  CreateStreamCommand,
  DescribeStream$,
  DescribeStreamCommand,
  InvalidArgumentException$,
  KinesisVideoClient,
  type KinesisVideoClientConfig,
  ListStreams$,
  ListStreamsCommand,
  NotAuthorizedException$,
  ResourceNotFoundException,
  ResourceNotFoundException$,
} from "@aws-sdk/client-kinesis-video";
import { GetMedia$, GetMediaCommand, KinesisVideoMediaClient } from "@aws-sdk/client-kinesis-video-media";
import { Listener } from "../edge/http/listener.ts";
import { Gate } from "./pipeline.ts";
import { type AccessRule, service } from "./service.ts";
import { signingSecret } from "./sigv4/signing-keys.ts";
import { CameraError } from "./testing/camera.ts";
import { TEST_KEY } from "./testing/signer.ts";

/** The runtime on a socket, under the official clients: a service of four of their operations. */
const allowed: AccessRule = { action: "any", denied: "NotAuthorizedException", resource: () => "*" };
const seen: unknown[] = [];
const HANDLERS = {
  CreateStream: async (input: { StreamName: string }) => {
    seen.push(input);
    return { StreamARN: `arn:${input.StreamName}` };
  },
  DescribeStream: async ({ StreamName }: { StreamName: string }) => {
    if (StreamName !== "here") throw new CameraError("lost", `${StreamName} is not here`);
    return { StreamInfo: { StreamName, CreationTime: new Date(1_551_924_009_774), DataRetentionInHours: 2 } };
  },
  GetMedia: async () => ({
    ContentType: "video/webm",
    Payload: (async function* () {
      for (let i = 0; i < 3; i++) yield Buffer.alloc(100_000, i);
    })(),
  }),
};

const fake = service(
  {
    name: "fake",
    signingName: "kinesisvideo",
    operations: [CreateStream$, DescribeStream$, ListStreams$, GetMedia$],
    errors: [InvalidArgumentException$, NotAuthorizedException$, ResourceNotFoundException$],
    constraints: { CreateStreamInput: { StreamName: { length: [1, 256] } } },
    invalidInput: "InvalidArgumentException",
    access: { CreateStream: allowed, DescribeStream: allowed, ListStreams: allowed, GetMedia: allowed },
    codeOf: (error) => (error instanceof CameraError ? error.code : undefined),
    errorTypes: { lost: "ResourceNotFoundException" },
  },
  HANDLERS,
);

const principal = { accountId: "0", arn: "arn:aws:iam::0:root", accessKeyId: TEST_KEY.accessKeyId, root: true };
const gate = new Gate({
  services: [fake],
  region: "us-east-1",
  credentials: async (id) => ({
    secret: signingSecret(TEST_KEY.secretAccessKey),
    sessionToken: id === "TEMPORARY" ? "a+token/==" : undefined,
    principal,
  }),
  authorize: () => true,
  onInternalError: (error) => assert.fail(error as Error),
});
const listener = new Listener({
  answer: (request) => gate.answer(request),
  onError: (error) => assert.fail(error as Error),
});
let config: { endpoint: string; region: string; credentials: typeof TEST_KEY };

before(async () => {
  const { port } = await listener.listen("127.0.0.1", 0);
  config = { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials: TEST_KEY };
});
after(() => listener.close(0));

/** Runs with a client and lets its connections go. */
async function withClient<T>(
  more: KinesisVideoClientConfig,
  run: (client: KinesisVideoClient) => Promise<T>,
): Promise<T> {
  const client = new KinesisVideoClient({ ...config, ...more });
  return run(client).finally(() => client.destroy());
}

test("input and output pass both ways", async () => {
  await withClient({}, async (client) => {
    const created = await client.send(
      new CreateStreamCommand({ StreamName: "here", Tags: { klíč: "hodnota" }, DataRetentionInHours: 2 }),
    );
    assert.equal(created.StreamARN, "arn:here");
    assert.deepEqual(seen.at(-1), { StreamName: "here", Tags: { klíč: "hodnota" }, DataRetentionInHours: 2 });
    assert.match(created.$metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
    const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: "here" }));
    assert.deepEqual(StreamInfo, {
      StreamName: "here",
      CreationTime: new Date(1_551_924_009_774),
      DataRetentionInHours: 2,
    });
  });
});

test("modelled errors arrive as their classes", async () => {
  await withClient({}, async (client) => {
    await assert.rejects(client.send(new DescribeStreamCommand({ StreamName: "gone" })), (error) => {
      assert.ok(error instanceof ResourceNotFoundException);
      assert.equal(error.message, "gone is not here");
      assert.equal(error.$metadata.httpStatusCode, 404);
      return true;
    });
    await assert.rejects(client.send(new CreateStreamCommand({ StreamName: "" })), {
      name: "InvalidArgumentException",
      message: /'streamName'.*length greater than or equal to 1/,
    });
  });
});

test("an operation that is not implemented is not asked for again", async () => {
  await withClient({}, async (client) => {
    await assert.rejects(client.send(new ListStreamsCommand({})), (error: KinesisVideoError) => {
      assert.equal(error.name, "NotImplementedException");
      assert.equal(error.$metadata.attempts, 1);
      return true;
    });
  });
});

/** What the clients add to every error. */
type KinesisVideoError = Error & { readonly $metadata: { readonly attempts?: number } };

test("a client with a wrong clock sets it by the refusal and succeeds", async () => {
  await withClient({ systemClockOffset: -60 * 60 * 1000 }, async (client) => {
    const { $metadata } = await client.send(new DescribeStreamCommand({ StreamName: "here" }));
    assert.equal($metadata.attempts, 2);
  });
});

test("temporary credentials are accepted with their token", async () => {
  const credentials = { ...TEST_KEY, accessKeyId: "TEMPORARY", sessionToken: "a+token/==" };
  await withClient({ credentials }, (client) => client.send(new DescribeStreamCommand({ StreamName: "here" })));
  await assert.rejects(
    withClient({ credentials: { ...credentials, sessionToken: "other" } }, (client) => {
      return client.send(new DescribeStreamCommand({ StreamName: "here" }));
    }),
    { name: "UnrecognizedClientException" },
  );
});

test("a streamed output arrives whole, with its header", async () => {
  const client = new KinesisVideoMediaClient(config);
  const command = new GetMediaCommand({ StreamName: "here", StartSelector: { StartSelectorType: "NOW" } });
  const { ContentType, Payload } = await client.send(command);
  const bytes = Buffer.from(await Payload!.transformToByteArray());
  client.destroy();
  assert.equal(ContentType, "video/webm");
  assert.ok(bytes.equals(Buffer.concat([0, 1, 2].map((fill) => Buffer.alloc(100_000, fill)))));
});
