/**
 * 500 live viewers of one stream at 2 Mbit/s, each of whom reads the playlist every second and each new segment of 2 s: processor time that the
 * server uses, its ingest and packaging included, beside nginx, for which another process writes the same playlist and segments as files.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import type { TestServer } from "../tests/support/server.ts";
import { Nginx } from "./references/nginx.ts";
import type { BenchRow } from "./row.ts";
import { processorMs } from "./support/cpu.ts";
import { atMostTimes, compared, inTurn } from "./support/goals.ts";
import { hlsSession, mediaPlaylists, targetsIn, withArchive } from "./support/hls-session.ts";
import type { Viewed } from "./support/hls-viewers.ts";
import { KeptConnection, textOf } from "./support/kept-connection.ts";
import { PacedProducers } from "./support/paced-producers.ts";
import { endWithBench } from "./support/reference.ts";
import { startServer } from "./support/server.ts";
import { createStreams, targetsOf } from "./support/streams.ts";

const VIEWERS = 500;
const STREAM = "viewers";
/** 2 Mbit/s, in fragments of 2 s. */
const PACE = { framesPerSecond: 25, framesPerFragment: 50, frameBytes: 10_000 };
const FRAGMENT_SECONDS = PACE.framesPerFragment / PACE.framesPerSecond;
/** A live window has five fragments. */
const WINDOW_SECONDS = 6 * FRAGMENT_SECONDS;
const WARM_UP_SECONDS = 5;
const SECONDS = 10;
const TURNS = 2;
/** Longer than the bench takes. */
const PRODUCED_SECONDS = 600;
/** Sessions that are asked for at once. */
const AT_ONCE = 16;
const MIRROR_MS = 100;
const PLAYLIST = "live.m3u8";

/** Milliseconds of processor time for each second of all viewers. */
async function watch(url: string, targets: readonly string[], processor: () => number): Promise<number> {
  const script = join(import.meta.dirname, "support/hls-viewers.ts");
  const flags = [script, url, String(WARM_UP_SECONDS), String(SECONDS)];
  const child = spawn(process.execPath, flags, { stdio: ["pipe", "pipe", "inherit"] });
  endWithBench(child);
  child.stdin.end(targets.join("\n"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).value !== "begin") throw new Error("the viewers did not begin");
  const [begun, before] = [performance.now(), processor()];
  const { value } = await lines.next();
  const [ms, used] = [performance.now() - begun, processor() - before];
  check(JSON.parse(String(value)) as Viewed);
  return (used * 1000) / ms;
}

/** Viewers who fall behind would spare the server work. */
function check({ playlists, segments, bytes, slowestMs }: Viewed): void {
  console.error(
    `    ${playlists} playlists, ${segments} segments, ${Math.round(bytes / 1e6)} MB, slowest answer ${Math.round(slowestMs)} ms`,
  );
  const due = VIEWERS * (SECONDS / FRAGMENT_SECONDS - 1);
  if (segments < due) throw new Error(`the viewers got ${segments} segments, at least ${due} were due`);
}

/** Path and query of the Media Playlists of so many new sessions. */
async function sessions(url: string, client: KinesisVideoArchivedMediaClient, count: number): Promise<string[]> {
  const connections = Array.from({ length: Math.min(count, AT_ONCE) }, () => new KeptConnection(url));
  const targets: string[] = [];
  let left = count;
  const begin = async (connection: KeptConnection): Promise<void> => {
    while (left-- > 0) {
      const multivariant = await hlsSession(client, { StreamName: STREAM, Expires: 43_200 });
      targets.push(...(await mediaPlaylists(connection, multivariant)));
    }
  };
  await Promise.all(connections.map(begin));
  for (const connection of connections) connection.close();
  return targets;
}

/** Writes what the server plays as files, from now until the signal is aborted. Resolves when the first playlist is there. */
async function mirror(url: string, playlist: string, nginx: Nginx, signal: AbortSignal): Promise<void> {
  const connection = new KeptConnection(url);
  const written = new Set<string>();
  let last = "";
  const copy = async (): Promise<void> => {
    const text = await textOf(connection, playlist);
    if (text === last) return;
    for (const target of targetsIn(text, playlist)) {
      const number = /MediaFragment.*[?&]FragmentNumber=(\d+)/.exec(target)?.[1];
      if (number === undefined || written.has(number)) continue;
      const pieces: Buffer[] = [];
      await connection.get(target, (bytes) => void pieces.push(Buffer.from(bytes)));
      await nginx.put(`${number}.mp4`, Buffer.concat(pieces));
      written.add(number);
    }
    await nginx.put(PLAYLIST, text);
    last = text;
  };
  await copy();
  const goOn = async (): Promise<void> => {
    while (!signal.aborted) {
      await delay(MIRROR_MS);
      await copy();
    }
    connection.close();
  };
  goOn().catch((error: unknown) => console.error(`  the files stay as they are: ${String(error)}`));
}

async function measure(server: TestServer, client: KinesisVideoArchivedMediaClient): Promise<BenchRow[]> {
  const pid = server.process.pid!;
  const shared = (await sessions(server.url, client, 1))[0]!;
  const withNginx = async (): Promise<number> => {
    const nginx = await Nginx.start();
    const ends = new AbortController();
    try {
      await mirror(server.url, shared, nginx, ends.signal);
      return await watch(nginx.url, Array<string>(VIEWERS).fill(`/${PLAYLIST}`), () => nginx.processorMs());
    } finally {
      ends.abort();
      await nginx.stop();
    }
  };
  const withServer = (targets: readonly string[]) => () => watch(server.url, targets, () => processorMs(pid));
  const compare = async (name: string, targets: readonly string[]): Promise<BenchRow> => {
    const turns = await inTurn(TURNS, withServer(targets), withNginx);
    return compared(`${VIEWERS} live HLS viewers at 2 Mbit/s, ${name}: CPU`, "ms/s", turns, atMostTimes(2));
  };
  return [
    await compare("one session", Array<string>(VIEWERS).fill(shared)),
    await compare("a session each", await sessions(server.url, client, VIEWERS)),
  ];
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await startServer();
  try {
    await createStreams(server.url, [STREAM]);
    const producers = new PacedProducers(targetsOf(server.url, [STREAM]), PACE);
    await producers.connect();
    const ends = new AbortController();
    const producing = producers.run(PRODUCED_SECONDS, ends.signal);
    await delay(WINDOW_SECONDS * 1000);
    const rows = await withArchive(server, (client) => measure(server, client));
    ends.abort();
    await producing;
    await producers.close();
    return rows;
  } finally {
    await server.stop();
  }
}
