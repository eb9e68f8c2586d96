/** Memory of a producer that is connected and silent, beside the same request held by bare `node:http`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bodyHeader } from "../tests/support/matroska-body.ts";
import { PutMediaSocket } from "../tests/support/put-media-socket.ts";
import type { BenchRow } from "./row.ts";
import { atMostTimes, compared, inTurn } from "./support/goals.ts";
import { residentBytes } from "./support/memory.ts";
import { ReferenceProcess } from "./support/reference.ts";
import { startServer } from "./support/server.ts";
import { createStreams, streamNames, targetsOf } from "./support/streams.ts";
import { httpChunk } from "./support/wire.ts";

const CONNECTIONS = 2000;
/** Connected before the count begins, so that code and pools that every process needs are not counted. */
const WARM_UP = 100;
const AT_ONCE = 50;
const SETTLE_MS = 3000;
const TURNS = 3;
const FLAGS = ["--producer-idle-seconds", "3600"];
const HEADER = httpChunk(bodyHeader());

async function answered(put: PutMediaSocket): Promise<void> {
  while (put.status === undefined && !put.socket.destroyed) await delay(1);
  if (put.status !== 200) throw new Error(`PutMedia was answered with ${put.status}`);
}

/** Opens a request for each stream and sends the Matroska header, a few connections at a time. */
async function connect(url: string, streams: readonly string[]): Promise<PutMediaSocket[]> {
  const puts: PutMediaSocket[] = [];
  for (let at = 0; at < streams.length; at += AT_ONCE) {
    const batch = targetsOf(url, streams.slice(at, at + AT_ONCE)).map((target) => new PutMediaSocket(target));
    for (const put of batch) put.socket.write(HEADER);
    await Promise.all(batch.map(answered));
    puts.push(...batch);
  }
  await delay(SETTLE_MS);
  return puts;
}

/** Growth of the process for each silent producer, kB. */
async function perConnection(url: string, pid: number, streams: readonly string[]): Promise<number> {
  const first = await connect(url, streams.slice(0, WARM_UP));
  const before = residentBytes(pid, "VmRSS");
  const rest = await connect(url, streams.slice(WARM_UP));
  const after = residentBytes(pid, "VmRSS");
  for (const put of [...first, ...rest]) put.destroy();
  return (after - before) / CONNECTIONS / 1000;
}

/** Each run has a process of its own, since a heap that has grown once hides what comes next. */
async function product(data: string, streams: readonly string[]): Promise<number> {
  const server = await startServer({ data, flags: FLAGS });
  try {
    return await perConnection(server.url, server.process.pid!, streams);
  } finally {
    await server.stop();
  }
}

async function reference(streams: readonly string[]): Promise<number> {
  const discard = await ReferenceProcess.start("discard");
  try {
    return await perConnection(discard.url, discard.process.pid!, streams);
  } finally {
    await discard.stop();
  }
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const data = mkdtempSync(join(tmpdir(), "kvass-bench-idle-"));
  try {
    const streams = streamNames("idle", WARM_UP + CONNECTIONS);
    const maker = await startServer({ data, flags: FLAGS });
    await createStreams(maker.url, streams).finally(() => maker.stop());
    const turns = await inTurn(
      TURNS,
      () => product(data, streams),
      () => reference(streams),
    );
    return [compared(`memory of an idle connected producer, of ${CONNECTIONS}`, "kB", turns, atMostTimes(3))];
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
