import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Stream } from "../../packages/server/src/domain/streams/stream.ts";
import { ackWords, InProcessServer, TestSession } from "../support/in-process.ts";
import { bodyHeader, fragment } from "../support/matroska-body.ts";
import { checkAcks } from "./expectations.ts";
import { type CorpusBody, mkvCorpus } from "./mkv-corpus.ts";
import { Random } from "./random.ts";

const MIN_BODIES = 5000;
/** What the product allows for each body. */
const MAX_CPU_MS = 200;
const MAX_HEAP_GROWTH_BYTES = 64 * 2 ** 20;
/** Tries until one stays below, as neighbours that share a core's caches take some of its time. */
const MAX_ATTEMPTS = 3;
/** Before larger bodies the garbage of others is collected, so that it is not counted as theirs. */
const LARGE_BODY_BYTES = 64 * 1024;
/** As Node's HTTP server hands out what a socket brings. */
const SOCKET_CHUNK_BYTES = 65_536;
/** The archive in memory keeps what is persisted: after so many bodies it is thrown away. */
const BODIES_A_SERVER = 500;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let server: InProcessServer;
let stream: Stream;
/**
 * With a producer who stays in mid-fragment, as a server in use has one. Where no session is left when garbage is collected, V8 forgets the
 * shapes of a session's objects and drops the code that it compiled for them: each larger body would pay two or three times for that.
 */
const neighbour = new InProcessServer();

async function restart(): Promise<void> {
  await server?.close();
  server = new InProcessServer();
  stream = await server.create("fuzz");
}

before(async () => {
  await restart();
  const session = await TestSession.open(neighbour, await neighbour.create("neighbour"));
  await session.send(Buffer.concat([bodyHeader(), fragment(0, 2, 100, 10)]));
});

after(async () => {
  await server.close();
  await neighbour.close();
});

interface Run {
  readonly cpuMs: number;
  readonly heapBytes: number;
  readonly words: string;
}

async function run({ name, bytes }: CorpusBody, chunkBytes: number): Promise<Run> {
  if (bytes.length > LARGE_BODY_BYTES) collectGarbage();
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const session = await TestSession.open(server, stream);
  const acks = await session.put(bytes, chunkBytes);
  const { user, system } = process.cpuUsage(cpu);
  const after = process.memoryUsage();
  checkAcks(acks, { name, bytes });
  const heapBytes = after.heapUsed + after.external - memory.heapUsed - memory.external;
  const words = ackWords(acks).split(" ").sort().join(" ");
  return { cpuMs: (user + system) / 1000, heapBytes, words };
}

/** Fails where a body takes more than its budget each time. */
async function runWithinBudget(body: CorpusBody, chunkBytes: number): Promise<string> {
  let cpuMs = Number.POSITIVE_INFINITY;
  let heapBytes = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const result = await run(body, chunkBytes);
    cpuMs = Math.min(cpuMs, result.cpuMs);
    heapBytes = Math.min(heapBytes, result.heapBytes);
    if (cpuMs <= MAX_CPU_MS && heapBytes <= MAX_HEAP_GROWTH_BYTES) return result.words;
  }
  throw new assert.AssertionError({ message: `${body.name}: ${cpuMs} ms of CPU, ${heapBytes} bytes of heap` });
}

test("a session takes each body within its budget, and takes it the same however it is cut", async () => {
  const random = new Random(11);
  let bodies = 0;
  for (const body of mkvCorpus()) {
    if (++bodies % BODIES_A_SERVER === 0) await restart();
    const whole = await runWithinBudget(body, SOCKET_CHUNK_BYTES);
    const least = Math.ceil(body.bytes.length / 100);
    const other = await runWithinBudget(body, least + random.below(SOCKET_CHUNK_BYTES / 64));
    assert.equal(other, whole, body.name);
  }
  assert.ok(bodies >= MIN_BODIES, `${bodies} bodies`);
  assert.deepEqual(server.errors, []);
});
