import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AWS_PLAYBACK_LIMITS,
  GENEROUS_PLAYBACK_LIMITS,
  type SessionContext,
  type SessionRequest,
  sessionParameters,
} from "./parameters.ts";

const DAY = 86_400_000;
const NOW = 100 * DAY;
const CONTEXT: SessionContext = { now: NOW, horizon: NOW - DAY, limits: GENEROUS_PLAYBACK_LIMITS };
const onAws: SessionContext = { ...CONTEXT, limits: AWS_PLAYBACK_LIMITS };
const past = { from: NOW - 2000, to: NOW - 1000 };

test("a request that says nothing is LIVE by server time, for five minutes, five segments at a time", () => {
  assert.deepEqual(sessionParameters({ protocol: "hls" }, CONTEXT), {
    protocol: "hls",
    mode: "live",
    container: "fmp4",
    clock: "serverTimestamp",
    from: undefined,
    to: undefined,
    discontinuities: "always",
    showTimestamps: false,
    showNumbers: false,
    maxSegments: 5,
    expiresSeconds: 300,
  });
});

test("by the producer's clock no discontinuities are marked unless asked for", () => {
  const request: SessionRequest = { protocol: "hls", selector: { clock: "producerTimestamp" } };
  assert.equal(sessionParameters(request, CONTEXT).discontinuities, "never");
  assert.equal(sessionParameters({ ...request, discontinuities: "always" }, CONTEXT).discontinuities, "always");
});

test("ON_DEMAND has the whole range, 1,000 segments on AWS, or what is asked for", () => {
  const request: SessionRequest = {
    protocol: "dash",
    mode: "on-demand",
    selector: { clock: "serverTimestamp", range: past },
  };
  assert.equal(sessionParameters(request, CONTEXT).maxSegments, undefined);
  assert.equal(sessionParameters(request, onAws).maxSegments, 1000);
  assert.equal(sessionParameters({ ...request, maxSegments: 7 }, onAws).maxSegments, 7);
});

const REFUSED: [what: string, mode: SessionRequest["mode"], selector: SessionRequest["selector"], message: RegExp][] = [
  ["LIVE with a range", "live", { range: past }, /^HLSFragmentSelector\.TimestampRange must not/],
  ["LIVE_REPLAY without a selector", "live-replay", undefined, /FragmentSelectorType is required in LIVE_REPLAY/],
  ["LIVE_REPLAY without a start", "live-replay", { clock: "serverTimestamp", range: { to: 1 } }, /StartTimestamp/],
  ["ON_DEMAND without a clock", "on-demand", { range: past }, /FragmentSelectorType is required in ON_DEMAND/],
  ["ON_DEMAND without an end", "on-demand", { clock: "serverTimestamp", range: { from: 1 } }, /EndTimestamp/],
  ["an end at the start", "on-demand", { clock: "producerTimestamp", range: { from: 5, to: 5 } }, /later than/],
  ["a day and 1 ms", "on-demand", { clock: "producerTimestamp", range: { from: 0, to: DAY + 1 } }, /24 hours/],
  ["an end to come", "live-replay", { clock: "serverTimestamp", range: { from: NOW, to: NOW + 1 } }, /in the past/],
];
for (const [what, mode, selector, message] of REFUSED) {
  test(`refused: ${what}`, () => {
    const request: SessionRequest = { protocol: "hls", mode, selector };
    assert.throws(() => sessionParameters(request, CONTEXT), { code: "invalid-argument", message });
  });
}

test("an end to come is none of the server's business by the producer's clock", () => {
  const selector = { clock: "producerTimestamp", range: { from: NOW, to: NOW + DAY } } as const;
  assert.equal(sessionParameters({ protocol: "hls", mode: "on-demand", selector }, CONTEXT).to, NOW + DAY);
});

test("a start before the retention period is refused on AWS alone", () => {
  const selector = { clock: "serverTimestamp", range: { from: NOW - DAY - 1, to: NOW - 1000 } } as const;
  const request: SessionRequest = { protocol: "hls", mode: "on-demand", selector };
  assert.equal(sessionParameters(request, CONTEXT).from, NOW - DAY - 1);
  assert.throws(() => sessionParameters(request, onAws), { code: "invalid-argument", message: /StartTimestamp/ });
});

test("moments beyond what a token carries are cut to it", () => {
  const selector = { clock: "producerTimestamp", range: { from: -5, to: 1000 } } as const;
  assert.equal(sessionParameters({ protocol: "hls", mode: "on-demand", selector }, CONTEXT).from, 0);
  const far = { clock: "producerTimestamp", range: { from: 8.64e15 } } as const;
  assert.equal(sessionParameters({ protocol: "hls", mode: "live-replay", selector: far }, CONTEXT).from, 2 ** 48 - 1);
});
