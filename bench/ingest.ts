/** Durable ingest as fast as it goes: signature, parse, seal, sync, index and acknowledgements beside a sink that only syncs. */
import { bodyHeader } from "../tests/support/matroska-body.ts";
import { PutMediaSocket, type PutMediaTarget } from "../tests/support/put-media-socket.ts";
import { TestServer } from "../tests/support/server.ts";
import type { BenchRow } from "./row.ts";
import { atLeastTimes, compared, inTurn } from "./support/goals.ts";
import { ReferenceProcess } from "./support/reference.ts";
import { createStreams, streamNames, targetsOf } from "./support/streams.ts";
import { clusterChunk, END_OF_FRAGMENT_CHUNK, frameChunks, httpChunk } from "./support/wire.ts";

const PRODUCERS = 8;
/** 128 MiB a producer: long enough that start and end of a run weigh little, short enough for a shared disk. */
const FRAGMENTS = 128;
const FRAME_BYTES = 16 * 1024;
const FRAMES = 64;
const FRAGMENT_MS = 1000;
const TURNS = 5;

const HEADER = httpChunk(bodyHeader());
const FRAGMENT = Buffer.concat([...frameChunks(FRAMES, FRAME_BYTES, FRAGMENT_MS), END_OF_FRAGMENT_CHUNK]);

/** Sends the whole body as fast as the socket takes it and waits for the last PERSISTED, of which `acks` are due. */
async function produce(target: PutMediaTarget, acks: number): Promise<void> {
  const put = new PutMediaSocket(target);
  const begin = Date.now();
  put.socket.write(HEADER);
  for (let count = 0; count < FRAGMENTS; count++) {
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

/** MB/s (10^6 bytes of the body) of all producers together, until the last acknowledgement. */
async function throughput(targets: readonly PutMediaTarget[], acks: number): Promise<number> {
  const begin = performance.now();
  await Promise.all(targets.map((target) => produce(target, acks)));
  return (targets.length * FRAGMENTS * FRAGMENT.length) / 1000 / (performance.now() - begin);
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await TestServer.start({ flags: ["--log-level", "warn"] });
  const sink = await ReferenceProcess.start("sink");
  try {
    const streams = streamNames("ingest", PRODUCERS);
    await createStreams(server.url, streams);
    const product = (): Promise<number> => throughput(targetsOf(server.url, streams), FRAGMENTS);
    const reference = (): Promise<number> => throughput(targetsOf(sink.url, streams), 1);
    await inTurn(1, product, reference);
    const turns = await inTurn(TURNS, product, reference);
    return [compared(`durable ingest, ${PRODUCERS} producers`, "MB/s", turns, atLeastTimes(0.85))];
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}
