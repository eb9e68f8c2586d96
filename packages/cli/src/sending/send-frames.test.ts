import assert from "node:assert/strict";
import { test } from "node:test";
import { sendFrames } from "./send-frames.ts";

/** Options of an input that ends before its first frame, which needs no server. */
const without = (signal: AbortSignal) => ({
  connection: { region: "us-east-1", credentials: { accessKeyId: "A", secretAccessKey: "B" } },
  stream: "porch",
  chunks: (async function* () {})(),
  startFor: () => 0,
  durationMs: undefined,
  realtime: false,
  onTracks: async () => {},
  onProducer: () => {},
  onAck: () => {},
  onRetry: () => {},
  giveUpAfterMs: 0,
  signal,
});

test("an input that was interrupted before its first frame is not taken for one without frames", async () => {
  await assert.rejects(sendFrames(without(new AbortController().signal)), { name: "MatroskaError" });
  const interrupted = "ended before the first frame came";
  await assert.rejects(sendFrames(without(AbortSignal.abort())), { message: interrupted, exitCode: 130 });
});
