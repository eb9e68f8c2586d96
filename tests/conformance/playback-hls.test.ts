/** HLS sessions through the official client and plain HTTP against the real process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UpdateDataRetentionCommand } from "@aws-sdk/client-kinesis-video";
import type { GetHLSStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { makeMedia, pictureAndTone, putMedia } from "../support/media.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";
import { mediaPlaylistOf, Player, readable, statusAt, textAt, textOnce, urisIn } from "./support/playback.ts";

const plane = await ControlPlane.start();
const { url } = plane.server;
const player = new Player(plane.server);
const SECONDS = 4;
const media = await makeMedia(pictureAndTone(SECONDS, { tone: false }));
const START = Date.UTC(2026, 4, 17, 13, 48, 35, 994);

await plane.create("recorded", { DataRetentionInHours: 24 });
const numbers = await putMedia(url, "recorded", media, START);

const producerRange = (from: number, to: number): GetHLSStreamingSessionURLInput => ({
  StreamName: "recorded",
  PlaybackMode: "ON_DEMAND",
  HLSFragmentSelector: {
    FragmentSelectorType: "PRODUCER_TIMESTAMP",
    TimestampRange: { StartTimestamp: new Date(from), EndTimestamp: new Date(to) },
  },
});
const everything = producerRange(START, START + 60_000);

test("an ON_DEMAND playlist has the whole range, its clock and its end", async () => {
  const multivariant = await player.hls({ ...everything, DisplayFragmentTimestamp: "ALWAYS" });
  assert.ok(multivariant.startsWith(`${url}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=`));
  assert.match(
    readable(await textAt(multivariant), numbers),
    /^#EXTM3U\n#EXT-X-VERSION:1\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:CODECS="avc1\.42c00c",RESOLUTION=320x180,FRAME-RATE=25,BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+\ngetHLSMediaPlaylist\.m3u8\?SessionToken=TOKEN&TrackNumber=1\n$/,
  );
  assert.equal(
    readable(await textAt(mediaPlaylistOf(multivariant)), numbers),
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="getMP4InitFragment.mp4?FragmentNumber=F0&SessionToken=TOKEN&TrackNumber=1&SequenceNumber=0"
#EXT-X-PROGRAM-DATE-TIME:2026-05-17T13:48:35.994Z
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F0&SessionToken=TOKEN&TrackNumber=1
#EXT-X-PROGRAM-DATE-TIME:2026-05-17T13:48:36.994Z
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F1&SessionToken=TOKEN&TrackNumber=1
#EXT-X-PROGRAM-DATE-TIME:2026-05-17T13:48:37.994Z
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F2&SessionToken=TOKEN&TrackNumber=1
#EXT-X-PROGRAM-DATE-TIME:2026-05-17T13:48:38.994Z
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=F3&SessionToken=TOKEN&TrackNumber=1
#EXT-X-ENDLIST
`,
  );
});

/** Where the Media Playlist of a session's first track is when it is longer than AWS makes any. */
function inFolder(multivariant: string): string {
  const token = new URL(multivariant).searchParams.get("SessionToken")!;
  return new URL(`${token}/getHLSMediaPlaylist.m3u8?TrackNumber=1`, multivariant).href;
}

test("sessions of a range have the same playlist in the folder of each one's token, and no other", async () => {
  const sessions = [await player.hls(everything), await player.hls(everything)];
  const playlists = sessions.map(inFolder);
  assert.notEqual(playlists[0], playlists[1]);
  const [first, second] = await Promise.all(playlists.map((playlist) => fetch(playlist)));
  const text = await first!.text();
  assert.equal(await second!.text(), text);
  assert.equal(second!.headers.get("etag"), first!.headers.get("etag"));
  assert.doesNotMatch(text, /Token/);
  for (const playlist of playlists) {
    const uris = urisIn(text, playlist);
    assert.equal(uris.length, 5);
    for (const uri of uris) assert.equal(await statusAt(uri), 200);
  }
  const withDates = await player.hls({ ...everything, DisplayFragmentTimestamp: "ALWAYS" });
  assert.match(await textAt(inFolder(withDates)), /PROGRAM-DATE-TIME/);
  const forged = playlists[0]!.replace(/[A-Za-z0-9_-]+~/, (token) => `${token.slice(0, 20)}AAAA${token.slice(24)}`);
  assert.equal(await statusAt(forged), 403);
});

test("MPEG-TS and DiscontinuityMode ALWAYS show in the playlist", async () => {
  const input = { ...producerRange(START + 1500, START + 60_000), MaxMediaPlaylistFragmentResults: 1 };
  const multivariant = await player.hls({ ...input, ContainerFormat: "MPEG_TS", DiscontinuityMode: "ALWAYS" });
  assert.equal(
    readable(await textAt(mediaPlaylistOf(multivariant)), numbers),
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXTINF:1.000,
getTSFragment.ts?FragmentNumber=F2&SessionToken=TOKEN
#EXT-X-DISCONTINUITY
#EXT-X-ENDLIST
`,
  );
});

test("a LIVE playlist moves on as fragments arrive, and never changes what it has shown", async () => {
  await plane.create("live", { DataRetentionInHours: 24 });
  const before = await putMedia(url, "live", media, Date.now() - 10_000);
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" } as const;
  const session = await player.hls({
    StreamName: "live",
    HLSFragmentSelector: selector,
    MaxMediaPlaylistFragmentResults: 3,
  });
  const playlist = mediaPlaylistOf(session);
  const first = readable(await textAt(playlist), before);
  assert.match(first, /#EXT-X-MEDIA-SEQUENCE:0\n/);
  assert.deepEqual(first.match(/(?<=MediaFragment\.mp4\?FragmentNumber=)F\d/g), ["F1", "F2", "F3"]);
  assert.ok(!first.includes("ENDLIST") && !first.includes("PLAYLIST-TYPE"));
  const after = await putMedia(url, "live", media, Date.now() - 6_000);
  const second = await textOnce(playlist, (text) => text.includes(after.at(-1)!));
  assert.match(second, /#EXT-X-MEDIA-SEQUENCE:4\n/);
  assert.deepEqual(readable(second, [...before, ...after]).match(/(?<=MediaFragment\.mp4\?FragmentNumber=)F\d/g), [
    "F5",
    "F6",
    "F7",
  ]);
  // What the window has left is still there for players that are behind.
  for (const uri of urisIn(await textAt(playlist), playlist)) assert.equal(await statusAt(uri), 200);
});

test("segments go to caches: ETag, Range, HEAD, CORS, immutable", async () => {
  const multivariant = await player.hls(everything);
  const playlist = mediaPlaylistOf(multivariant);
  const segment = urisIn(await textAt(playlist), playlist).at(-1)!;
  const whole = await fetch(segment);
  const bytes = Buffer.from(await whole.arrayBuffer());
  assert.equal(whole.headers.get("content-type"), "video/mp4");
  assert.match(whole.headers.get("cache-control")!, /^public, max-age=(29\d|300), immutable$/);
  assert.equal(whole.headers.get("access-control-allow-origin"), "*");
  assert.equal(Number(whole.headers.get("content-length")), bytes.length);
  const etag = whole.headers.get("etag")!;
  const part = await fetch(segment, { headers: { Range: "bytes=100-199" } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("content-range"), `bytes 100-199/${bytes.length}`);
  const exposed = part.headers.get("access-control-expose-headers")!.split(", ");
  for (const name of ["Content-Range", "Content-Length", "Accept-Ranges", "ETag", "Date"]) {
    assert.ok(part.headers.has(name) && exposed.includes(name), name);
  }
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
  const tail = await fetch(segment, { headers: { Range: "bytes=-10", "If-Range": etag } });
  assert.deepEqual(Buffer.from(await tail.arrayBuffer()), bytes.subarray(-10));
  assert.equal(await statusAt(segment, { headers: { Range: "bytes=0-9", "If-Range": '"other"' } }), 200);
  const beyond = await fetch(segment, { headers: { Range: `bytes=${bytes.length}-` } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get("content-range"), `bytes */${bytes.length}`);
  assert.equal(await statusAt(segment, { headers: { "If-None-Match": etag } }), 304);
  const head = await fetch(segment, { method: "HEAD" });
  assert.equal(Number(head.headers.get("content-length")), bytes.length);
  // Of HEAD, Range means nothing (RFC 9110, section 14.2).
  const headOfPart = await fetch(segment, { method: "HEAD", headers: { Range: "bytes=0-9" } });
  assert.deepEqual([headOfPart.status, headOfPart.headers.get("content-length")], [200, `${bytes.length}`]);
  assert.equal(await statusAt(segment, { method: "POST" }), 405);
  assert.equal(await statusAt(segment, { method: "OPTIONS" }), 200);
});

test("playlists are compressed for those who take that", async () => {
  const playlist = mediaPlaylistOf(await player.hls(everything));
  const plain = await fetch(playlist, { headers: { "Accept-Encoding": "identity" } });
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(plain.headers.get("vary"), "Accept-Encoding");
  const zipped = await fetch(playlist, { headers: { "Accept-Encoding": "br, gzip;q=0.5" } });
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.notEqual(zipped.headers.get("etag"), plain.headers.get("etag"));
  // fetch has decompressed it already.
  assert.equal(await zipped.text(), await plain.text());
});

test("a token opens its own session and nothing else", async () => {
  const multivariant = await player.hls(producerRange(START + 1000, START + 2500));
  const playlist = mediaPlaylistOf(multivariant);
  const text = await textAt(playlist);
  assert.deepEqual(readable(text, numbers).match(/(?<=MediaFragment\.mp4\?FragmentNumber=)F\d/g), ["F1", "F2"]);
  const [segment] = urisIn(text, playlist).filter((uri) => uri.includes("MediaFragment"));
  const says = async (target: string | URL, status: number, why: RegExp): Promise<void> => {
    const response = await fetch(target);
    assert.equal(response.status, status);
    assert.match(await response.text(), why);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.ok(response.headers.get("x-amzn-errortype"));
  };
  const altered = (name: string, value: string): URL => {
    const target = new URL(segment!);
    target.searchParams.set(name, value);
    return target;
  };
  const token = playlist.searchParams.get("SessionToken")!;
  const forged = (token[20] === "A" ? "B" : "A") + token.slice(21);
  await says(altered("SessionToken", token.slice(0, 20) + forged), 403, /token is not valid/);
  await says(altered("SessionToken", "x".repeat(1000)), 403, /token is not valid/);
  await says(altered("FragmentNumber", numbers[0]!), 403, /outside the session/);
  await says(altered("FragmentNumber", numbers[3]!), 403, /outside the session/);
  await says(altered("FragmentNumber", String(BigInt(numbers[1]!) + 1n)), 404, /does not exist/);
  await says(altered("FragmentNumber", "12"), 404, /does not exist/);
  await says(altered("FragmentNumber", "twelve"), 400, /FragmentNumber/);
  await says(altered("TrackNumber", "2"), 404, /no track 2/);
  await says(altered("TrackNumber", "0"), 400, /TrackNumber/);
  await says(altered("FragmentCount", "9999"), 400, /FragmentCount/);
  await says(`${segment}&TrackNumber=1`, 400, /more than once/);
  await says(`${url}/hls/v1/getHLSMediaPlaylist.m3u8`, 400, /SessionToken/);
  await says(`${url}/hls/v1/other?SessionToken=${token}`, 404, /no resource/);
  await says(`${url}/dash/v1/getMP4MediaFragment.mp4?SessionToken=${token}`, 403, /DASH/);
});

test("a session ends with its stream", async () => {
  await plane.create("doomed", { DataRetentionInHours: 24 });
  await putMedia(url, "doomed", media, START);
  const multivariant = await player.hls({ ...everything, StreamName: "doomed" });
  const playlist = mediaPlaylistOf(multivariant);
  const uris = urisIn(await textAt(playlist), playlist);
  await plane.remove("doomed");
  for (const uri of [multivariant, playlist, uris.at(-1)!]) {
    const response = await fetch(uri);
    assert.equal(response.status, 410);
    assert.match(await response.text(), /stream of the session was deleted/);
  }
  await plane.create("doomed", { DataRetentionInHours: 24 });
  assert.equal(await statusAt(multivariant), 410);
});

test("a range is refused when all of it has expired", async () => {
  const { StreamARN, Version } = await plane.create("expiring", { DataRetentionInHours: 24 });
  await putMedia(url, "expiring", media, START);
  const multivariant = await player.hls({ ...everything, StreamName: "expiring" });
  const playlist = mediaPlaylistOf(multivariant);
  const uris = urisIn(await textAt(playlist), playlist);
  const change = { StreamARN, CurrentVersion: Version, DataRetentionChangeInHours: 24 } as const;
  await plane.client.send(new UpdateDataRetentionCommand({ ...change, Operation: "DECREASE_DATA_RETENTION" }));
  for (const uri of [multivariant, playlist, uris.at(-1)!]) {
    const response = await fetch(uri);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /expired/);
  }
});

const past = new Date(Date.now() - 60_000);
const REFUSED: [what: string, input: Partial<GetHLSStreamingSessionURLInput>, name: string, message: RegExp][] = [
  ["LIVE with a range", { PlaybackMode: "LIVE" }, "InvalidArgumentException", /TimestampRange/],
  ["no selector in ON_DEMAND", { HLSFragmentSelector: undefined }, "InvalidArgumentException", /FragmentSelectorType/],
  [
    "no start in LIVE_REPLAY",
    { PlaybackMode: "LIVE_REPLAY", HLSFragmentSelector: { FragmentSelectorType: "SERVER_TIMESTAMP" } },
    "InvalidArgumentException",
    /StartTimestamp/,
  ],
  [
    "no end in ON_DEMAND",
    { HLSFragmentSelector: { FragmentSelectorType: "SERVER_TIMESTAMP", TimestampRange: { StartTimestamp: past } } },
    "InvalidArgumentException",
    /EndTimestamp/,
  ],
  ["an end before the start", producerRange(START, START - 1), "InvalidArgumentException", /later than/],
  ["an empty range", producerRange(START, START), "InvalidArgumentException", /later than/],
  ["more than a day", producerRange(START, START + 86_400_001), "InvalidArgumentException", /24 hours/],
  [
    "an end by server time in the future",
    {
      HLSFragmentSelector: {
        FragmentSelectorType: "SERVER_TIMESTAMP",
        TimestampRange: { StartTimestamp: past, EndTimestamp: new Date(Date.now() + 60_000) },
      },
    },
    "InvalidArgumentException",
    /past/,
  ],
  ["299 seconds", { Expires: 299 }, "InvalidArgumentException", /expires/],
  ["no fragments there", producerRange(0, 1000), "ResourceNotFoundException", /No fragments found/],
  ["another stream", { StreamName: "nobody" }, "ResourceNotFoundException", /not found/],
];
for (const [what, input, name, message] of REFUSED) {
  test(`refused: ${what}`, () =>
    refused(player.hls({ ...everything, ...input }), name, name.startsWith("Resource") ? 404 : 400, message));
}

test("refused: nothing live, nothing kept", async () => {
  await plane.create("silent", { DataRetentionInHours: 24 });
  await refused(player.hls({ StreamName: "silent" }), "ResourceNotFoundException", 404, /No fragments found/);
  await plane.create("unkept", { DataRetentionInHours: 0 });
  await refused(player.hls({ StreamName: "unkept" }), "NoDataRetentionException", 400);
});

test("refused: G.711 in HLS, by its name", async () => {
  await plane.create("telephone", { DataRetentionInHours: 24 });
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000:duration=1", "-c:a", "pcm_alaw"];
  await putMedia(url, "telephone", await makeMedia(tone), START);
  const call = player.hls({ ...everything, StreamName: "telephone" });
  await refused(call, "UnsupportedStreamMediaTypeException", 400, /pcma/);
});
