import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { bodyHeader, cluster, END_OF_FRAGMENT, fragment, simpleBlock, tags } from "../support/matroska-body.ts";
import type { PutMediaSocket } from "../support/put-media-socket.ts";
import { TestServer } from "../support/server.ts";
import { createStreams } from "../support/streams.ts";
import { answerOf, failure, openGet, openPut, persisted } from "./peers.ts";

const MAX_CONNECTIONS = 30;
const MAX_PRODUCER_SECONDS = 2;
const MEBIBYTE = Buffer.alloc(2 ** 20);

let server: TestServer;

before(async () => {
  // Readers stay until they are told to go.
  const flags = ["--log-level", "warn", "--limits", "aws", "--reader-idle-seconds", "600"];
  server = await TestServer.start({ flags });
});

after(() => server.stop());

/** A Cluster's header that announces more than its bytes. */
function clusterOf(size: number): Buffer {
  const header = Buffer.from("1f43b6750100000000000000", "hex");
  header.writeUIntBE(size, 6, 6);
  return Buffer.concat([header, Buffer.from("e78203e8", "hex")]);
}

const pairs = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, "value"]));
const block = (track: number, offset: number): Buffer => simpleBlock(track, offset, true, Buffer.alloc(10));

/** What is one too many of each, and the error that it gets. */
const BEYOND: [what: string, id: number, body: Buffer[]][] = [
  ["50 MB in one fragment", 4001, [bodyHeader(), fragment(0, 50, 2 ** 20, 1000)]],
  ["50 MB announced for one fragment", 4001, [bodyHeader(), clusterOf(50_000_001)]],
  ["20 seconds in one fragment", 4002, [bodyHeader(), cluster(0, block(1, 0), block(1, 20_001))]],
  [
    "a fragment that begins where the last one ended",
    4004,
    [bodyHeader(), cluster(0, block(1, 0), block(1, 100)), cluster(100, block(1, 0))],
  ],
  ["10 tags on one fragment", 4009, [bodyHeader(), cluster(0, block(1, 0)), tags(pairs(11))]],
  ["10 tags before a fragment", 4009, [bodyHeader(), tags(pairs(11)), cluster(0, block(1, 0))]],
  ["3 tracks", 4012, [bodyHeader(4), cluster(0, block(1, 0))]],
  ["an undeclared track", 4010, [bodyHeader(), cluster(0, block(2, 0))]],
  ["a track without a frame", 4011, [bodyHeader(2), cluster(0, block(1, 0)), END_OF_FRAGMENT]],
];

for (const [index, [what, id, body]] of BEYOND.entries()) {
  test(`more than ${what} ends with ${id}`, async () => {
    await createStreams(server, [`beyond-${index}`]);
    const put = openPut(server, `beyond-${index}`);
    for (const bytes of body) {
      for (let at = 0; at < bytes.length; at += MEBIBYTE.length) {
        put.write(bytes.subarray(at, at + MEBIBYTE.length));
        await put.drained();
      }
    }
    const error = await failure(put);
    assert.equal(error.ErrorId, id, error.Message);
    put.end();
    await put.answered;
    put.destroy();
  });
}

test("with AWS's quotas a stream takes one producer and three readers at a time", async () => {
  await createStreams(server, ["crowded"]);
  const first = openPut(server, "crowded");
  first.write(Buffer.concat([bodyHeader(), fragment(1000, 5, 100, 90), END_OF_FRAGMENT]));
  await persisted(first, 1000);
  const readers = Array.from({ length: 3 }, () => openGet(server, "crowded", "EARLIEST"));
  for (const reader of readers) await once(reader, "readable");
  const second = openPut(server, "crowded");
  const fourth = openGet(server, "crowded", "EARLIEST");
  fourth.resume();
  const refusals = [answerOf(second.socket), answerOf(fourth)];
  await Promise.all([once(second.socket, "data"), once(fourth, "data")]);
  for (const socket of [...readers, fourth, second.socket]) socket.destroy();
  for (const refusal of refusals) assert.match(await refusal, /^HTTP\/1\.1 400 .*ConnectionLimitExceededException/s);
  // The first one was not disturbed.
  first.write(Buffer.concat([fragment(2000, 5, 100, 90), END_OF_FRAGMENT]));
  await persisted(first, 2000);
  first.destroy();
});

test("a producer is ended with 4003 when its connection is as old as the option says, and may come again", async () => {
  const flags = ["--log-level", "warn", "--max-producer-seconds", String(MAX_PRODUCER_SECONDS)];
  const other = await TestServer.start({ flags: [...flags, "--max-connections", String(MAX_CONNECTIONS)] });
  try {
    await createStreams(other, ["long"]);
    const put = openPut(other, "long");
    put.write(Buffer.concat([bodyHeader(), fragment(1000, 5, 100, 90), END_OF_FRAGMENT]));
    await persisted(put, 1000);
    assert.equal((await failure(put)).ErrorId, 4003);
    put.end();
    await put.closed;
    await crowd(other);
    const again = await comeAgain(other, "long");
    await persisted(again, 2000);
    again.destroy();
  } finally {
    await other.stop();
  }
});

/** Sends a fragment on a connection that is not refused: those of a crowd count until the server has seen each of them close. */
async function comeAgain(other: TestServer, stream: string): Promise<PutMediaSocket> {
  for (;;) {
    const put = openPut(other, stream);
    put.write(Buffer.concat([bodyHeader(), fragment(2000, 5, 100, 90), END_OF_FRAGMENT]));
    const refused = await put
      .ack(() => true)
      .then(
        () => false,
        () => put.status === undefined,
      );
    if (!refused) return put;
  }
}

/** Opens more connections than are allowed: those beyond are closed, the others serve. */
async function crowd(other: TestServer): Promise<void> {
  const { hostname, port } = new URL(other.url);
  const sockets = Array.from({ length: MAX_CONNECTIONS + 20 }, () => connect(Number(port), hostname));
  const closed = new Set<unknown>();
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on("error", () => undefined);
      socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
      await new Promise((resolve) => {
        socket.once("data", resolve).once("close", () => resolve(closed.add(socket)));
      });
    }),
  );
  assert.ok(closed.size >= 20 && closed.size <= 21, `${closed.size} refused`);
  await Promise.all(
    sockets.map(async (socket) => {
      if (socket.destroyed) return;
      socket.destroy();
      await once(socket, "close");
    }),
  );
}
