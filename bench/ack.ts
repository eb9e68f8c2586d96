/** From the end of a fragment to its PERSISTED acknowledgement, beside a process that writes and syncs the same bytes at the same pace. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestServer } from "../tests/support/server.ts";
import { type BenchRow, percentile } from "./row.ts";
import { atMostTimes, compared, inTurn } from "./support/goals.ts";
import { PacedProducers } from "./support/paced-producers.ts";
import { startServer } from "./support/server.ts";
import { createStreams, streamNames, targetsOf } from "./support/streams.ts";

const STREAMS = 50;
const SECONDS = 20;
const WARM_UP_SECONDS = 3;
const TURNS = 3;
/** A fragment of 250 kB each second. */
const PACE = { framesPerSecond: 25, framesPerFragment: 25, frameBytes: 10_000 };

async function product(server: TestServer, streams: readonly string[]): Promise<number> {
  const producers = new PacedProducers(targetsOf(server.url, streams), PACE);
  await producers.connect();
  await producers.run(WARM_UP_SECONDS);
  producers.forget();
  await producers.run(SECONDS);
  const lost = await producers.close();
  if (lost + producers.errors > 0)
    throw new Error(`${lost} fragments without PERSISTED, ${producers.errors} ERROR acks`);
  return percentile(producers.latencies, 0.99);
}

async function reference(): Promise<number> {
  const bytes = PACE.framesPerFragment * PACE.frameBytes;
  const perSecond = (STREAMS * PACE.framesPerSecond) / PACE.framesPerFragment;
  const script = join(import.meta.dirname, "references/paced-sync.ts");
  const args = [script, bytes, perSecond, SECONDS].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return percentile(JSON.parse(stdout) as number[], 0.99);
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await startServer();
  try {
    const streams = streamNames("ack", STREAMS);
    await createStreams(server.url, streams);
    const turns = await inTurn(TURNS, () => product(server, streams), reference);
    return [compared(`fragment end to PERSISTED, p99, ${STREAMS} streams`, "ms", turns, atMostTimes(5))];
  } finally {
    await server.stop();
  }
}
