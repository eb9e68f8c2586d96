/** Durable ingest as fast as it goes: signature, parse, seal, sync, index and acknowledgements beside a sink that only syncs. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bodyHeader } from "../tests/support/matroska-body.ts";
import { PutMediaSocket, type PutMediaTarget } from "../tests/support/put-media-socket.ts";
import type { BenchRow } from "./row.ts";
import { atLeastTimes, compared, inTurn } from "./support/goals.ts";
import { ReferenceProcess } from "./support/reference.ts";
import { startServer } from "./support/server.ts";
import { createStreams, streamNames, targetsOf } from "./support/streams.ts";
import { clusterChunk, END_OF_FRAGMENT_CHUNK, frameChunks, httpChunk } from "./support/wire.ts";

const PRODUCERS = 8;
/** 128 MiB a producer: long enough that start and end of a run weigh little, short enough for a shared disk. */
const FRAGMENTS = 128;
/** Sent before the clock starts, so that neither side is measured while its code is being compiled. */
const WARM_UP_FRAGMENTS = 16;
const FRAME_BYTES = 16 * 1024;
const FRAMES = 64;
const FRAGMENT_MS = 1000;
const TURNS = 5;

const HEADER = httpChunk(bodyHeader());
const FRAGMENT = Buffer.concat([...frameChunks(FRAMES, FRAME_BYTES, FRAGMENT_MS), END_OF_FRAGMENT_CHUNK]);

/** Sends a body of so many fragments as fast as the socket takes it and waits for the last PERSISTED, of which `acks` are due. */
async function produce(target: PutMediaTarget, fragments: number, acks: number): Promise<void> {
  const put = new PutMediaSocket(target);
  const begin = Date.now();
  put.socket.write(HEADER);
  for (let count = 0; count < fragments; count++) {
    put.socket.write(clusterChunk(begin + count * FRAGMENT_MS));
    if (!put.socket.write(FRAGMENT)) await put.drained();
  }
  put.end();
  let persisted = 0;
  await put.ack((ack) => {
    if (ack.EventType === "ERROR") throw new Error(`ingest failed: ${JSON.stringify(ack)}`);
    if (ack.EventType === "PERSISTED") persisted++;
    return persisted === acks;
  });
  put.destroy();
}

/** How many PERSISTED a target sends for a body of so many fragments. */
type AcksOf = (fragments: number) => number;

/** MB/s (10^6 bytes of the body) of all producers together, until the last acknowledgement. */
async function throughput(url: string, streams: readonly string[], acksOf: AcksOf): Promise<number> {
  const targets = targetsOf(url, streams);
  const send = (fragments: number): Promise<unknown> =>
    Promise.all(targets.map((target) => produce(target, fragments, acksOf(fragments))));
  await send(WARM_UP_FRAGMENTS);
  await fillMemory();
  const begin = performance.now();
  await send(FRAGMENTS);
  return (targets.length * FRAGMENTS * FRAGMENT.length) / 1000 / (performance.now() - begin);
}

/**
 * Writes and drops a file as large as what a run writes. A virtual machine gives memory that is free for some seconds back to its host, and to
 * get it again costs the page cache several times the write itself; so every run begins with that much memory at hand.
 */
async function fillMemory(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kvass-bench-memory-"));
  const file = await open(join(folder, "pages.bin"), "w");
  for (let count = 0; count < PRODUCERS * FRAGMENTS; count++) await file.write(FRAGMENT);
  await file.close();
  await rm(folder, { recursive: true });
}

/** A fresh server each time: what an earlier run left in its folder is gone. */
async function product(streams: readonly string[]): Promise<number> {
  const server = await startServer();
  try {
    await createStreams(server.url, streams);
    return await throughput(server.url, streams, (fragments) => fragments);
  } finally {
    await server.stop();
  }
}

async function reference(streams: readonly string[]): Promise<number> {
  const sink = await ReferenceProcess.start("sink");
  try {
    return await throughput(sink.url, streams, () => 1);
  } finally {
    await sink.stop();
  }
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const streams = streamNames("ingest", PRODUCERS);
  const turns = await inTurn(
    TURNS,
    () => product(streams),
    () => reference(streams),
  );
  return [compared(`durable ingest, ${PRODUCERS} producers`, "MB/s", turns, atLeastTimes(0.85))];
}
