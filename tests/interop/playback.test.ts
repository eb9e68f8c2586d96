/**
 * What ffmpeg plays of streaming sessions: every frame that was sent, each at its time, without a word of complaint, in each protocol and
 * container.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GetHLSStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { ControlPlane } from "../conformance/support/control-plane.ts";
import { Player, textAt, urisIn } from "../conformance/support/playback.ts";
import {
  decodeComplaints,
  makeMedia,
  type ProbedPacket,
  pictureAndTone,
  probeFile,
  probePackets,
  putMedia,
} from "../support/media.ts";

const plane = await ControlPlane.start();
const { url } = plane.server;
const player = new Player(plane.server);
const START = Date.UTC(2026, 4, 17, 13, 48, 35, 994);
const range = { StartTimestamp: new Date(START), EndTimestamp: new Date(START + 60_000) };
const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: range } as const;

const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"];
const TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=3"];
const LIMIT = ["-cluster_time_limit", "60000", "-cluster_size_limit", "100000000"];
const X265 = "log-level=none:keyint=25:min-keyint=25:scenecut=0:open-gop=0";
const SOURCES: Record<string, string[]> = {
  "H.264 and AAC": pictureAndTone(4),
  "H.264 with reordered frames and AAC": pictureAndTone(4, { reorder: 2 }),
  "H.264 alone": pictureAndTone(3, { tone: false }),
  "H.264 and AAC in clusters of 20 kB": [
    ...pictureAndTone(4, { size: "640x360" }),
    ...["-cluster_size_limit", "20000"],
  ],
  "AAC alone": [...TONE, "-c:a", "aac", "-cluster_time_limit", "1000"],
  "H.265 and AAC": [
    ...PICTURE,
    ...TONE,
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    X265,
    "-c:a",
    "aac",
    ...LIMIT,
  ],
  "H.264 and Opus": [
    ...PICTURE,
    ...TONE,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "25",
    "-c:a",
    "libopus",
    ...LIMIT,
  ],
};

/** What a playlist promises may be so much of what is taken: durations in it are rounded, and short fragments at the end make a peak of their own. */
const BANDWIDTH_FROM = 1;
const BANDWIDTH_TO = 1.5;

type Session = Pick<GetHLSStreamingSessionURLInput, "ContainerFormat" | "DiscontinuityMode"> | "DASH";
const SESSIONS: Record<string, Session> = {
  "HLS fMP4": { ContainerFormat: "FRAGMENTED_MP4" },
  "HLS fMP4 with discontinuities": { ContainerFormat: "FRAGMENTED_MP4", DiscontinuityMode: "ALWAYS" },
  "HLS MPEG-TS": { ContainerFormat: "MPEG_TS" },
  DASH: "DASH",
};

/** MPEG-TS has no mapping for Opus that players of HLS know. */
const isPlayable = (source: string, session: string): boolean => !(source.includes("Opus") && session.includes("TS"));

async function sessionUrl(stream: string, session: Session): Promise<string> {
  const common = { StreamName: stream, PlaybackMode: "ON_DEMAND" } as const;
  if (session === "DASH") return player.dash({ ...common, DASHFragmentSelector: selector });
  return player.hls({ ...common, ...session, HLSFragmentSelector: selector });
}

/** When the frames of picture and sound are presented, in seconds, ascending. */
function timesOf(packets: readonly ProbedPacket[]): number[][] {
  const kinds = ["video", "audio"].map((kind) => packets.filter(({ codec_type }) => codec_type === kind));
  const times = kinds.map((frames) => frames.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b));
  return times.filter(({ length }) => length > 0);
}

/** Times of a stream from the earliest of all streams on, which is 0. */
function fromZero(streams: readonly number[][]): number[][] {
  const first = Math.min(...streams.map((times) => times[0]!));
  return streams.map((times) => times.map((time) => time - first));
}

interface Listed {
  readonly bytes: number;
  readonly seconds: number;
}

/** The segments of a Media Playlist. */
async function segmentsAt(playlist: string): Promise<Listed[]> {
  const lines = [...(await textAt(playlist)).matchAll(/#EXTINF:([\d.]+),\n(.*)/g)];
  return Promise.all(
    lines.map(async ([, seconds, name]) => {
      const response = await fetch(new URL(name!, playlist));
      return { bytes: (await response.arrayBuffer()).byteLength, seconds: Number(seconds) };
    }),
  );
}

/** Bits a second of the media in the worst stretch of about a target duration, as RFC 8216, section 4.1, defines the peak segment bit rate. */
function peakOf(segments: readonly Listed[], target: number): number {
  let peak = 0;
  for (let first = 0; first < segments.length; first++) {
    for (let end = first + 1, bytes = 0, seconds = 0; end <= segments.length; end++) {
      bytes += segments[end - 1]!.bytes;
      seconds += segments[end - 1]!.seconds;
      if (seconds > 1.5 * target) break;
      if (seconds >= 0.5 * target) peak = Math.max(peak, (bytes * 8) / seconds);
    }
  }
  return peak;
}

/** Holds that a Multivariant Playlist promises no less than its segments take, and not much more. */
async function checkBandwidth(address: string): Promise<void> {
  const text = await textAt(address);
  const [, promised] = /[:,]BANDWIDTH=(\d+)/.exec(text)!;
  const playlists = urisIn(text, address);
  const target = Number(/TARGETDURATION:(\d+)/.exec(await textAt(playlists[0]!))![1]);
  const peaks = await Promise.all(playlists.map(async (playlist) => peakOf(await segmentsAt(playlist), target)));
  const peak = peaks.reduce((sum, one) => sum + one, 0);
  assert.ok(Number(promised) >= peak * BANDWIDTH_FROM, `${promised} bits a second are promised, ${peak} taken`);
  assert.ok(Number(promised) <= peak * BANDWIDTH_TO, `${promised} bits a second are promised, ${peak} taken`);
}

for (const [source, args] of Object.entries(SOURCES)) {
  const stream = source.replaceAll(/[^A-Za-z0-9]+/g, "-");
  const sent = makeMedia(args).then(async (media) => {
    await plane.create(stream, { DataRetentionInHours: 24 });
    await putMedia(url, stream, media, START);
    return probeFile(media);
  });
  for (const [name, session] of Object.entries(SESSIONS)) {
    if (!isPlayable(source, name)) continue;
    test(`${source} as ${name}`, async () => {
      const expected = fromZero(timesOf(await sent));
      const address = await sessionUrl(stream, session);
      assert.equal(await decodeComplaints(address), "");
      if (session !== "DASH") await checkBandwidth(address);
      const played = fromZero(timesOf(await probePackets(address)));
      assert.deepEqual(
        played.map(({ length }) => length),
        expected.map(({ length }) => length),
      );
      if (source === "AAC alone" && name.includes("TS")) return; // ffmpeg gives its first two frames one time, of its own files too.
      for (const [index, times] of expected.entries()) {
        for (const [place, time] of times.entries()) {
          assert.ok(
            Math.abs(played[index]![place]! - time) < 0.0025,
            `stream ${index} frame ${place}: ${played[index]![place]} for ${time}`,
          );
        }
      }
    });
  }
}
