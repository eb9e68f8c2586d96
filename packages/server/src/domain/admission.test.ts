import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "./admission.ts";
import { DomainError } from "./errors.ts";

const WAIT_MS = 5000;
const STREAM = 1;

const admission = (maxConcurrent: number, callsPerSecond = Number.POSITIVE_INFINITY, waitMs = 0): Admission =>
  new Admission({ operation: "GetMedia", maxConcurrent, callsPerSecond, waitMs });

/** What became of calls that were made in one tick: how many entered, and the codes of the others. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(calls);
  return results.map((result) => (result.status === "fulfilled" ? "in" : (result.reason as DomainError).code));
}

test("calls of one moment get no more room than there is, and each stream has its own", async () => {
  const calls = admission(2);
  const results = outcomes([1, 1, 1, 2].map((stream) => calls.enter(stream)));
  assert.deepEqual(await results, ["in", "in", "connection-limit", "in"]);
});

test("a call that ends makes room for one, however often it says so", async () => {
  const calls = admission(1);
  const leave = await calls.enter(STREAM);
  leave();
  leave();
  const results = outcomes([calls.enter(STREAM), calls.enter(STREAM)]);
  assert.deepEqual(await results, ["in", "connection-limit"]);
});

test("of calls that wait, each that ends lets one in", async () => {
  const calls = admission(1, undefined, WAIT_MS);
  const first = await calls.enter(STREAM);
  const order: string[] = [];
  const waiting = ["a", "b", "c"].map(async (name) => {
    const leave = await calls.enter(STREAM);
    order.push(`${name} in`);
    await Promise.resolve();
    order.push(`${name} out`);
    leave();
  });
  first();
  await Promise.all(waiting);
  for (let index = 0; index < order.length; index += 2) {
    assert.equal(order[index + 1], order[index]!.replace("in", "out"));
  }
  assert.equal(order.length, 6);
});

test("more calls a second than the rate are refused, with the rate in the message", async ({ mock }) => {
  // Calls of one moment, however long the machine takes for them.
  mock.timers.enable({ apis: ["Date"] });
  const calls = admission(Number.POSITIVE_INFINITY, 5);
  const results = Array.from({ length: 7 }, () => calls.enter(STREAM));
  const refusals = (await outcomes(results)).filter((outcome) => outcome === "client-limit");
  assert.equal(refusals.length, 2);
  await assert.rejects(
    results[6]!,
    new DomainError("client-limit", "More than 5 GetMedia calls a second on the stream."),
  );
});
