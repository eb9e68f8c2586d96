/**
 * `paced-sync.ts BYTES PER_SECOND SECONDS`: appends blocks to a file at an even pace, each followed by fdatasync, as if nothing but the
 * disk stood between a producer and its acknowledgement. Prints the ms from write to synced of each block, as a JSON array.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const [bytes, perSecond, seconds] = process.argv.slice(2).map(Number) as [number, number, number];
const folder = mkdtempSync(join(tmpdir(), "kvass-bench-sync-"));
const file = await open(join(folder, "blocks.bin"), "w");
const block = Buffer.alloc(bytes, 7);
const latencies: number[] = [];

async function persist(): Promise<void> {
  const begin = performance.now();
  await file.write(block);
  await file.datasync();
  latencies.push(performance.now() - begin);
}

const begin = performance.now();
const running: Promise<void>[] = [];
for (let count = 0; count < perSecond * seconds; count++) {
  const wait = begin + (count * 1000) / perSecond - performance.now();
  if (wait > 0) await delay(wait);
  running.push(persist());
}
await Promise.all(running);
await file.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify(latencies));
