/**
 * From a frame's way into PutMedia to the moment at which a player that waits for it has the part of low-latency HLS that it is in, and to the
 * moment at which hls.js shows it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { Stage } from "../tests/interop/players/stage.ts";
import { CODED, codedVideo } from "../tests/support/coded-video.ts";
import { makeMedia, pictureAndTone } from "../tests/support/media.ts";
import { RealTimeProducer } from "../tests/support/real-time.ts";
import { type BenchRow, percentile } from "./row.ts";
import { alone, atMost } from "./support/goals.ts";
import { startServer } from "./support/server.ts";
import { createStreams } from "./support/streams.ts";

const STREAM = "llhls";
const SECONDS = 30;
/** The session begins with the first fragment, so that its times are those of the media. */
const FIRST_MS = 1500;
/** Milliseconds of a part at 25 frames a second, and what may be added to them. */
const PART_MS = 440;
const MARGIN_MS = 100;
/** The stream that is watched in a browser, and how long it has been sent when that begins. */
const WATCHED = "watched";
const WATCHED_FROM_MS = 6000;
/** How long the player has to catch up with its own start, and for how long and how often it is looked at from then on. */
const CATCHES_UP_MS = 10_000;
const LOOKED_AT_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** As the playback page sets it. */
const PLAYER = { maxLiveSyncPlaybackRate: 1.25, liveSyncOnStallIncrease: 0.25 };
const BEHIND_S = 2;
const TICKS_PER_MS = 90;
const TFDT_TIME_OFFSET = 8;

type Server = Awaited<ReturnType<typeof startServer>>;

/** The Multivariant Playlist of a low-latency session. */
async function sessionOf(server: Server, stream: string): Promise<URL> {
  const client = new KinesisVideoArchivedMediaClient(server.client);
  const { HLSStreamingSessionURL } = await client.send(
    new GetHLSStreamingSessionURLCommand({
      StreamName: stream,
      HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP" },
    }),
  );
  client.destroy();
  const session = new URL(HLSStreamingSessionURL!);
  session.searchParams.set("LowLatency", "1");
  return session;
}

async function playlistOf(server: Server): Promise<URL> {
  const session = await sessionOf(server, STREAM);
  const playlist = new URL(session.href.replace("getHLSMasterPlaylist", "getHLSMediaPlaylist"));
  playlist.searchParams.set("TrackNumber", "1");
  return playlist;
}

/** Follows the parts that playlists hint at; tells the media time of each one's first frame, in ms, when it has come whole. */
async function follow(playlist: URL, arrived: (firstMs: number) => void, ended: () => boolean): Promise<void> {
  let text = await (await fetch(playlist)).text();
  while (!ended()) {
    const hint = /PRELOAD-HINT:TYPE=PART,URI="([^"]*SequenceNumber=(\d+)&Part=(\d+)[^"]*)"/.exec(text);
    if (hint === null) throw new Error(`no hint in ${text}`);
    const reload = new URL(playlist);
    reload.searchParams.set("_HLS_msn", hint[2]!);
    reload.searchParams.set("_HLS_part", hint[3]!);
    const [reloaded, part] = await Promise.all([fetch(reload), fetch(new URL(hint[1]!, playlist))]);
    const bytes = Buffer.from(await part.arrayBuffer());
    text = await reloaded.text();
    if (ended()) return;
    if (part.status !== 200 || reloaded.status !== 200) throw new Error(`${part.status}, ${reloaded.status}: ${text}`);
    const ticks = bytes.readBigUInt64BE(bytes.indexOf("tfdt") + TFDT_TIME_OFFSET);
    arrived(Math.round(Number(ticks) / TICKS_PER_MS));
  }
}

async function partLatency(server: Server): Promise<BenchRow> {
  const media = await makeMedia(pictureAndTone(SECONDS, { tone: false }));
  const producer = new RealTimeProducer(server.url, STREAM, media);
  const sentAt = new Map<number, number>();
  const send = (until: number): Promise<void> =>
    producer.sendUntil(until, ({ time }) => void sentAt.set(time, performance.now()));
  await send(FIRST_MS);
  const playlist = await playlistOf(server);
  const latencies: number[] = [];
  let over = false;
  const arrived = (firstMs: number): void => void latencies.push(performance.now() - sentAt.get(firstMs)!);
  const following = follow(playlist, arrived, () => over);
  await send(Number.POSITIVE_INFINITY);
  over = true;
  await producer.end();
  await following;
  const name = "LL-HLS: the first frame of a part in to the part fetched, p99, 25 fps, parts of 440 ms";
  return alone(name, "ms", percentile(latencies, 0.99), atMost(PART_MS + MARGIN_MS, "ms"));
}

/** How long ago the picture was sent that hls.js shows, in seconds, again and again while it plays. */
async function distances(session: URL, start: number): Promise<number[]> {
  const stage = await Stage.open();
  try {
    const screen = await stage.play("hls.js", async () => session.href, PLAYER);
    await sleep(CATCHES_UP_MS);
    const found: number[] = [];
    for (let looked = 0; looked < LOOKED_AT_MS; looked += LOOK_EVERY_MS) {
      const { frames, errors } = await screen.observed();
      const shown = frames.at(-1);
      if (shown === undefined || errors.length > 0) throw new Error(`nothing is shown: ${errors.join("; ")}`);
      found.push((Date.now() - start) / 1000 - shown.number / CODED.rate);
      await sleep(LOOK_EVERY_MS);
    }
    return found;
  } finally {
    await stage.close();
  }
}

async function playheadDistance(server: Server): Promise<BenchRow> {
  const media = await makeMedia(codedVideo((WATCHED_FROM_MS + CATCHES_UP_MS + 3 * LOOKED_AT_MS) / 1000));
  const producer = new RealTimeProducer(server.url, WATCHED, media);
  await producer.sendUntil(WATCHED_FROM_MS);
  const sending = producer.sendUntil(Number.POSITIVE_INFINITY);
  const found = await distances(await sessionOf(server, WATCHED), producer.start);
  producer.socket.destroy();
  await sending;
  const name = "LL-HLS: hls.js in Chromium behind the clock in the picture, p99 of 10 s, 10 s after its start";
  return alone(name, "s", percentile(found, 0.99), atMost(BEHIND_S, "s"));
}

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await startServer();
  try {
    await createStreams(server.url, [STREAM, WATCHED]);
    return [await partLatency(server), await playheadDistance(server)];
  } finally {
    await server.stop();
  }
}
