/** What playlists and manifests of sessions that move on say, whole; those on demand are in `playback-hls.test.ts` and `playback-dash.test.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLUSTER_PER_GOP, makeMedia, putMedia } from "../support/media.ts";
import { ControlPlane } from "./support/control-plane.ts";
import { mediaPlaylistOf, Player, readable, textAt } from "./support/playback.ts";

const plane = await ControlPlane.start();
const player = new Player(plane.server);
const START = Date.UTC(2026, 4, 17, 13, 48, 35, 994);
/** Four fragments that last so long that a replay shows no further one while a slow machine looks at its beginning. */
const media = await makeMedia([
  ...["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=5:duration=80"],
  ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=80"],
  ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "100", "-keyint_min", "100"],
  ...["-sc_threshold", "0", "-c:a", "aac", ...CLUSTER_PER_GOP],
]);
const SENT = { StreamName: "sent" } as const;
await plane.create(SENT.StreamName, { DataRetentionInHours: 24 });
const numbers = await putMedia(plane.server.url, SENT.StreamName, media, START);
const selector = {
  FragmentSelectorType: "PRODUCER_TIMESTAMP",
  TimestampRange: { StartTimestamp: new Date(START), EndTimestamp: new Date(START + 100_000) },
} as const;

/** A text whose measured and passing values are words. */
const steady = (text: string): string =>
  readable(text, numbers)
    .replace(/bandwidth="\d+"/g, 'bandwidth="BITS"')
    .replace(/BANDWIDTH=\d+/g, "BANDWIDTH=BITS")
    .replace(/(availabilityStartTime|publishTime|value)="\d{4}-[^"]*Z"/g, '$1="TIME"');

const uri = (fragment: number): string =>
  `getMP4MediaFragment.mp4?FragmentNumber=F${fragment}&SessionToken=TOKEN&TrackNumber=1\n`;

/** Both tracks of a manifest that moves on, from one fragment's set-up. */
function manifestOf(shown: { setUp: number; delay: string; segments: readonly string[] }): string {
  const timeline = shown.segments.map((segment) => `          <S ${segment}/>\n`).join("");
  const track = (number: number): string => {
    const query = `SessionToken=TOKEN&amp;TrackNumber=${number}`;
    return `      <SegmentTemplate timescale="1000" initialization="getMP4InitFragment.mp4?FragmentNumber=F${shown.setUp}&amp;${query}&amp;SequenceNumber=0" media="getMP4MediaFragment.mp4?SequenceNumber=$Number$&amp;${query}" startNumber="1" presentationTimeOffset="0">
        <SegmentTimeline>
${timeline}        </SegmentTimeline>
      </SegmentTemplate>`;
  };
  return `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="TIME" publishTime="TIME" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="${shown.delay}" suggestedPresentationDelay="${shown.delay}" maxSegmentDuration="PT20.021S" minBufferTime="PT2S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
${track(1)}
      <Representation id="1" codecs="avc1.42c00b" bandwidth="BITS" width="320" height="180" frameRate="5"/>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
      <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="1"/>
${track(2)}
      <Representation id="2" codecs="mp4a.40.2" bandwidth="BITS" audioSamplingRate="48000"/>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="TIME"/>
</MPD>
`;
}

test("LIVE_REPLAY by HLS: picture and sound apart, and the first three fragments", async () => {
  const replay = await player.hls({ ...SENT, PlaybackMode: "LIVE_REPLAY", HLSFragmentSelector: selector });
  assert.equal(
    steady(await textAt(replay)),
    `#EXTM3U
#EXT-X-VERSION:1
#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?SessionToken=TOKEN&TrackNumber=2",GROUP-ID="audio",DEFAULT=YES,NAME="audio",CHANNELS="1"
#EXT-X-STREAM-INF:CODECS="avc1.42c00b,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=5,BANDWIDTH=BITS,AVERAGE-BANDWIDTH=BITS,AUDIO="audio"
getHLSMediaPlaylist.m3u8?SessionToken=TOKEN&TrackNumber=1
`,
  );
  assert.equal(
    steady(await textAt(mediaPlaylistOf(replay))),
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:21
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="getMP4InitFragment.mp4?FragmentNumber=F0&SessionToken=TOKEN&TrackNumber=1&SequenceNumber=0"
#EXTINF:20.021,
${uri(0)}#EXTINF:20.000,
${uri(1)}#EXTINF:20.000,
${uri(2)}`,
  );
});

test("LIVE by HLS: the newest fragments, by server time with a discontinuity at each", async () => {
  const live = await player.hls({ ...SENT, MaxMediaPlaylistFragmentResults: 2 });
  assert.equal(
    steady(await textAt(mediaPlaylistOf(live))),
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:21
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="getMP4InitFragment.mp4?FragmentNumber=F2&SessionToken=TOKEN&TrackNumber=1&SequenceNumber=0"
#EXTINF:20.021,
${uri(2)}#EXT-X-DISCONTINUITY
#EXTINF:20.000,
${uri(3)}#EXT-X-DISCONTINUITY
`,
  );
});

test("LIVE_REPLAY by DASH", async () => {
  const replay = await player.dash({ ...SENT, PlaybackMode: "LIVE_REPLAY", DASHFragmentSelector: selector });
  const segments = ['t="0" d="20010"', 't="20010" d="19990"', 't="40000" d="20000"'];
  assert.equal(steady(await textAt(replay)), manifestOf({ setUp: 0, delay: "PT63S", segments }));
});

test("LIVE by DASH", async () => {
  const live = await player.dash({ ...SENT, MaxManifestFragmentResults: 2 });
  const segments = ['t="0" d="20010"', 't="20010" d="20000"'];
  assert.equal(steady(await textAt(live)), manifestOf({ setUp: 2, delay: "PT60.063S", segments }));
});
