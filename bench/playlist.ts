/**
 * The Media Playlist of a day: 43,200 fragments of 2 s in one ON_DEMAND session. A player reads the Multivariant Playlist, and then this one, of
 * which the time is taken from the request to the last byte.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import { openStorage, type Storage } from "../packages/server/src/app/storage.ts";
import { encodeFooter, encodeHead } from "../packages/server/src/domain/fragments/layout.ts";
import { DataKeys } from "../packages/server/src/domain/keys/data-keys.ts";
import { encryptionOf, sealPart } from "../packages/server/src/domain/keys/seal.ts";
import type { FragmentRow } from "../packages/server/src/storage/ports/fragment.ts";
import type { StreamRecord } from "../packages/server/src/storage/ports/stream-catalog.ts";
import { bodyHeader, fragment } from "../tests/support/matroska-body.ts";
import type { TestServer } from "../tests/support/server.ts";
import { type BenchRow, percentile } from "./row.ts";
import { alone, atMost } from "./support/goals.ts";
import { hlsSession, mediaPlaylists, withArchive } from "./support/hls-session.ts";
import { KeptConnection } from "./support/kept-connection.ts";
import { startServer } from "./support/server.ts";
import { createStoredStream } from "./support/stored-streams.ts";

const STREAM = "day";
const FRAGMENT_MS = 2000;
const FRAGMENTS = (24 * 3_600_000) / FRAGMENT_MS;
const FRAMES = 50;
const FRAME_BYTES = 1000;
const RETENTION_HOURS = 48;
const END = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const START = END - FRAGMENTS * FRAGMENT_MS;
const STORED = { name: STREAM, creationTime: START, retentionHours: RETENTION_HOURS, fragments: FRAGMENTS };
const ROWS_PER_INSERT = 1000;
/** Requests of each kind: enough that the slowest but one is the 99th percentile. */
const REQUESTS = 200;
const GOAL = atMost(50, "ms");
const COMPRESSED = "Accept-Encoding: gzip\r\n";

/** The day's first fragment, in the journal: what sessions learn their tracks from. */
async function storeFirst({ catalog, keyEncryption, journal }: Storage, stream: StreamRecord): Promise<FragmentRow> {
  const header = bodyHeader();
  const segment = header.indexOf(Buffer.from("18538067ff", "hex"));
  const head = { ebmlHeader: header.subarray(0, segment), segmentElements: header.subarray(segment + 5), tags: [] };
  const cluster = fragment(START, FRAMES, FRAME_BYTES, FRAGMENT_MS);
  const parts = [...encodeHead(head), cluster, encodeFooter({ frames: FRAMES, tagsBytes: 0 })];
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const summary = { duration: FRAGMENT_MS, size, startsClean: true, lacksPictures: false, configuration: 1 };
  const timestamps = { serverTimestamp: START, producerTimestamp: START };
  const identity = { streamId: stream.id, sequence: 1, random: 1, ...timestamps };
  const key = await new DataKeys(catalog, keyEncryption).get(stream);
  const writer = journal.begin(identity, 0);
  return writer.commit(sealPart(encryptionOf(key, identity, 0, summary), parts), summary);
}

/** Fills a data folder with the index of a day. */
async function load(dataDir: string): Promise<void> {
  const storage = await openStorage({ dataDir });
  const first = await storeFirst(storage, await createStoredStream(storage, STORED));
  for (let from = 1; from < FRAGMENTS; from += ROWS_PER_INSERT) {
    const count = Math.min(ROWS_PER_INSERT, FRAGMENTS - from);
    const rows = Array.from({ length: count }, (_, index) => {
      const time = START + (from + index) * FRAGMENT_MS;
      const random = ((from + index) * 104_729) % 2 ** 28;
      return { ...first, sequence: 1 + from + index, random, serverTimestamp: time, producerTimestamp: time };
    });
    await storage.ledger.pressure();
    storage.ledger.insert(rows);
  }
  await storage.close();
}

/** A new session of the day, or of as much more as `moreMs`, which holds nothing; resolves to its Media Playlist, once the player knows it. */
async function session(
  client: KinesisVideoArchivedMediaClient,
  connection: KeptConnection,
  moreMs: number,
): Promise<string> {
  const TimestampRange = { StartTimestamp: new Date(START), EndTimestamp: new Date(END - FRAGMENT_MS + 1 + moreMs) };
  const HLSFragmentSelector = { FragmentSelectorType: "SERVER_TIMESTAMP" as const, TimestampRange };
  const input = { StreamName: STREAM, PlaybackMode: "ON_DEMAND" as const, HLSFragmentSelector, Expires: 43_200 };
  const [playlist] = await mediaPlaylists(connection, await hlsSession(client, input));
  return playlist!;
}

/** Milliseconds from the request to the last byte. */
async function timed(connection: KeptConnection, playlist: string, headers: string): Promise<number> {
  const begun = performance.now();
  const { status, bytes, head } = await connection.get(playlist, undefined, headers);
  const ms = performance.now() - begun;
  const zipped = /\r\ncontent-encoding: *gzip/i.test(head);
  if (status !== 200 || (!zipped && bytes < FRAGMENTS * 100)) throw new Error(`no playlist of a day: ${head}`);
  return ms;
}

async function measure(server: TestServer, client: KinesisVideoArchivedMediaClient): Promise<BenchRow[]> {
  const connection = new KeptConnection(server.url);
  const row = async (name: string, request: (index: number) => Promise<number>): Promise<BenchRow> => {
    const times: number[] = [];
    for (let index = 0; index < REQUESTS; index++) times.push(await request(index));
    return alone(`playlist of 24 h of 2 s fragments, ${name}, p99`, "ms", percentile(times, 0.99), GOAL);
  };
  const first = (moreMs: (index: number) => number) => async (index: number) =>
    timed(connection, await session(client, connection, moreMs(index)), COMPRESSED);
  const known = await session(client, connection, 0);
  const rows = [
    await row(
      "first of a range",
      first((index) => 1 + index),
    ),
    await row(
      "first of a session",
      first(() => 0),
    ),
    await row("first of a session, not compressed", async () =>
      timed(connection, await session(client, connection, 0), ""),
    ),
    await row("again", () => timed(connection, known, COMPRESSED)),
    await row("again, not compressed", () => timed(connection, known, "")),
  ];
  connection.close();
  return rows;
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const data = await mkdtemp(join(tmpdir(), "kvass-playlist-"));
  try {
    await load(data);
    const server = await startServer({ data });
    try {
      return await withArchive(server, (client) => measure(server, client));
    } finally {
      await server.stop();
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
