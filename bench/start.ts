/** How long a person waits for a server, and what an idle one holds, beside a process that only listens. */
import { setTimeout as delay } from "node:timers/promises";
import type { BenchRow } from "./row.ts";
import { atMost, compared, inTurn } from "./support/goals.ts";
import { residentBytes } from "./support/memory.ts";
import { ReferenceProcess } from "./support/reference.ts";
import { startServer } from "./support/server.ts";
import { call } from "./support/streams.ts";

const IDLE_MS = 3000;
const TURNS = 5;
const MB = 1e6;

interface Start {
  readonly ms: number;
  readonly megabytes: number;
}

/** From spawn on an empty folder to the answer of the first CreateStream. */
async function product(): Promise<Start> {
  const begin = performance.now();
  const server = await startServer();
  try {
    const status = await call(server.url, "/createStream", { StreamName: "first" });
    if (status !== 200) throw new Error(`CreateStream answered ${status}`);
    const ms = performance.now() - begin;
    await delay(IDLE_MS);
    return { ms, megabytes: residentBytes(server.process.pid!, "VmRSS") / MB };
  } finally {
    await server.stop();
  }
}

/** From spawn to the first answer of any kind. */
async function reference(): Promise<Start> {
  const begin = performance.now();
  const listener = await ReferenceProcess.start("listen");
  try {
    await call(listener.url, "/", {});
    const ms = performance.now() - begin;
    await delay(IDLE_MS);
    return { ms, megabytes: residentBytes(listener.process.pid!, "VmRSS") / MB };
  } finally {
    await listener.stop();
  }
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const { product: starts, reference: listens } = await inTurn(TURNS, product, reference);
  const column = (key: keyof Start): { product: number[]; reference: number[] } => ({
    product: starts.map((start) => start[key]),
    reference: listens.map((start) => start[key]),
  });
  return [
    compared("start to first CreateStream", "ms", column("ms"), atMost(500, "ms")),
    compared("idle memory", "MB", column("megabytes"), atMost(130, "MB")),
  ];
}
