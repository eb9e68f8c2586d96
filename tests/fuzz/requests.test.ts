import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { CreateStreamCommand, KinesisVideoClient, ListStreamsCommand } from "@aws-sdk/client-kinesis-video";
import { CREDENTIALS, TestServer } from "../support/server.ts";
import { signedLines } from "../support/sign.ts";
import {
  type Case,
  hostileJson,
  hostileSignatures,
  malformedHttp,
  oddHttp,
  type SignedParts,
} from "./hostile-requests.ts";
import { Random } from "./random.ts";

/** Longer than the server waits for headers; an exchange that takes this long hangs. */
const HANGS_AFTER_MS = 30_000;
const CONCURRENT = 32;
const RANDOM_REQUESTS = 600;

let server: TestServer;

before(async () => {
  server = await TestServer.start({ flags: ["--log-level", "debug"] });
  const client = new KinesisVideoClient(server.client);
  await client.send(new CreateStreamCommand({ StreamName: "there", DataRetentionInHours: 1 }));
  client.destroy();
});

after(() => server.stop());

/** A well-signed request; `body` has one character a byte. */
function signed({ path = "/createStream", body = "{}", headers = {} }: SignedParts): string {
  const lines = signedLines({
    url: server.url,
    path,
    ...CREDENTIALS,
    headers: { "content-length": String(body.length), "content-type": "application/json", ...headers },
    body: Buffer.from(body, "latin1"),
  });
  return `POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** A complete request behind the hostile one: its answer tells that the server is in step with the connection. */
const PROBE = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/**
 * Sends bytes and a probe behind them; resolves with all statuses that came until the server closed the connection. Never ends the sending
 * half first: closing is the server's part.
 */
function statusesOf({ request, probe }: Case): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end after ${JSON.stringify(text.slice(0, 300))}`));
    }, HANGS_AFTER_MS);
    socket.setEncoding("latin1").on("data", (data: string) => {
      text += data;
    });
    // A connection that is cut while bytes are on their way to it is closed as well.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      const heads = [
        ...text.matchAll(/HTTP\/1\.1 (\d{3})[^\r]*\r\n(?:[^\r]+\r\n)*?(?:x-amzn-ErrorType: (\w+)\r\n|\r\n)/gi),
      ];
      resolve(heads.map(([, status, type]) => (type === undefined ? status : `${status} ${type}`)).join(", "));
    });
    socket.write(probe === "later" ? request : request + PROBE, "latin1");
    if (probe === "later") socket.once("data", () => socket.write(PROBE));
  });
}

async function runAll(cases: readonly Case[]): Promise<void> {
  const wrong: string[] = [];
  const left = [...cases];
  const next = async (): Promise<void> => {
    for (let each = left.pop(); each !== undefined; each = left.pop()) {
      const statuses = await statusesOf(each).catch((error: Error) => error.message);
      if (!each.expect.test(statuses)) wrong.push(`${each.what}: "${statuses}", not ${each.expect}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, next));
  assert.deepEqual(wrong, []);
}

test("bytes that are no HTTP request are refused or cut off", () => runAll(malformedHttp()));

test("odd but lawful HTTP is answered in step", () => runAll(oddHttp()));

test("hostile JSON in a well-signed request is a modelled error", () => runAll(hostileJson(signed)));

test("hostile signatures are refused", () => runAll(hostileSignatures(new Date())));

/** Flips, removes and doubles bytes of a good request at random places. */
function mutated(request: string, random: Random): string {
  let text = request;
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(text.length);
    const length = random.below(12);
    const kind = random.below(3);
    const inserted =
      kind === 0 ? String.fromCharCode(random.below(256)) : kind === 1 ? "" : text.substr(at, length).repeat(2);
    text = text.slice(0, at) + inserted + text.slice(at + (kind === 0 ? 1 : length));
  }
  return text;
}

test(`${RANDOM_REQUESTS} requests damaged at random are each answered below 500, or the connection closes`, async () => {
  const random = new Random(31);
  // Behind a damaged head more bytes may be owed than come: one that waits for them is closed from here.
  const trailer = "\r\n".repeat(4);
  const body = '{"DeviceName":"camera","StreamName":"there","Tags":{"a":"b"}}';
  const cases = Array.from({ length: RANDOM_REQUESTS }, (_, index) => ({
    what: `damaged request ${index}`,
    request: mutated(signed({ body, headers: { connection: "close" } }), random) + trailer,
    expect: /^((100|2\d\d|4\d\d( \w+)?)(, )?)*$/,
  }));
  const waits = await Promise.all(cases.map((each) => settled(each)));
  assert.deepEqual(
    waits.filter((wrong) => wrong !== undefined),
    [],
  );
});

/** Undefined where the answer is as expected; the request's sending half is closed at once, so that nothing more can be owed. */
function settled({ what, request, expect }: Case): Promise<string | undefined> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  return new Promise((resolve) => {
    let text = "";
    const timer = setTimeout(() => socket.destroy(new Error("hangs")), HANGS_AFTER_MS);
    socket.setEncoding("latin1").on("data", (data: string) => {
      text += data;
    });
    socket.on("error", (error) => resolve(error.message === "hangs" ? `${what}: hangs after ${text}` : undefined));
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status).join(", ");
      resolve(expect.test(statuses) ? undefined : `${what}: ${statuses}`);
    });
    socket.end(request, "latin1");
  });
}

test("the server is as healthy as before, made nothing that was not asked for, and its log tells no secret", async () => {
  const client = new KinesisVideoClient(server.client);
  const { StreamInfoList } = await client.send(new ListStreamsCommand({}));
  assert.deepEqual(
    StreamInfoList!.map(({ StreamName }) => StreamName),
    ["there"],
  );
  client.destroy();
  assert.doesNotMatch(server.log, /internal failure/);
  assert.ok(!server.log.includes(CREDENTIALS.secretAccessKey));
  assert.doesNotMatch(server.log, /Signature=|X-Amz-Signature/i);
});
