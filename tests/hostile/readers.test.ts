import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { TestServer } from "../support/server.ts";
import { createStreams } from "../support/streams.ts";
import { answerOf, openGet, openPut, peakMemory, persisted, sendFragments, timecodesOf } from "./peers.ts";

const SLOW_READERS = 20;
const VANISHING_READERS = 200;
const BYTE_EVERY_MS = 1000;
/** Far more than the buffers of a socket hold. */
const MUCH = { count: 60, frameBytes: 200_000 };
/** A server with 20 readers that hold their answers back needs a few buffers for each, not the media. */
const MAX_RESIDENT_BYTES = 500 * 2 ** 20;

let server: TestServer;

before(async () => {
  server = await TestServer.start({ flags: ["--log-level", "error", "--reader-idle-seconds", "0.5"] });
  await createStreams(server, ["slowly-read", "left"]);
});

after(() => server.stop());

test(`${SLOW_READERS} readers that take a byte a second do not delay a producer`, async () => {
  const readers = Array.from({ length: SLOW_READERS }, () => openGet(server, "slowly-read", "NOW"));
  const timers = readers.map((socket) => setInterval(() => socket.read(1), BYTE_EVERY_MS));
  const put = openPut(server, "slowly-read");
  try {
    const sent = await sendFragments(put, MUCH);
    await persisted(put, sent.at(-1)!);
    assert.deepEqual(timecodesOf(put, "PERSISTED"), sent);
    assert.deepEqual(timecodesOf(put, "ERROR"), []);
    // All was durable while every reader still had nearly all of its answer before it.
    for (const socket of readers) {
      assert.equal(socket.destroyed, false);
      assert.ok(socket.bytesRead < 2_000_000, `${socket.bytesRead} bytes`);
    }
    assert.ok(peakMemory(server) < MAX_RESIDENT_BYTES, `${peakMemory(server)} bytes`);
  } finally {
    put.destroy();
    for (const timer of timers) clearInterval(timer);
    for (const socket of readers) socket.destroy();
  }
});

test(`${VANISHING_READERS} readers that connect and vanish leave nothing behind`, async () => {
  const put = openPut(server, "left");
  const producing = sendFragments(put, { count: 30, frameBytes: 20_000, everyMs: 50 });
  const leave = async (): Promise<void> => {
    const socket = openGet(server, "left", "EARLIEST");
    await once(socket, "readable");
    assert.match(String(socket.read()), /^HTTP\/1\.1 200/);
    socket.destroy();
  };
  for (let left = VANISHING_READERS; left > 0; left -= 20) await Promise.all(Array.from({ length: 20 }, leave));
  const sent = await producing;
  await persisted(put, sent.at(-1)!);
  assert.deepEqual(timecodesOf(put, "PERSISTED"), sent);
  put.end();
  const whole = openGet(server, "left", "EARLIEST");
  whole.resume();
  const numbers = (await answerOf(whole)).match(/AWS_KINESISVIDEO_CONTINUATION_TOKEN/g);
  assert.equal(numbers?.length, sent.length);
  whole.destroy();
  assert.equal(server.log, "");
});
