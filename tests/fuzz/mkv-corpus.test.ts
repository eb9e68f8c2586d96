import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MatroskaError, type MatroskaStreamHandler, MatroskaStreamReader } from "../../packages/media/src/index.ts";
import { type Recording, record } from "../../packages/media/test/recorder.ts";
import { type CorpusBody, mkvCorpus } from "./mkv-corpus.ts";
import { Random } from "./random.ts";

const MIN_BODIES = 5000;
/** What the product allows for each body. */
const MAX_CPU_MS = 200;
const MAX_HEAP_GROWTH_BYTES = 64 * 1024 * 1024;
const MAX_ATTEMPTS = 3;
/** Larger bodies are counted and not recorded: a recording of a million blocks would measure itself. */
const MAX_RECORDED_BYTES = 64 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** The result of a body in few numbers, which do not depend on how it was cut. */
class Tally implements MatroskaStreamHandler {
  readonly counts = { headers: 0, tags: 0, clusters: 0, ended: 0, blocks: 0, frames: 0, payloadBytes: 0 };
  onHeader(): void {
    this.counts.headers++;
  }
  onTags(): void {
    this.counts.tags++;
  }
  onClusterStart(): void {
    this.counts.clusters++;
  }
  onClusterData(): void {}
  onBlock({ frameCount, payloadBytes }: { frameCount: number; payloadBytes: number }): void {
    this.counts.blocks++;
    this.counts.frames += frameCount;
    this.counts.payloadBytes += payloadBytes;
  }
  onClusterEnd(): void {
    this.counts.ended++;
  }
}

interface Outcome {
  error: string | undefined;
  counts: Tally["counts"];
}

function read(bytes: Uint8Array, chunkSizes: readonly number[], concatenated: boolean): Outcome {
  const tally = new Tally();
  const reader = new MatroskaStreamReader(tally, { concatenated });
  try {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = chunkSizes[i % chunkSizes.length]!;
      reader.feed(bytes.subarray(at, at + size));
      at += size;
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof MatroskaError)) throw error;
    return { error: `${error.code} ${error.message}`, counts: tally.counts };
  }
  return { error: undefined, counts: tally.counts };
}

interface Cost {
  cpuMs: number;
  heapBytes: number;
}

function measure(bytes: Uint8Array, chunkSizes: readonly number[], concatenated: boolean): Cost & { outcome: Outcome } {
  if (bytes.length > MAX_RECORDED_BYTES) collectGarbage();
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const outcome = read(bytes, chunkSizes, concatenated);
  const { user, system } = process.cpuUsage(cpu);
  const after = process.memoryUsage();
  const heapBytes = after.heapUsed + after.external - memory.heapUsed - memory.external;
  return { outcome, cpuMs: (user + system) / 1000, heapBytes };
}

/**
 * Reads the body, and fails where that takes more than its budget each time: neighbours on the same core make single
 * figures larger.
 */
function readWithinBudget({ name, bytes }: CorpusBody, chunkSizes: readonly number[], concatenated: boolean): Outcome {
  const best: Cost = { cpuMs: Number.POSITIVE_INFINITY, heapBytes: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { outcome, cpuMs, heapBytes } = measure(bytes, chunkSizes, concatenated);
    best.cpuMs = Math.min(best.cpuMs, cpuMs);
    best.heapBytes = Math.min(best.heapBytes, heapBytes);
    if (best.cpuMs <= MAX_CPU_MS && best.heapBytes <= MAX_HEAP_GROWTH_BYTES) return outcome;
  }
  throw new assert.AssertionError({ message: `${name}: ${best.cpuMs} ms of CPU, ${best.heapBytes} bytes of heap` });
}

/** What was told of the body is in the body, and in its place. */
function checkAgainst(bytes: Uint8Array, { recorder }: Recording): void {
  for (const { offset, data, blocks, complete } of recorder.clusters) {
    if (!complete) continue;
    assert.ok(Buffer.from(bytes.subarray(offset, offset + data.length)).equals(data));
    for (const { clusterOffset, clusterEndOffset, payloadBytes } of blocks) {
      assert.ok(clusterOffset + 4 <= clusterEndOffset - payloadBytes && clusterEndOffset <= data.length);
    }
  }
}

test(`each of at least ${MIN_BODIES} bodies ends in a modelled error or a correct result, within its budget`, () => {
  const random = new Random(7);
  let bodies = 0;
  const outcomes = new Map<string, number>();
  for (const body of mkvCorpus()) {
    bodies++;
    const { bytes } = body;
    const chunkSizes = Array.from(
      { length: 5 },
      () => 1 + random.below(bytes.length > MAX_RECORDED_BYTES ? 65_536 : 300),
    );
    for (const concatenated of [false, true]) {
      const whole = readWithinBudget(body, [Math.max(1, bytes.length)], concatenated);
      assert.deepEqual(readWithinBudget(body, chunkSizes, concatenated), whole, body.name);
      const code = whole.error?.split(" ")[0] ?? "fine";
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
      if (bytes.length <= MAX_RECORDED_BYTES) checkAgainst(bytes, record(bytes, chunkSizes, { concatenated }));
    }
  }
  assert.ok(bodies >= MIN_BODIES, `${bodies} bodies`);
  // A corpus that only ever fails in one way would test little.
  assert.ok(outcomes.size >= 10, [...outcomes].join("; "));
});

test("the corpus is the same each time", () => {
  const first = mkvCorpus();
  for (const { name, bytes } of mkvCorpus()) {
    const other = first.next().value as CorpusBody;
    assert.ok(other.name === name && Buffer.from(other.bytes).equals(bytes), name);
    if (name.startsWith("a million")) break;
  }
});
