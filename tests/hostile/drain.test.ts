import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { bodyHeader, END_OF_FRAGMENT, fragment } from "../support/matroska-body.ts";
import type { PutMediaSocket } from "../support/put-media-socket.ts";
import { TestServer } from "../support/server.ts";
import { createStreams } from "../support/streams.ts";
import { answerOf, failure, openGet, openPut, persisted, timecodesOf } from "./peers.ts";

const DRAIN_SECONDS = 2;
const HALF = fragment(1000, 5, 10_000, 90).length / 2;

/** Sends half a fragment, and waits until the server has begun it. */
async function half(put: PutMediaSocket): Promise<void> {
  put.write(Buffer.concat([bodyHeader(), fragment(1000, 5, 10_000, 90).subarray(0, HALF)]));
  await put.ack(({ EventType }) => EventType === "BUFFERING");
}

test("SIGTERM lets fragments in flight finish, refuses those that do not, and ends the process with 0", async () => {
  const server = await TestServer.start({ flags: ["--log-level", "warn", "--drain-seconds", String(DRAIN_SECONDS)] });
  const names = ["finishing", "hanging", "between"];
  await createStreams(server, names);
  const [finishing, hanging, between] = names.map((name) => openPut(server, name)) as [
    PutMediaSocket,
    PutMediaSocket,
    PutMediaSocket,
  ];
  await Promise.all([half(finishing), half(hanging)]);
  between.write(Buffer.concat([bodyHeader(), fragment(1000, 5, 100, 90), END_OF_FRAGMENT]));
  await persisted(between, 1000);
  const reader = openGet(server, "between", "EARLIEST");
  await once(reader, "readable");

  const exited = once(server.process, "exit");
  server.process.kill("SIGTERM");
  // The one between two fragments is ended first, with nothing to complain of.
  await between.closed;
  assert.deepEqual(timecodesOf(between, "ERROR"), []);
  finishing.write(Buffer.concat([fragment(1000, 5, 10_000, 90).subarray(HALF), END_OF_FRAGMENT]));
  await persisted(finishing, 1000);
  await finishing.closed;
  assert.deepEqual(timecodesOf(finishing, "ERROR"), []);
  const { ErrorId, FragmentTimecode } = await failure(hanging);
  assert.deepEqual({ ErrorId, FragmentTimecode }, { ErrorId: 5000, FragmentTimecode: 1000 });
  await hanging.closed;
  reader.resume();
  assert.match(await answerOf(reader), /AWS_KINESISVIDEO_CONTINUATION_TOKEN/);
  assert.deepEqual(await exited, [0, null]);
  assert.equal(server.log, "");
  await server.stop();
});
