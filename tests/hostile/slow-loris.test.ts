import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS, TestServer } from "../support/server.ts";

/** A third each: slow request lines, slow JSON bodies, slow PutMedia bodies. */
const SLOW_CLIENTS = 1002;
const HONEST_PRODUCERS = 5;
/** Long enough for the server to cut headers that do not end. */
const HONEST_FRAGMENTS = 120;
const BYTE_EVERY_MS = 1000;

let server: TestServer;

before(async () => {
  server = await TestServer.start({ flags: ["--log-level", "warn"] });
  const client = new KinesisVideoClient(server.client);
  for (const name of ["slow", ...Array.from({ length: HONEST_PRODUCERS }, (_, index) => `honest-${index}`)]) {
    await client.send(new CreateStreamCommand({ StreamName: name, DataRetentionInHours: 24 }));
  }
  client.destroy();
});

after(() => server.stop());

/** Sends `head` at once and then one byte of `rest` a second, whatever the server answers. */
function dripping(head: string, rest: string): Socket {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => socket.destroy());
  socket.resume();
  socket.write(head);
  let at = 0;
  const timer = setInterval(() => socket.write(rest[at++ % rest.length]!), BYTE_EVERY_MS);
  socket.on("close", () => clearInterval(timer));
  return socket;
}

interface SlowClients {
  /** Those that never come to the end of their headers. */
  readonly withoutHeaders: readonly Socket[];
  close(): void;
}

function slowClients(): SlowClients {
  const third = SLOW_CLIENTS / 3;
  const lines = Array.from({ length: third }, () => dripping("", "POST /createStream HTTP/1.1\r\nx-slow: loris"));
  const bodies = Array.from({ length: third }, () =>
    dripping("POST /createStream HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n", "{"),
  );
  // Half a megabyte of a block that never comes.
  const media = Array.from({ length: third }, () => {
    const put = new PutMediaSocket({ url: server.url, ...CREDENTIALS, stream: "slow" });
    const body = Buffer.concat([bodyHeader(), fragment(Date.now(), 1, 500_000, 1000)]);
    put.write(body.subarray(0, 700));
    let at = 700;
    const timer = setInterval(() => put.write(body.subarray(at, ++at)), BYTE_EVERY_MS);
    put.socket.on("close", () => clearInterval(timer));
    return put.socket;
  });
  const sockets = [...lines, ...bodies, ...media];
  return { withoutHeaders: lines, close: () => sockets.forEach((socket) => void socket.destroy()) };
}

async function honestProducer(index: number): Promise<PutMediaSocket> {
  const put = new PutMediaSocket({ url: server.url, ...CREDENTIALS, stream: `honest-${index}` });
  put.write(bodyHeader());
  const start = Date.now();
  for (let count = 0; count < HONEST_FRAGMENTS; count++) {
    put.write(fragment(start + count * 100, 10, 5000, 90));
    put.write(END_OF_FRAGMENT);
    await delay(100);
  }
  const last = start + (HONEST_FRAGMENTS - 1) * 100;
  await put.ack(({ EventType, FragmentTimecode }) => EventType === "PERSISTED" && FragmentTimecode === last);
  put.destroy();
  return put;
}

test(`${SLOW_CLIENTS} clients that send a byte a second do not disturb honest producers, and are cut where their headers never end`, async () => {
  const slow = slowClients();
  try {
    await delay(1000);
    const puts = await Promise.all(Array.from({ length: HONEST_PRODUCERS }, (_, index) => honestProducer(index)));
    for (const put of puts) {
      const count = (type: string): number => put.acks.filter((ack) => ack.EventType === type).length;
      assert.equal(put.status, 200);
      assert.equal(count("ERROR"), 0);
      assert.equal(count("PERSISTED"), HONEST_FRAGMENTS);
    }
    const client = new KinesisVideoClient(server.client);
    await client.send(new CreateStreamCommand({ StreamName: "made-meanwhile" }));
    client.destroy();
    await Promise.all(slow.withoutHeaders.map((socket) => socket.closed || once(socket, "close")));
  } finally {
    slow.close();
  }
});
