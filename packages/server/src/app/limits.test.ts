import assert from "node:assert/strict";
import { test } from "node:test";
import type { OptionKey } from "./config/options.ts";
import { resolveSettings } from "./config/settings.ts";
import { callRateLimits, ingestLimits, pointLimits, readerLimits, streamLimits } from "./limits.ts";

const UNBOUNDED = Number.POSITIVE_INFINITY;
const settings = (flags: Partial<Record<OptionKey, string>> = {}) => resolveSettings({ flags });

test("by default nothing meters calls, bytes or fragments", () => {
  const generous = settings();
  const { control, archive } = callRateLimits(generous);
  assert.deepEqual(control("DescribeStream"), { account: UNBOUNDED, stream: UNBOUNDED });
  assert.deepEqual(archive("GetHLSStreamingSessionURL"), { account: UNBOUNDED, stream: UNBOUNDED });
  assert.deepEqual(pointLimits(generous), { metadataPerSecond: UNBOUNDED, mediaPerSecond: UNBOUNDED });
  for (const { bytesPerSecond, fragmentsPerSecond, callsPerSecond } of [
    ingestLimits(generous),
    readerLimits(generous),
  ]) {
    assert.deepEqual([bytesPerSecond, fragmentsPerSecond, callsPerSecond], [UNBOUNDED, UNBOUNDED, UNBOUNDED]);
  }
});

test("--limits aws are the quotas of AWS's documentation", () => {
  const aws = settings({ limits: "aws" });
  const { control, archive } = callRateLimits(aws);
  assert.deepEqual(control("CreateStream"), { account: 50, stream: UNBOUNDED });
  assert.deepEqual(control("DescribeStream"), { account: 300, stream: 5 });
  assert.deepEqual(control("UpdateDataRetention"), { account: 50, stream: 5 });
  assert.deepEqual(archive("GetDASHStreamingSessionURL"), { account: UNBOUNDED, stream: 25 });
  assert.deepEqual(archive("ListFragments"), { account: UNBOUNDED, stream: UNBOUNDED });
  assert.deepEqual(pointLimits(aws), { metadataPerSecond: 10_000, mediaPerSecond: 500 });
  const { maxReaders, maxListReaders, callsPerSecond, bytesPerSecond, fragmentsPerSecond } = readerLimits(aws);
  const reader = [maxReaders, maxListReaders, callsPerSecond, bytesPerSecond, fragmentsPerSecond];
  assert.deepEqual(reader, [3, 5, 5, 25_000_000, 5]);
  assert.equal(streamLimits(aws).streams, 10_000);
  const ingest = ingestLimits(aws);
  assert.deepEqual([ingest.bytesPerSecond, ingest.order, ingest.requireTracks], [12_500_000, "stream", "all"]);
});

test("an option changes one limit of either preset, and leaves the others", () => {
  for (const limits of ["aws", "generous"]) {
    const changed = settings({
      limits,
      maxCallsPerSecond: "70",
      maxCallsPerSecondPerStream: "7",
      maxProducerBytesPerSecond: "1m",
      maxReaderBytesPerSecond: "2m",
      frameOrder: "track",
      requireTracks: "none",
    });
    assert.deepEqual(callRateLimits(changed).control("TagStream"), { account: 70, stream: 7 });
    assert.deepEqual(callRateLimits(changed).archive("ListFragments"), { account: 70, stream: 7 });
    const expected = {
      ...ingestLimits(settings({ limits })),
      callsPerSecond: 7,
      bytesPerSecond: 2 ** 20,
      order: "track",
      requireTracks: "none",
    };
    assert.deepEqual(ingestLimits(changed), expected);
    const reader = { ...readerLimits(settings({ limits })), callsPerSecond: 7, bytesPerSecond: 2 ** 21 };
    assert.deepEqual(readerLimits(changed), reader);
  }
});
