import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { expiryOf, type SessionGrant, SessionTokens } from "./token.ts";

const tokens = new SessionTokens(createSecretKey(randomBytes(32)));
const time = fc.nat({ max: 2 ** 48 - 1 });
const PLAIN = { noNullPrototype: true } as const;
const parameters = fc.record(
  {
    protocol: fc.constantFrom("hls", "dash"),
    mode: fc.constantFrom("live", "live-replay", "on-demand"),
    container: fc.constantFrom("fmp4", "ts"),
    clock: fc.constantFrom("serverTimestamp", "producerTimestamp"),
    from: fc.option(time, { nil: undefined }),
    to: fc.option(time, { nil: undefined }),
    discontinuities: fc.constantFrom("always", "never", "on-discontinuity"),
    showTimestamps: fc.boolean(),
    showNumbers: fc.boolean(),
    maxSegments: fc.option(fc.integer({ min: 1, max: 5000 }), { nil: undefined }),
    expiresSeconds: fc.integer({ min: 300, max: 43_200 }),
  },
  PLAIN,
);
const grants = fc.record(
  {
    parameters,
    streamId: time,
    streamCreation: time,
    createdAt: time,
    anchor: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    base: time,
    since: time,
    targetSeconds: fc.nat({ max: 65_535 }),
    peakBandwidth: fc.nat({ max: 2 ** 32 - 1 }),
    averageBandwidth: fc.nat({ max: 2 ** 32 - 1 }),
    joins: fc.boolean(),
  },
  PLAIN,
) as fc.Arbitrary<SessionGrant>;

test("a token gives back what it was sealed with, in base64url and a tilde", () => {
  fc.assert(
    fc.property(grants, (grant) => {
      const token = tokens.seal(grant);
      assert.match(token, /^[A-Za-z0-9_-]+~$/);
      assert.deepEqual(tokens.open(token), grant);
    }),
  );
});

const [grant] = fc.sample(grants, { numRuns: 1, seed: 1 });
const token = tokens.seal(grant!);

test("no other text is a token: altered anywhere, cut, longer, of another key", () => {
  for (let place = 0; place < token.length; place++) {
    for (const other of ["A", "B", "z", "_"].filter((character) => character !== token[place])) {
      const altered = token.slice(0, place) + other + token.slice(place + 1);
      assert.equal(tokens.open(altered), undefined, `${other} at ${place}`);
    }
  }
  const last = Buffer.from(token.slice(0, -1), "base64url");
  for (const other of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
    const altered = `${token.slice(0, -2)}${other}~`;
    if (altered === token || !Buffer.from(altered.slice(0, -1), "base64url").equals(last)) continue;
    assert.equal(tokens.open(altered), undefined, `the same bytes, written with ${other}`);
  }
  const others = ["", "~", token.slice(0, -1), token.slice(1), `A${token}`, `${token}~`, `${token}\n`, "A".repeat(1e6)];
  for (const text of others) assert.equal(tokens.open(text), undefined);
  assert.equal(new SessionTokens(createSecretKey(randomBytes(32))).open(token), undefined);
});

test("two tokens of one grant are not alike", () => {
  assert.notEqual(tokens.seal(grant!), token);
});

test("a grant ends when its seconds are over", () => {
  assert.equal(expiryOf(grant!), grant!.createdAt + grant!.parameters.expiresSeconds * 1000);
});
