/** PutMedia as producers speak it: headers in the forms that they send, errors before the body, acknowledgements on the wire. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { KinesisVideoArchivedMediaClient, ListFragmentsCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { bodyHeader, cluster, END_OF_FRAGMENT, fragment, simpleBlock } from "../support/matroska-body.ts";
import { CREDENTIALS } from "../support/server.ts";
import { signedLines } from "../support/sign.ts";
import { ControlPlane } from "./support/control-plane.ts";

const plane = await ControlPlane.start();
const { StreamARN } = await plane.create("camera", { DataRetentionInHours: 1 });
const other = await plane.create("other", { DataRetentionInHours: 1 });

const httpChunk = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const LAST_CHUNK = "0\r\n\r\n";

const HEADERS: Readonly<Record<string, string>> = {
  "transfer-encoding": "chunked",
  "x-amzn-fragment-timecode-type": "ABSOLUTE",
  "x-amzn-producer-start-timestamp": "1795254695.186",
  "x-amzn-stream-name": "camera",
};

/** The answer to a PutMedia with the given headers (undefined takes one out) and body, as text. */
async function putMedia(
  changes: Record<string, string | undefined>,
  ...body: (Uint8Array | string)[]
): Promise<string> {
  const { hostname, port } = new URL(plane.server.url);
  const entries = Object.entries({ ...HEADERS, connection: "close", ...changes });
  const headers = Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
  const socket = connect(Number(port), hostname);
  const lines = signedLines({ ...CREDENTIALS, url: plane.server.url, path: "/putMedia", headers });
  socket.write(`POST /putMedia HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  for (const bytes of body) socket.write(bytes);
  let text = "";
  for await (const data of socket) text += data.toString("latin1");
  return text;
}

const second = (timecode: number): Buffer => fragment(timecode, 5, 100, 1000);
const BODY = httpChunk(Buffer.concat([bodyHeader(), second(1_795_254_695_186)]));

const ACCEPTED: [string, Record<string, string | undefined>][] = [
  ["the stream's name", {}],
  ["the stream's ARN", { "x-amzn-stream-name": undefined, "x-amzn-stream-arn": StreamARN }],
  ["a start timestamp of whole seconds", { "x-amzn-producer-start-timestamp": "1795254695" }],
  [
    "a start timestamp without leading zeros in its milliseconds",
    { "x-amzn-producer-start-timestamp": "1795254695.7" },
  ],
  ["a start timestamp with an exponent", { "x-amzn-producer-start-timestamp": "1.795254695186E9" }],
  ["acknowledgements that are asked for", { "x-amzn-fragment-acknowledgment-required": "1" }],
  ["acknowledgements that are not asked for", { "x-amzn-fragment-acknowledgment-required": "0" }],
  ["a JSON content type, as C producers send it", { "content-type": "application/json" }],
  ["a device's thing name", { "x-amzn-iot-thingname": "thing" }],
];

test("PutMedia takes absolute timecodes in ticks of 100 ns, and acknowledges them to the digit", async () => {
  const timecode = 17_952_546_951_860_001n;
  const media = cluster(timecode, simpleBlock(1, 0, true, Buffer.from("frame")));
  const answer = await putMedia({}, httpChunk(Buffer.concat([bodyHeader(1, 100), media])), LAST_CHUNK);
  assert.match(answer, /"EventType":"PERSISTED","FragmentTimecode":17952546951860001,"FragmentNumber":"\d{47}"/);
});

for (const [what, headers] of ACCEPTED) {
  test(`accepts ${what}`, async () => {
    const answer = await putMedia(headers, BODY, LAST_CHUNK);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /transfer-encoding: chunked/i);
    assert.match(answer, /"EventType":"PERSISTED","FragmentTimecode":1795254695186,/);
  });
}

test("accepts a body of known length", async () => {
  const body = Buffer.concat([bodyHeader(), second(1000)]);
  const headers = { "transfer-encoding": undefined, "content-length": String(body.length) };
  assert.match(await putMedia(headers, body), /"EventType":"PERSISTED","FragmentTimecode":1000,/);
});

const REFUSED: [string, Record<string, string | undefined>, RegExp][] = [
  ["no stream", { "x-amzn-stream-name": undefined }, /400 .*InvalidArgumentException/s],
  [
    "the name of one stream with the ARN of another",
    { "x-amzn-stream-arn": other.StreamARN },
    /400 .*InvalidArgumentException.*x-amzn-stream-arn/s,
  ],
  ["name and ARN of the same stream", { "x-amzn-stream-arn": StreamARN }, /400 .*InvalidArgumentException/s],
  [
    "the ARN that a stream of that name had before",
    { "x-amzn-stream-name": undefined, "x-amzn-stream-arn": StreamARN.replace(/\d+$/, "1551924009774") },
    /404 .*ResourceNotFoundException/s,
  ],
  ["an unknown stream", { "x-amzn-stream-name": "nobody" }, /404 .*ResourceNotFoundException/s],
  ["a name that is none", { "x-amzn-stream-name": "a b" }, /400 .*InvalidArgumentException.*streamName/s],
  ["no timecode type", { "x-amzn-fragment-timecode-type": undefined }, /400 .*InvalidArgumentException/s],
  ["an unknown timecode type", { "x-amzn-fragment-timecode-type": "absolute" }, /400 .*InvalidArgumentException/s],
  ["no start timestamp", { "x-amzn-producer-start-timestamp": undefined }, /400 .*InvalidArgumentException/s],
  [
    "a start timestamp that is no number",
    { "x-amzn-producer-start-timestamp": "now" },
    /400 .*InvalidArgumentException.*producerStartTimestamp/s,
  ],
];

for (const [what, headers, answer] of REFUSED) {
  test(`refuses ${what} before the body is read`, async () => {
    assert.match(await putMedia(headers, BODY, LAST_CHUNK), new RegExp(`^HTTP/1\\.1 ${answer.source}`, "s"));
  });
}

test("each acknowledgement is an HTTP chunk of its own: one JSON object and a newline", async () => {
  const answer = await putMedia(
    {},
    httpChunk(Buffer.concat([bodyHeader(), second(1000), END_OF_FRAGMENT, second(2000)])),
    LAST_CHUNK,
  );
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  const chunks = body.split("\r\n").filter((_, index) => index % 2 === 1 && body.length > 0);
  const acks = chunks.filter((chunk) => chunk.length > 0).map((chunk) => JSON.parse(chunk));
  assert.equal(acks.length, 6);
  for (const [index, chunk] of chunks.entries()) {
    if (chunk.length === 0) continue;
    assert.match(
      chunk,
      /^\{"EventType":"(BUFFERING|RECEIVED|PERSISTED)","FragmentTimecode":[12]000,"FragmentNumber":"\d{47}"\}\n$/,
    );
    assert.equal(body.split("\r\n")[index * 2], chunk.length.toString(16));
  }
  const kinds = (timecode: number): string[] =>
    acks.filter(({ FragmentTimecode }) => FragmentTimecode === timecode).map(({ EventType }) => EventType);
  assert.deepEqual(kinds(1000), ["BUFFERING", "RECEIVED", "PERSISTED"]);
  assert.deepEqual(kinds(2000), ["BUFFERING", "RECEIVED", "PERSISTED"]);
});

test("the answer begins before the body does", async () => {
  const { hostname, port } = new URL(plane.server.url);
  const socket = connect(Number(port), hostname);
  const lines = signedLines({ ...CREDENTIALS, url: plane.server.url, path: "/putMedia", headers: HEADERS });
  socket.write(`POST /putMedia HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  for await (const data of socket) {
    assert.match(data.toString("latin1"), /^HTTP\/1\.1 200 /);
    break;
  }
});

test("relative timecodes count from the start timestamp, absolute ones from the epoch", async () => {
  await plane.create("clocks", { DataRetentionInHours: 1 });
  const stream = { "x-amzn-stream-name": "clocks", "x-amzn-producer-start-timestamp": "1795254695.7" };
  const relative = { ...stream, "x-amzn-fragment-timecode-type": "RELATIVE" };
  await putMedia(relative, httpChunk(Buffer.concat([bodyHeader(), second(3000)])), LAST_CHUNK);
  await putMedia(stream, httpChunk(Buffer.concat([bodyHeader(), second(3000)])), LAST_CHUNK);
  const archive = new KinesisVideoArchivedMediaClient(plane.server.client);
  const { Fragments } = await archive.send(
    new ListFragmentsCommand({
      StreamName: "clocks",
      FragmentSelector: {
        FragmentSelectorType: "PRODUCER_TIMESTAMP",
        TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(1_795_254_699_000) },
      },
    }),
  );
  const times = Fragments!.map(({ ProducerTimestamp }) => ProducerTimestamp!.getTime()).sort((a, b) => a - b);
  assert.deepEqual(times, [3000, 1_795_254_698_700]);
  archive.destroy();
});
