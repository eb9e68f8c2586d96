import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessServer } from "../../../../../tests/support/in-process.ts";

const CALLER = { requestId: "id", accessKeyId: "AKIAKEY", remoteAddress: "192.0.2.7" };
const GATE = { name: "gate", retentionHours: 24, storageTier: "HOT", tags: {} } as const;

test("what is done to a stream is told with who asked for it", async () => {
  const server = new InProcessServer();
  const stream = await server.streams.create(GATE, CALLER);
  await stream.changeRetention(stream.record.version, 24, CALLER);
  await stream.changeRetention(stream.record.version, -48, CALLER);
  await server.streams.delete(stream.arn, undefined, CALLER);
  assert.deepEqual(server.told, [
    ["stream created", { stream: "gate", retentionHours: 24, ...CALLER }],
    ["data retention changed", { stream: "gate", fromHours: 24, toHours: 48, ...CALLER }],
    ["data retention changed", { stream: "gate", fromHours: 48, toHours: 0, ...CALLER }],
    ["stream deleted", { stream: "gate", ...CALLER }],
  ]);
  await server.close();
});

test("what was refused has not happened", async () => {
  const server = new InProcessServer();
  const stream = await server.streams.create(GATE);
  await assert.rejects(server.streams.create(GATE, CALLER));
  await assert.rejects(stream.changeRetention("stale", 24, CALLER));
  await assert.rejects(stream.changeRetention(stream.record.version, -25, CALLER));
  await assert.rejects(server.streams.delete(stream.arn, "stale", CALLER));
  assert.deepEqual(server.told, [["stream created", { stream: "gate", retentionHours: 24 }]]);
  await server.close();
});

test("changes at the same time are told as they follow one another", async () => {
  const server = new InProcessServer();
  const stream = await server.streams.create(GATE);
  const { version } = stream.record;
  const results = await Promise.allSettled([stream.changeRetention(version, 1), stream.changeRetention(version, 2)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected"],
  );
  assert.deepEqual(server.toldAs("data retention changed"), [{ stream: "gate", fromHours: 24, toHours: 25 }]);
  await server.close();
});
