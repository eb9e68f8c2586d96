/** Clients of GetClip that are slow, that go away, and that are too many, on the real process. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyHeader, cluster, END_OF_FRAGMENT, simpleBlock } from "../support/matroska-body.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { CREDENTIALS } from "../support/server.ts";
import { signedJsonRequest } from "../support/sign.ts";
import { ControlPlane } from "./support/control-plane.ts";

const MB = 1_000_000;
const START = 1_700_000_000_000;
const FRAGMENTS = 48;
const MAX_CLIPS = 64;

const plane = await ControlPlane.start();
await plane.create("long", { DataRetentionInHours: 24 });
await put("long", FRAGMENTS);
await plane.create("short", { DataRetentionInHours: 24 });
await put("short", 5);

/** Sends fragments of 1 MB and a second each, and waits until they are durable. */
async function put(stream: string, count: number): Promise<void> {
  const producer = new PutMediaSocket({ url: plane.server.url, ...CREDENTIALS, stream });
  producer.write(bodyHeader());
  const frame = Buffer.alloc(MB / 10, 0x55);
  frame.writeUInt32BE(frame.length - 4);
  for (let i = 0; i < count; i++) {
    const frames = Array.from({ length: 10 }, (_, k) => simpleBlock(1, k * 100, k === 0, frame));
    producer.write(Buffer.concat([cluster(START + i * 1000, ...frames), END_OF_FRAGMENT]));
    await producer.drained();
  }
  producer.end();
  const last = START + (count - 1) * 1000;
  await producer.ack(({ EventType, FragmentTimecode }) => EventType === "PERSISTED" && FragmentTimecode === last);
  producer.destroy();
}

/** A client that has asked for a clip and read the head of the answer and the file's first boxes, and nothing since. */
async function begin(stream: string): Promise<{ socket: Socket; status: number }> {
  const { hostname, port } = new URL(plane.server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const range = { StartTimestamp: START / 1000, EndTimestamp: START / 1000 + 3600 };
  const ClipFragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: range };
  const target = { url: plane.server.url, path: "/getClip", ...CREDENTIALS };
  socket.on("error", () => socket.destroy());
  socket.write(signedJsonRequest(target, { StreamName: stream, ClipFragmentSelector }));
  let head = "";
  while (!head.includes("moov") && !head.startsWith("HTTP/1.1 4")) {
    const [data] = (await once(socket, "data")) as [Buffer];
    head += data.toString("latin1");
  }
  socket.pause();
  return { socket, status: Number(head.slice(9, 12)) };
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${plane.server.process.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024;
}

test("clients that stop reading hold a few megabytes each, not their clips", async () => {
  const warm = await begin("long");
  warm.socket.destroy();
  const before = residentBytes();
  const clients = await Promise.all(Array.from({ length: 16 }, () => begin("long")));
  const grown = residentBytes() - before;
  for (const { socket } of clients) socket.destroy();
  // 16 clips of 48 MB; what is garbage by then counts too.
  assert.ok(grown < 16 * 16 * MB, `${grown / MB} MB`);
});

test("clips are bounded in number, a refused client is told so, and whoever goes away makes room", async () => {
  const clients: Socket[] = [];
  // Those of the test before are gone once the server has seen it.
  let refused = false;
  while (!refused) {
    const { socket, status } = await begin("short");
    refused = status === 400;
    clients.push(socket);
    assert.ok(clients.length <= MAX_CLIPS + 1);
  }
  for (const socket of clients) socket.destroy();
  for (let status = 400; status !== 200; await sleep(10)) {
    const client = await begin("short");
    status = client.status;
    client.socket.destroy();
  }
});
