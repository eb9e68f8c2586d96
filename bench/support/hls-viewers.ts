/**
 * `hls-viewers.ts URL WARM_UP_SECONDS SECONDS`, the path and query of a Media Playlist for each viewer as lines on standard input: live viewers who
 * each read their playlist every second and every new segment once. Prints `begin` when the warm-up is over, and at the end what came since, as JSON.
 */
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, KeptConnection } from "./kept-connection.ts";

const POLL_MS = 1000;

/** What the viewers got. */
export interface Viewed {
  playlists: number;
  segments: number;
  bytes: number;
  /** Milliseconds that the viewer who waited longest for one answer did. */
  slowestMs: number;
}

const nothing = (): Viewed => ({ playlists: 0, segments: 0, bytes: 0, slowestMs: 0 });
let viewed = nothing();

/** One GET that must succeed. */
async function fetched(connection: KeptConnection, target: string, pieces?: Buffer[]): Promise<Answer> {
  const begun = performance.now();
  const answer = await connection.get(target, pieces && ((bytes) => void pieces.push(Buffer.from(bytes))));
  if (answer.status !== 200) throw new Error(`${target} was answered with ${answer.status}`);
  viewed.bytes += answer.bytes;
  viewed.slowestMs = Math.max(viewed.slowestMs, performance.now() - begun);
  return answer;
}

/** Reads the playlist; returns its segments. */
async function readPlaylist(connection: KeptConnection, target: string): Promise<string[]> {
  const pieces: Buffer[] = [];
  await fetched(connection, target, pieces);
  viewed.playlists++;
  const folder = target.slice(0, target.lastIndexOf("/", target.includes("?") ? target.indexOf("?") : undefined) + 1);
  const lines = Buffer.concat(pieces).toString("latin1").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => folder + line);
}

/** @param startMs when to read the playlist first; the viewers are spread over the time between two readings */
async function view(url: string, target: string, startMs: number): Promise<never> {
  await delay(startMs);
  const connection = new KeptConnection(url);
  let seen = new Set((await readPlaylist(connection, target)).slice(0, -1));
  for (let next = performance.now(); ; next += POLL_MS) {
    const segments = await readPlaylist(connection, target);
    for (const segment of segments) {
      if (seen.has(segment)) continue;
      await fetched(connection, segment);
      viewed.segments++;
    }
    seen = new Set(segments);
    await delay(Math.max(0, next + POLL_MS - performance.now()));
  }
}

const [url, warmUp, seconds] = process.argv.slice(2);
const targets = (await text(process.stdin)).trim().split("\n");
const viewers = targets.map((target, index) => view(url!, target, (index * POLL_MS) / targets.length));
const all = Promise.all(viewers);
await Promise.race([delay(Number(warmUp) * 1000), all]);
viewed = nothing();
console.log("begin");
await Promise.race([delay(Number(seconds) * 1000), all]);
console.log(JSON.stringify(viewed));
process.exit(0);
