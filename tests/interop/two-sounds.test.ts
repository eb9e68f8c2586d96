/** Streams with two sounds: each plays as it was sent, beside the picture or without one, in each protocol and container. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ControlPlane } from "../conformance/support/control-plane.ts";
import { mediaPlaylistOf, Player, readable, statusAt, textAt, urisIn } from "../conformance/support/playback.ts";
import { decodeComplaints, makeMedia, pictureAndTone, putMedia } from "../support/media.ts";

const run = promisify(execFile);
const plane = await ControlPlane.start();
const player = new Player(plane.server);
const START = Date.UTC(2026, 4, 17, 13, 48, 35);
const SECONDS = 4;
const RATE = 48_000;
/** Hertz of the two. */
const PITCHES = [440, 880];
/** Codecs begin and end softly. */
const TOLERANCE = 0.05;
const TimestampRange = { StartTimestamp: new Date(START - 1000), EndTimestamp: new Date(START + 60_000) };
const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;

const tones = PITCHES.flatMap((pitch) => [
  ...["-f", "lavfi", "-i", `sine=frequency=${pitch}:sample_rate=${RATE}:duration=${SECONDS}`],
]);
const LANGUAGES = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"];
const MEDIA: Record<string, string[]> = {
  picture: [...tones, ...pictureAndTone(SECONDS, { tone: false }), ...["-map", "2", "-map", "0", "-map", "1"]],
  none: [...tones, ...["-map", "0", "-map", "1", "-cluster_time_limit", "1000"]],
};

before(async () => {
  for (const [stream, args] of Object.entries(MEDIA)) {
    await plane.create(stream, { DataRetentionInHours: 24 });
    await putMedia(plane.server.url, stream, await makeMedia([...args, "-c:a", "aac", ...LANGUAGES]), START);
  }
});

const SESSIONS: Record<string, (StreamName: string) => Promise<string>> = {
  "HLS with fragmented MP4": (StreamName) =>
    player.hls({ StreamName, PlaybackMode: "ON_DEMAND", HLSFragmentSelector: selector }),
  "HLS with MPEG-TS": (StreamName) =>
    player.hls({ StreamName, PlaybackMode: "ON_DEMAND", ContainerFormat: "MPEG_TS", HLSFragmentSelector: selector }),
  DASH: (StreamName) => player.dash({ StreamName, PlaybackMode: "ON_DEMAND", DASHFragmentSelector: selector }),
};

/** Hertz of each sound that FFmpeg finds at a URL, which crosses zero twice in each period. */
async function pitchesAt(url: string, sounds: number): Promise<number[]> {
  const pitches: number[] = [];
  for (let place = 0; place < sounds; place++) {
    const output = ["-map", `0:a:${place}`, "-f", "s16le", "-ac", "1", "-"];
    const { stdout } = await run("ffmpeg", ["-v", "error", "-i", url, ...output], {
      encoding: "buffer",
      maxBuffer: 2 ** 24,
    });
    const samples = new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
    let crossings = 0;
    for (let i = 1; i < samples.length; i++) if (samples[i]! >= 0 !== samples[i - 1]! >= 0) crossings++;
    pitches.push((crossings * RATE) / (2 * samples.length));
  }
  return pitches;
}

for (const stream of Object.keys(MEDIA)) {
  describe(`two sounds beside ${stream}`, () => {
    for (const [kind, session] of Object.entries(SESSIONS)) {
      test(kind, async () => {
        const address = await session(stream);
        assert.equal(await decodeComplaints(address), "");
        // FFmpeg orders them as it comes to them, and finds the first one twice where it is a variant and a rendition.
        const isTwice = stream === "none" && kind !== "DASH";
        const pitches = await pitchesAt(address, isTwice ? 3 : 2);
        for (const pitch of PITCHES) {
          const found = pitches.some((each) => Math.abs(each / pitch - 1) < TOLERANCE);
          assert.ok(found, `${pitch} Hz are not among ${pitches}`);
        }
      });
    }
  });
}

/** The lines of renditions, variants and their playlists. */
async function renditions(address: string): Promise<string[]> {
  const lines = readable(await textAt(address), [])
    .split("\n")
    .slice(2, -1);
  return lines.map((line) => line.replace(/BANDWIDTH=\d+/g, "BANDWIDTH=BITS").replace("SessionToken=TOKEN&", ""));
}

test("further sounds of MPEG-TS have playlists of their own, and the first is in the variant", async () => {
  const address = await SESSIONS["HLS with MPEG-TS"]!("picture");
  assert.deepEqual(await renditions(address), [
    "#EXT-X-INDEPENDENT-SEGMENTS",
    '#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,GROUP-ID="audio",DEFAULT=YES,NAME="audio 2",LANGUAGE="en",CHANNELS="1"',
    '#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?TrackNumber=3",GROUP-ID="audio",DEFAULT=NO,NAME="audio 3",LANGUAGE="de",CHANNELS="1"',
    '#EXT-X-STREAM-INF:CODECS="avc1.42c00c,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=25,BANDWIDTH=BITS,AVERAGE-BANDWIDTH=BITS,AUDIO="audio"',
    "getHLSMediaPlaylist.m3u8?TrackNumber=1",
  ]);
  const [segment] = urisIn(await textAt(mediaPlaylistOf(address, 3)), address);
  assert.match(segment!, /getTSFragment\.ts\?.*&TrackNumber=3$/);
  assert.equal(await statusAt(segment!.replace("TrackNumber=3", "TrackNumber=4")), 404);
  assert.equal(await statusAt(mediaPlaylistOf(address, 4)), 404);
});

test("of sounds alone the first is the variant and a rendition, and all can be chosen", async () => {
  for (const kind of ["HLS with fragmented MP4", "HLS with MPEG-TS"]) {
    assert.deepEqual((await renditions(await SESSIONS[kind]!("none"))).slice(-4), [
      '#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?TrackNumber=1",GROUP-ID="audio",DEFAULT=YES,NAME="audio 1",LANGUAGE="en",CHANNELS="1"',
      '#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?TrackNumber=2",GROUP-ID="audio",DEFAULT=NO,NAME="audio 2",LANGUAGE="de",CHANNELS="1"',
      '#EXT-X-STREAM-INF:CODECS="mp4a.40.2",BANDWIDTH=BITS,AVERAGE-BANDWIDTH=BITS,AUDIO="audio"',
      "getHLSMediaPlaylist.m3u8?TrackNumber=1",
    ]);
  }
});
