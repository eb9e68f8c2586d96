/**
 * Every HLS segment of an archived recording, 720p at 6 Mbit/s with sound, beside ffmpeg, which copies the same packets from a file into the
 * segments of a playlist. The server reads, unseals and packages, and sends over the loopback interface to a client that only counts; none of
 * it is in its cache of segments, which is smaller than the recording. Time is that of all answers, and of a whole ffmpeg.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kvass } from "../tests/support/command-line.ts";
import type { TestServer } from "../tests/support/server.ts";
import type { BenchRow } from "./row.ts";
import { makeCameraFile } from "./support/camera-file.ts";
import { atLeastTimes, compared, inTurn } from "./support/goals.ts";
import { hlsSession, mediaPlaylists, targetsIn, withArchive } from "./support/hls-session.ts";
import { KeptConnection, textOf } from "./support/kept-connection.ts";
import { startServer } from "./support/server.ts";

const TURNS = 5;
const STREAM = "camera";
const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
/** As a player asks for picture and sound, and one that reads ahead for the next segments. */
const AT_ONCE = 2;
/** A camera's group of pictures, which the server's segments are too. */
const SEGMENT_SECONDS = "2";
const run = promisify(execFile);

const CONTAINERS = [
  { name: "fMP4", format: "FRAGMENTED_MP4", flags: ["-hls_segment_type", "fmp4"] },
  { name: "MPEG-TS", format: "MPEG_TS", flags: ["-hls_segment_type", "mpegts"] },
] as const;

/** What a viewer of the whole recording asks for, in that order: initialization segments, and segment by segment the tracks. */
async function segmentsOf(server: TestServer, ContainerFormat: "FRAGMENTED_MP4" | "MPEG_TS"): Promise<string[]> {
  const range = { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + HOUR_MS) };
  const HLSFragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" as const, TimestampRange: range };
  const input = { StreamName: STREAM, PlaybackMode: "ON_DEMAND" as const, ContainerFormat, HLSFragmentSelector };
  const session = await withArchive(server, (client) => hlsSession(client, { ...input, Expires: 43_200 }));
  const connection = new KeptConnection(server.url);
  const lists: string[][] = [];
  for (const playlist of await mediaPlaylists(connection, session)) {
    lists.push(targetsIn(await textOf(connection, playlist), playlist));
  }
  connection.close();
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}

/** MB/s of all answers. */
async function fetchAll(url: string, targets: readonly string[]): Promise<number> {
  const left = [...targets].reverse();
  let bytes = 0;
  const fetchSome = async (connection: KeptConnection): Promise<void> => {
    for (let target = left.pop(); target !== undefined; target = left.pop()) {
      const answer = await connection.get(target);
      if (answer.status !== 200) throw new Error(`${target} was answered with ${answer.status}`);
      bytes += answer.bytes;
    }
  };
  const connections = Array.from({ length: AT_ONCE }, () => new KeptConnection(url));
  const begun = performance.now();
  await Promise.all(connections.map(fetchSome));
  const ms = performance.now() - begun;
  for (const connection of connections) connection.close();
  return bytes / 1000 / ms;
}

/** MB/s of a whole ffmpeg, start included, by the sizes of the segments that it writes. */
async function ffmpeg(source: string, folder: string, flags: readonly string[]): Promise<number> {
  const target = await mkdtemp(join(folder, "hls-"));
  const list = ["-hls_time", SEGMENT_SECONDS, "-hls_playlist_type", "vod", ...flags];
  const begun = performance.now();
  await run("ffmpeg", ["-v", "error", "-i", source, "-map", "0", "-c", "copy", "-f", "hls", ...list, "index.m3u8"], {
    cwd: target,
  });
  const ms = performance.now() - begun;
  let bytes = 0;
  for (const name of await readdir(target)) bytes += name.endsWith(".m3u8") ? 0 : (await stat(join(target, name))).size;
  await rm(target, { recursive: true });
  return bytes / 1000 / ms;
}

async function measure(server: TestServer, source: string, folder: string): Promise<BenchRow[]> {
  const size = Math.round((await stat(source)).size / 1e6);
  const rows: BenchRow[] = [];
  for (const { name, format, flags } of CONTAINERS) {
    const targets = await segmentsOf(server, format);
    // The first time compiles the code.
    await fetchAll(server.url, targets);
    const turns = await inTurn(
      TURNS,
      () => fetchAll(server.url, targets),
      () => ffmpeg(source, folder, flags),
    );
    rows.push(compared(`HLS segments of ${size} MB in ${name} beside ffmpeg -f hls`, "MB/s", turns, atLeastTimes(2)));
  }
  return rows;
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "kvass-segments-"));
  const server = await startServer();
  try {
    const source = await makeCameraFile(folder);
    const flags = ["--create", "--start-timestamp", String(START), "--data", server.data];
    const { status, stderr } = await kvass(["put", STREAM, source, ...flags]);
    if (status !== 0) throw new Error(stderr);
    return await measure(server, source, folder);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
