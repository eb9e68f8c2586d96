/** Ten million fragments in the index: finding one by time beside a bare SQLite table, and listing a thousand of them over HTTP. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { json } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openStorage, type Storage } from "../packages/server/src/app/storage.ts";
import { DataKeys } from "../packages/server/src/domain/keys/data-keys.ts";
import { encryptionOf, sealPart } from "../packages/server/src/domain/keys/seal.ts";
import type { FragmentRow } from "../packages/server/src/storage/ports/fragment.ts";
import type { FragmentClock } from "../packages/server/src/storage/ports/fragment-index.ts";
import type { StreamRecord } from "../packages/server/src/storage/ports/stream-catalog.ts";
import { CREDENTIALS, TestServer } from "../tests/support/server.ts";
import { signedLines } from "../tests/support/sign.ts";
import { type BenchRow, percentile } from "./row.ts";
import { alone, atMost, atMostTimes, compared, inTurn } from "./support/goals.ts";
import { createStoredStream } from "./support/stored-streams.ts";

const STREAMS = 1000;
const FRAGMENTS_PER_STREAM = 10_000;
const FRAGMENT_MS = 2000;
const FRAGMENT_BYTES = 250_000;
/** Rounds of all streams in one transaction: what a store that is busy, not one that is idle, would have beside each other. */
const ROUNDS_PER_INSERT = 10;
/** The newest fragment ends now; the oldest is well within the retention. */
const END = Date.now();
const START = END - FRAGMENTS_PER_STREAM * FRAGMENT_MS;
const RETENTION_HOURS = 24;

const SEEKS = 20_000;
const TURNS = 5;
const LISTS = 500;
const WARM_LISTS = 50;
const PAGE = 1000;

/** Fragment `round` of a stream; streams begin at moments of their own. */
function fragmentOf({ id }: StreamRecord, round: number, segment: number): FragmentRow {
  const producerTimestamp = START + round * FRAGMENT_MS + ((id * 7919) % FRAGMENT_MS);
  return {
    streamId: id,
    sequence: round + 1,
    serverTimestamp: producerTimestamp + 40,
    producerTimestamp,
    random: (round * 104_729 + id) % 2 ** 28,
    duration: FRAGMENT_MS,
    size: FRAGMENT_BYTES,
    startsClean: true,
    lacksPictures: false,
    configuration: 1,
    segment,
    extents: [4096 + ((round * FRAGMENT_BYTES) % 2 ** 28), FRAGMENT_BYTES + 108],
  };
}

async function createStreams(storage: Storage): Promise<StreamRecord[]> {
  const streams: StreamRecord[] = [];
  for (let i = 0; i < STREAMS; i++) {
    const stream = { name: `catalog-${i}`, creationTime: START, retentionHours: RETENTION_HOURS };
    streams.push(await createStoredStream(storage, { ...stream, fragments: FRAGMENTS_PER_STREAM }));
  }
  return streams;
}

/** A segment with one real fragment: rows without a segment would not outlive a start. */
async function createSegment({ catalog, keyEncryption, journal }: Storage, stream: StreamRecord): Promise<number> {
  const key = await new DataKeys(catalog, keyEncryption).get(stream);
  const { duration, size, startsClean, lacksPictures, configuration, ...identity } = fragmentOf(stream, 0, 0);
  const summary = { duration, size, startsClean, lacksPictures, configuration };
  const writer = journal.begin(identity, 0);
  const row = await writer.commit(sealPart(encryptionOf(key, identity, 0, summary), [Buffer.alloc(1)]), summary);
  return row.segment;
}

/** Fills a data folder as ingest would: all streams at once, round by round. */
async function load(dataDir: string): Promise<void> {
  const storage = await openStorage({ dataDir });
  const streams = await createStreams(storage);
  const segment = await createSegment(storage, streams[0]!);
  for (let round = 0; round < FRAGMENTS_PER_STREAM; round += ROUNDS_PER_INSERT) {
    const rounds = Array.from({ length: ROUNDS_PER_INSERT }, (_, i) => round + i);
    await storage.ledger.pressure();
    storage.ledger.insert(rounds.flatMap((each) => streams.map((stream) => fragmentOf(stream, each, segment))));
    await nextTurn();
    if (round % 1000 === 0)
      console.error(`  ${(round * STREAMS) / 1e6} of ${(FRAGMENTS_PER_STREAM * STREAMS) / 1e6} million`);
  }
  await storage.close();
}

/** The least that a table must hold to find a fragment by time. */
function loadReference(path: string, streams: readonly StreamRecord[]): DatabaseSync {
  const reference = new DatabaseSync(path);
  reference.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384");
  reference.exec(`CREATE TABLE fragments (stream, time, sequence, duration, size, segment, offset, length, PRIMARY KEY (stream, time))
    WITHOUT ROWID`);
  const insert = reference.prepare("INSERT INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const stream of streams) {
    reference.exec("BEGIN");
    for (let round = 0; round < FRAGMENTS_PER_STREAM; round++) {
      const { streamId, serverTimestamp, sequence, duration, size, segment, extents } = fragmentOf(stream, round, 1);
      insert.run(streamId, serverTimestamp, sequence, duration, size, segment, extents[0]!, extents[1]!);
    }
    reference.exec("COMMIT");
  }
  return reference;
}

/** Microseconds of a seek, the mean of many to places all over the archive. */
async function timeSeeks(
  streams: readonly StreamRecord[],
  seek: (streamId: number, time: number) => unknown | Promise<unknown>,
): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < SEEKS; i++) {
    const { id } = streams[(i * 7919) % STREAMS]!;
    const time = START + ((i * 104_729) % (FRAGMENTS_PER_STREAM - 1)) * FRAGMENT_MS + FRAGMENT_MS;
    if ((await seek(id, time)) === undefined) throw new Error(`stream ${id} has nothing at ${time}`);
  }
  return ((performance.now() - begin) * 1000) / SEEKS;
}

async function seeks(dataDir: string): Promise<BenchRow[]> {
  const storage = await openStorage({ dataDir });
  const streams = await storage.catalog.list({ limit: STREAMS });
  console.error("  loading the reference");
  const reference = loadReference(join(dataDir, "reference.db"), streams);
  const statement: StatementSync = reference.prepare(
    "SELECT * FROM fragments WHERE stream = ? AND time <= ? ORDER BY time DESC LIMIT 1",
  );
  const bare = () => timeSeeks(streams, (stream, time) => statement.get(stream, time));
  const at = (clock: FragmentClock) => () =>
    timeSeeks(streams, (streamId, time) => storage.index.at({ streamId, horizon: 0 }, clock, time));
  const rows: BenchRow[] = [];
  for (const clock of ["serverTimestamp", "producerTimestamp"] as const) {
    await inTurn(1, at(clock), bare);
    const turns = await inTurn(TURNS, at(clock), bare);
    rows.push(compared(`seek by ${clock}, 10 M fragments`, "us", turns, atMostTimes(5)));
  }
  reference.close();
  await storage.close();
  return rows;
}

/** One signed ListFragments over a kept connection; resolves to how many fragments came. */
async function list(agent: Agent, url: string, input: object): Promise<number> {
  const body = JSON.stringify(input);
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
  const lines = signedLines({ url, path: "/listFragments", ...CREDENTIALS, headers, body });
  const signed = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
  const sent = request(new URL("/listFragments", url), { method: "POST", agent, headers: signed });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return ((await json(response)) as { Fragments: unknown[] }).Fragments.length;
}

/** Pages of a thousand fragments from all over the archive, one request after the other, until the answer is parsed. */
async function lists(dataDir: string): Promise<BenchRow> {
  const server = await TestServer.start({ data: dataDir, flags: ["--log-level", "warn"] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const times: number[] = [];
    for (let i = 0; i < WARM_LISTS + LISTS; i++) {
      const from = START + ((i * 7919) % (FRAGMENTS_PER_STREAM - PAGE - 1)) * FRAGMENT_MS;
      const TimestampRange = { StartTimestamp: from / 1000, EndTimestamp: END / 1000 };
      const FragmentSelector = { FragmentSelectorType: "SERVER_TIMESTAMP", TimestampRange };
      const StreamName = `catalog-${(i * 104_729) % STREAMS}`;
      const begin = performance.now();
      const count = await list(agent, server.url, { StreamName, FragmentSelector, MaxResults: PAGE });
      if (count !== PAGE) throw new Error(`ListFragments returned ${count} fragments`);
      if (i >= WARM_LISTS) times.push(performance.now() - begin);
    }
    return alone("ListFragments of 1,000, 10 M fragments, p99", "ms", percentile(times, 0.99), atMost(15, "ms"));
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "kvass-catalog-"));
  try {
    await load(dataDir);
    return [...(await seeks(dataDir)), await lists(dataDir)];
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
