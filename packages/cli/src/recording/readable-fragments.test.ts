import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedFragment } from "@kvass/client";
import type { StoredFragment } from "../archive.ts";
import { readableFragments } from "./readable-fragments.ts";

const stored = (count: number): StoredFragment[] =>
  Array.from({ length: count }, (_, at) => ({
    number: String(at),
    producerTimestamp: at,
    serverTimestamp: at,
    durationMs: 1,
    bytes: 1,
  }));

/** Reads `count` fragments, of which the damaged ones fail; resolves to what came, what did not, and the calls. */
async function readAll(count: number, damaged: ReadonlySet<string>, error = "MediaError") {
  const [came, lost]: [string[], string[]] = [[], []];
  let calls = 0;
  async function* read(numbers: readonly string[]): AsyncGenerator<ReceivedFragment, void> {
    calls++;
    for (const number of numbers) {
      if (damaged.has(number)) throw Object.assign(new Error(number), { name: error });
      yield { number } as ReceivedFragment;
    }
  }
  const onLost = ({ number }: StoredFragment): void => void lost.push(number);
  for await (const { number } of readableFragments({ fragments: stored(count), read, onLost })) came.push(number);
  return { came, lost, calls };
}

test("what is damaged is passed over, wherever it lies", async () => {
  const damaged = new Set(["0", "7", "8", "199", "200", "499"]);
  const { came, lost, calls } = await readAll(500, damaged);
  assert.deepEqual(lost, [...damaged]);
  const all = stored(500).map(({ number }) => number);
  assert.deepEqual(
    came,
    all.filter((number) => !damaged.has(number)),
  );
  assert.ok(calls <= 3 + damaged.size);
});

test("what is whole takes no more calls than it must", async () => {
  const { came, lost, calls } = await readAll(401, new Set());
  assert.deepEqual([came.length, lost, calls], [401, [], 3]);
});

test("an error of another kind, and one of everything, ends the reading", async () => {
  await assert.rejects(readAll(10, new Set(["3"]), "ConnectionClosed"), { message: "3" });
  await assert.rejects(readAll(1000, new Set(stored(1000).map(({ number }) => number))), { message: "50" });
});
