import assert from "node:assert/strict";
import { test } from "node:test";
import type { MultivariantPlaylist } from "./model.ts";
import { multivariantPlaylist } from "./multivariant-playlist.ts";

const variant = {
  uri: "getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=1",
  bandwidth: 2_583_047,
  codecs: ["avc1.42c032", "mp4a.40.2"],
};
const sound = { groupId: "audio", name: "audio", uri: "getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=2" };

test("video with its sound apart", () => {
  const text = multivariantPlaylist({
    renditions: [sound],
    variants: [
      { ...variant, resolution: { width: 2592, height: 1944 }, frameRate: 15.0099, audioGroup: sound.groupId },
    ],
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:1
#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=2",GROUP-ID="audio",DEFAULT=NO,NAME="audio"
#EXT-X-STREAM-INF:CODECS="avc1.42c032,mp4a.40.2",RESOLUTION=2592x1944,FRAME-RATE=15.01,BANDWIDTH=2583047,AUDIO="audio"
getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=1
`,
  );
});

test("several languages, and every attribute", () => {
  const text = multivariantPlaylist({
    independentSegments: true,
    renditions: [
      { ...sound, name: 'the "main"\none', language: "en", isDefault: true, channels: 6 },
      { ...sound, uri: undefined, name: "Kommentar", language: "de" },
    ],
    variants: [
      {
        ...variant,
        averageBandwidth: 2_000_000,
        frameRate: 25,
        videoRange: "PQ",
        audioGroup: sound.groupId,
      },
    ],
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:1
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=2",GROUP-ID="audio",DEFAULT=YES,NAME="the 'main' one",LANGUAGE="en",CHANNELS="6"
#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,GROUP-ID="audio",DEFAULT=NO,NAME="Kommentar",LANGUAGE="de"
#EXT-X-STREAM-INF:CODECS="avc1.42c032,mp4a.40.2",FRAME-RATE=25,VIDEO-RANGE=PQ,BANDWIDTH=2583047,AVERAGE-BANDWIDTH=2000000,AUDIO="audio"
getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=1
`,
  );
});

const contradictions: readonly (readonly [why: string, playlist: MultivariantPlaylist])[] = [
  ["no variant", { variants: [] }],
  ["a variant without URI", { variants: [{ ...variant, uri: "" }] }],
  ["a line break in a URI", { variants: [{ ...variant, uri: "a\nb" }] }],
  ["a bandwidth with a fraction", { variants: [{ ...variant, bandwidth: 1.5 }] }],
  ["a frame rate of zero", { variants: [{ ...variant, frameRate: 0 }] }],
  ["a quote in a codec", { variants: [{ ...variant, codecs: ['a"'] }] }],
  ["a group without rendition", { variants: [{ ...variant, audioGroup: "audio" }] }],
  ["two renditions of one name", { renditions: [sound, sound], variants: [variant] }],
  [
    "two defaults",
    {
      renditions: [
        { ...sound, isDefault: true },
        { ...sound, name: "b", isDefault: true },
      ],
      variants: [variant],
    },
  ],
];
for (const [why, playlist] of contradictions) {
  test(`${why} is refused`, () => {
    assert.throws(() => multivariantPlaylist(playlist), RangeError);
  });
}
