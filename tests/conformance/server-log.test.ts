/** What the log of a server tells of what clients did to it: official ones, and producers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  KinesisVideoClient,
  ListStreamsCommand,
  UpdateDataRetentionCommand,
} from "@aws-sdk/client-kinesis-video";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";
import { Player } from "./support/playback.ts";

type Line = Readonly<Record<string, unknown>>;

const { accessKeyId } = CREDENTIALS;
const CALLER = { accessKeyId, remoteAddress: "127.0.0.1" };
const GATE = { stream: "gate", ...CALLER };
const LEVELS = { debug: 20, info: 30, warn: 40 } as const;
const WRONG = "wrong/secret+0123456789012345678901234567";
/** What would end a line and begin another one, were it written as it is. */
const ODD_KEY = '"}\u0085{"msg":"ready';
const FRAGMENTS = 3;

const server = await TestServer.start({ flags: ["--log-level", "debug"] });
after(() => server.stop());
const client = new KinesisVideoClient({ ...server.client, maxAttempts: 1 });

/** The process's whole log, once it has ended. */
async function log(): Promise<Line[]> {
  const written = once(server.process.stderr!, "close");
  client.destroy();
  assert.equal(await server.stop(), 0);
  await written;
  const lines = server.log.trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

const openPut = (stream: string): PutMediaSocket => new PutMediaSocket({ url: server.url, ...CREDENTIALS, stream });

/** Puts some fragments of a second; resolves with the bytes of the body. */
async function putWhole(): Promise<number> {
  const put = openPut("gate");
  const start = Date.now() - FRAGMENTS * 1000;
  const fragments = Array.from({ length: FRAGMENTS }, (_, at) => fragment(start + at * 1000, 5, 100, 1000));
  const body = Buffer.concat([bodyHeader(), ...fragments, END_OF_FRAGMENT]);
  put.write(body);
  put.end();
  await put.answered;
  return body.length;
}

async function putBroken(): Promise<void> {
  const put = openPut("gate");
  put.write(Buffer.concat([bodyHeader(), Buffer.alloc(16)]));
  await put.ack(({ EventType }) => EventType === "ERROR");
  await put.answered;
}

async function listAs(accessKeyId: string, secretAccessKey: string): Promise<void> {
  const credentials = { accessKeyId, secretAccessKey };
  const other = new KinesisVideoClient({ ...server.client, credentials, maxAttempts: 1 });
  await assert.rejects(other.send(new ListStreamsCommand({})));
  other.destroy();
}

/** A session's token. */
async function createSession(): Promise<string> {
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" } as const;
  const url = await new Player(server).hls({ StreamName: "gate", HLSFragmentSelector: selector });
  return /SessionToken=([\w-]+~)/.exec(String(url))![1]!;
}

test("the log says who did what to streams, who came, who was refused, and why, and no secret", async () => {
  const { StreamARN } = await client.send(new CreateStreamCommand({ StreamName: "gate", DataRetentionInHours: 2 }));
  const { StreamInfoList } = await client.send(new ListStreamsCommand({}));
  const more = { Operation: "INCREASE_DATA_RETENTION", DataRetentionChangeInHours: 22 } as const;
  const CurrentVersion = StreamInfoList![0]!.Version!;
  const { $metadata } = await client.send(new UpdateDataRetentionCommand({ StreamARN, CurrentVersion, ...more }));
  const bytes = await putWhole();
  const token = await createSession();
  await Promise.all([
    putBroken(),
    openPut("nowhere").answered,
    fetch(`${server.url}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=${"A".repeat(token.length - 1)}~`),
    listAs(ODD_KEY, WRONG),
    ...[1, 2, 3].map(() => listAs(accessKeyId, WRONG)),
  ]);
  await client.send(new DeleteStreamCommand({ StreamARN: StreamARN! }));

  const lines = await log();
  /** What is told by one name, without what differs from run to run. */
  const told = (name: string, level: keyof typeof LEVELS): Line[] =>
    lines
      .filter(({ msg }) => msg === name)
      .map(({ msg: _msg, time, requestId, level: severity, seconds: _seconds, inSeconds: _in, ...fields }) => {
        assert.ok(Date.parse(String(time)) > 0 && /^[\da-f-]{36}$/.test(String(requestId)));
        assert.equal(severity, LEVELS[level]);
        return fields;
      });
  assert.deepEqual(told("stream created", "info"), [{ ...GATE, retentionHours: 2 }]);
  assert.deepEqual(told("data retention changed", "info"), [{ ...GATE, fromHours: 2, toHours: 24 }]);
  assert.equal(lines.find(({ msg }) => msg === "data retention changed")!.requestId, $metadata.requestId);
  assert.deepEqual(told("stream deleted", "info"), [GATE]);
  assert.deepEqual(told("producer connected", "info"), Array(2).fill({ ...GATE, connections: 1 }));
  const [whole, broken] = told("producer ended", "info");
  const brought = { fragments: FRAGMENTS, persisted: FRAGMENTS, bytes };
  assert.deepEqual(whole, { ...GATE, reason: "end of body", ...brought });
  assert.deepEqual([broken!.reason, broken!.errorId, broken!.errorCode], ["error", 4006, "INVALID_MKV_DATA"]);
  const session = { protocol: "hls", mode: "live", expiresSeconds: 300 };
  assert.deepEqual(told("playback session created", "debug"), [{ ...GATE, ...session }]);
  const [unknown] = told("producer refused", "warn");
  assert.deepEqual(
    [unknown!.stream, unknown!.reason, unknown!.accessKeyId],
    ["nowhere", "stream-not-found", accessKeyId],
  );

  const refused = told("request refused", "warn").map(
    ({ reason, accessKeyId: key, operation, count }) => `${reason}, ${key}, ${operation}, ${count}`,
  );
  assert.deepEqual(refused.sort(), [
    'unknown access key, "}??{"msg":"ready, ListStreams, undefined',
    "unknown playback token, undefined, playback, undefined",
    // The first at once, the others counted.
    `wrong signature, ${accessKeyId}, ListStreams, 2`,
    `wrong signature, ${accessKeyId}, ListStreams, undefined`,
  ]);
  for (const secret of [CREDENTIALS.secretAccessKey, WRONG, token, "Signature="]) {
    assert.ok(!server.log.includes(secret.slice(0, 12)), secret);
  }
});
