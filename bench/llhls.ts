/** From a frame's way into PutMedia to the moment at which a player that waits for it has the part of low-latency HLS that it is in. */
import {
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
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
const TICKS_PER_MS = 90;
const TFDT_TIME_OFFSET = 8;

/** The Media Playlist of a low-latency session. */
async function playlistOf(server: Awaited<ReturnType<typeof startServer>>): Promise<URL> {
  const client = new KinesisVideoArchivedMediaClient(server.client);
  const { HLSStreamingSessionURL } = await client.send(
    new GetHLSStreamingSessionURLCommand({
      StreamName: STREAM,
      HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP" },
    }),
  );
  client.destroy();
  const playlist = new URL(HLSStreamingSessionURL!.replace("getHLSMasterPlaylist", "getHLSMediaPlaylist"));
  playlist.searchParams.set("TrackNumber", "1");
  playlist.searchParams.set("LowLatency", "1");
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

/** See the table in RESULTS.md. */
export async function bench(): Promise<BenchRow[]> {
  const server = await startServer();
  try {
    await createStreams(server.url, [STREAM]);
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
    return [alone(name, "ms", percentile(latencies, 0.99), atMost(PART_MS + MARGIN_MS, "ms"))];
  } finally {
    await server.stop();
  }
}
