/**
 * Session tokens beside the root credential, which has none: clients with an old AWS_SESSION_TOKEN in their shell are served in each
 * form in which they send it, a token gives nobody a right, and what is signed of it cannot be altered.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { KinesisVideoClient, ListStreamsCommand } from "@aws-sdk/client-kinesis-video";
import { putMedia } from "@kvass/client";
import { SignatureV4 } from "@smithy/signature-v4";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { CREDENTIALS } from "../support/server.ts";
import { signedLines } from "../support/sign.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";
import { runPython } from "./support/python.ts";
import { type RawAnswer, send } from "./support/raw.ts";

const plane = await ControlPlane.start();
await plane.create("camera", { DataRetentionInHours: 1 });

const TOKEN = "IQoJb3JpZ2luX2VjE+/==";
/** Longer than any that AWS issues. */
const LONG_TOKEN = `${"a+/=".repeat(2560)}`;
const TOKEN_HEADER = "x-amz-security-token";
const TOKEN_PARAMETER = "X-Amz-Security-Token";
const JSON_TYPE = { "content-type": "application/json" };
const NAMES = /"StreamName":"camera"/;

/** The official client with a token, and whatever else of the credential. */
function clientWith(sessionToken: string, more: Partial<typeof CREDENTIALS> = {}): KinesisVideoClient {
  const credentials = { ...CREDENTIALS, ...more, sessionToken };
  return new KinesisVideoClient({ ...plane.server.client, credentials, maxAttempts: 1 });
}

async function list(client: KinesisVideoClient): Promise<string[]> {
  const { StreamInfoList = [] } = await client.send(new ListStreamsCommand({}));
  return StreamInfoList.map(({ StreamName }) => StreamName ?? "");
}

/** The query of a ListStreams of an empty object, presigned by the JavaScript SDK's own signer. */
async function presignedQuery(sessionToken: string | undefined): Promise<URLSearchParams> {
  const { host, hostname, port } = new URL(plane.server.url);
  const signer = new SignatureV4({
    service: "kinesisvideo",
    region: "us-east-1",
    credentials: { ...CREDENTIALS, ...(sessionToken !== undefined && { sessionToken }) },
    sha256: plane.client.config.sha256,
  });
  const body = "{}";
  const request = { method: "POST", protocol: "http:", hostname, port: Number(port), path: "/listStreams", query: {} };
  const { query } = await signer.presign({ ...request, headers: { host, ...JSON_TYPE }, body }, { expiresIn: 60 });
  return new URLSearchParams(query as Record<string, string>);
}

const listPresigned = (query: URLSearchParams, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> =>
  send(plane.server, `/listStreams?${query}`, { method: "POST", headers: { ...JSON_TYPE, ...headers }, body: "{}" });

/** A ListStreams whose lines of the header were signed, and some changed since or added. */
function listSigned(signed: Record<string, string>, sent: Record<string, string> = {}): Promise<RawAnswer> {
  const request = { ...CREDENTIALS, url: plane.server.url, path: "/listStreams", headers: signed, body: "{}" };
  const lines = signedLines(request).map((line) => line.split(/: (.*)/s, 2) as [string, string]);
  const headers = { ...JSON_TYPE, ...Object.fromEntries(lines.filter(([name]) => name !== "host")), ...sent };
  return send(plane.server, request.path, { method: "POST", headers, body: request.body });
}

const accepted = ({ status, text }: RawAnswer): void => {
  assert.equal(status, 200, text);
  assert.match(text, NAMES);
};

const refusedAs = ({ headers, text }: RawAnswer, type: string): void =>
  assert.equal(headers.get("x-amzn-errortype"), type, text);

test("the JavaScript SDK is served with a token in its signed header, a long one too", async () => {
  for (const token of [TOKEN, LONG_TOKEN]) assert.deepEqual(await list(clientWith(token)), ["camera"]);
});

test("a token makes neither a wrong secret nor an unknown key right", async () => {
  await refused(list(clientWith(TOKEN, { secretAccessKey: "wrong" })), "InvalidSignatureException", 403);
  await refused(list(clientWith(TOKEN, { accessKeyId: "ASIANOBODYHERE000000" })), "UnrecognizedClientException", 403);
});

test("a token beyond what headers may hold is refused as such", async () => {
  const tooLong = "a".repeat(33 * 1024);
  await refused(list(clientWith(tooLong)), "RequestHeaderSectionTooLargeException", 431);
  refusedAs(await listPresigned(await presignedQuery(tooLong)), "RequestHeaderSectionTooLargeException");
});

test("a header's token may be signed, unsigned or empty, and is not altered where it is signed", async () => {
  accepted(await listSigned({ [TOKEN_HEADER]: TOKEN }));
  accepted(await listSigned({ [TOKEN_HEADER]: "" }));
  accepted(await listSigned({}, { [TOKEN_HEADER]: TOKEN }));
  accepted(await listSigned({}, { [TOKEN_HEADER]: "" }));
  refusedAs(await listSigned({ [TOKEN_HEADER]: TOKEN }, { [TOKEN_HEADER]: "other" }), "InvalidSignatureException");
});

test("a presigned URL's token may be signed, added later or empty, and is not altered where it is signed", async () => {
  accepted(await listPresigned(await presignedQuery(undefined)));
  for (const token of [TOKEN, LONG_TOKEN]) {
    const signed = await presignedQuery(token);
    assert.equal(signed.get(TOKEN_PARAMETER), token);
    accepted(await listPresigned(signed));
    signed.set(TOKEN_PARAMETER, "other");
    refusedAs(await listPresigned(signed), "InvalidSignatureException");
  }
  for (const token of [TOKEN, ""]) {
    const later = await presignedQuery(undefined);
    later.set(TOKEN_PARAMETER, token);
    accepted(await listPresigned(later));
    later.append(TOKEN_PARAMETER, token);
    refusedAs(await listPresigned(later), "IncompleteSignatureException");
  }
});

test("a token may be in the header as well as in the URL, also two that differ", async () => {
  for (const token of [TOKEN, LONG_TOKEN, "other"]) {
    accepted(await listPresigned(await presignedQuery(TOKEN), { [TOKEN_HEADER]: token }));
    accepted(await listPresigned(await presignedQuery(undefined), { [TOKEN_HEADER]: token }));
  }
});

test("boto3 and the AWS CLI are served with AWS_SESSION_TOKEN in their environment", async () => {
  const { server } = plane;
  for (const token of [TOKEN, LONG_TOKEN]) {
    const environment = { AWS_SESSION_TOKEN: token };
    const script = join(import.meta.dirname, "boto3_session_token.py");
    const answers = await runPython(server, "python3", [script, server.url], environment);
    assert.deepEqual(answers, { token, inUrl: true, signed: ["camera"], presigned: ["camera"] });
    const args = ["kinesisvideo", "--endpoint-url", server.url, "--output", "json", "list-streams"];
    const query = ["--query", "StreamInfoList[].StreamName"];
    assert.deepEqual(await runPython(server, "aws", [...args, ...query], environment), ["camera"]);
  }
});

const MEDIA = Buffer.concat([bodyHeader(), fragment(1000, 5, 100, 1000), END_OF_FRAGMENT]);

/** The answer to PutMedia with `signed` among the signed lines of its header and `unsigned` behind them, as C producers send it. */
async function putFragment(signed: Record<string, string>, unsigned: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(plane.server.url);
  const headers = {
    ...signed,
    "content-length": String(MEDIA.length),
    "x-amzn-fragment-timecode-type": "ABSOLUTE",
    "x-amzn-producer-start-timestamp": "1",
    "x-amzn-stream-name": "camera",
    connection: "close",
  };
  const lines = signedLines({ ...CREDENTIALS, url: plane.server.url, path: "/putMedia", headers });
  const socket = connect(Number(port), hostname);
  socket.write(`POST /putMedia HTTP/1.1\r\n${[...lines, ...unsigned].join("\r\n")}\r\n\r\n`);
  socket.write(MEDIA);
  let text = "";
  for await (const data of socket) text += data.toString("latin1");
  return text;
}

test("PutMedia takes a token that is signed, one that is not, and an empty one", async () => {
  for (const token of [TOKEN, LONG_TOKEN, ""]) {
    const header = `${TOKEN_HEADER}: ${token}`;
    const json = "content-type: application/json";
    assert.match(await putFragment({ [TOKEN_HEADER]: token }, []), /"EventType":"PERSISTED"/);
    assert.match(await putFragment({}, [json, header]), /"EventType":"PERSISTED"/);
  }
});

test("PutMedia of the JavaScript client is served with a token", async () => {
  const connection = { ...plane.server.client, credentials: { ...CREDENTIALS, sessionToken: TOKEN } };
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield MEDIA;
  };
  const ends: string[] = [];
  for await (const { type } of putMedia({ connection, stream: { streamName: "camera" } }, body()).acks) {
    if (type === "PERSISTED" || type === "ERROR") ends.push(type);
  }
  assert.deepEqual(ends, ["PERSISTED"]);
});
