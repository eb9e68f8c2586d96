import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AsciiWriter, asciiText } from "./ascii-writer.ts";
import { mediaPlaylist, skippableSegments, targetDurationFor } from "./media-playlist.ts";
import { MediaPlaylistWriter } from "./media-playlist-writer.ts";
import type { MediaPlaylist, PlaylistSegment } from "./model.ts";

const INIT = "getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=0";
const FMP4 = { uriPrefix: "getMP4MediaFragment.mp4?FragmentNumber=", uriSuffix: "&SessionToken=T~&TrackNumber=1" };
const TS = { uriPrefix: "getTSFragment.ts?FragmentNumber=", uriSuffix: "&SessionToken=T~" };

const segments = (count: number, durationMs = 2000): PlaylistSegment[] =>
  Array.from({ length: count }, (_, i) => ({ name: `${i}`, durationMs, map: INIT }));

test("on demand, with clock times and a discontinuity before each fragment and after the last", () => {
  const start = { map: INIT, discontinuity: true };
  const text = mediaPlaylist({
    ...FMP4,
    type: "VOD",
    independentSegments: true,
    endsInDiscontinuity: true,
    ended: true,
    segments: [
      { ...start, name: "91", durationMs: 2663, programDateTimeMs: Date.UTC(2023, 4, 17, 13, 48, 35, 994) },
      { ...start, name: "92", durationMs: 3400.4, programDateTimeMs: Date.UTC(2023, 4, 18) },
    ],
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=0"
#EXT-X-PROGRAM-DATE-TIME:2023-05-17T13:48:35.994Z
#EXTINF:2.663,
getMP4MediaFragment.mp4?FragmentNumber=91&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2023-05-18T00:00:00.000Z
#EXTINF:3.400,
getMP4MediaFragment.mp4?FragmentNumber=92&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-ENDLIST
`,
  );
});

test("a name may be the bytes of its text, which may be overwritten for the next segment", () => {
  const name = new Uint8Array(2);
  const writer = new MediaPlaylistWriter({ ...TS, targetDurationSeconds: 2, hasMaps: false }, new AsciiWriter());
  const texts = ["17", "18", "19"];
  for (const text of texts) {
    name.set([text.charCodeAt(0), text.charCodeAt(1)]);
    writer.segment({ name, durationMs: 2000 });
  }
  assert.throws(() => writer.segment({ name, durationMs: 2500 }), RangeError);
  const written = writer.finish({ ended: true });
  const segments = texts.map((text) => ({ name: text, durationMs: 2000 }));
  assert.equal(asciiText(written), mediaPlaylist({ ...TS, segments, ended: true }));
});

test("live MPEG-TS with a window that has moved", () => {
  const text = mediaPlaylist({
    ...TS,
    mediaSequence: 12,
    discontinuitySequence: 3,
    targetDurationSeconds: 3,
    segments: [
      { name: "91", durationMs: 2000 },
      { name: "92", durationMs: 2000, gap: true },
      { name: "93", durationMs: 45, discontinuity: true },
    ],
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:3
#EXT-X-MEDIA-SEQUENCE:12
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXTINF:2.000,
getTSFragment.ts?FragmentNumber=91&SessionToken=T~
#EXT-X-GAP
#EXTINF:2.000,
getTSFragment.ts?FragmentNumber=92&SessionToken=T~
#EXT-X-DISCONTINUITY
#EXTINF:0.045,
getTSFragment.ts?FragmentNumber=93&SessionToken=T~
`,
  );
});

test("a new map is said once, where it begins to hold", () => {
  const next = INIT.replace("SequenceNumber=0", "SequenceNumber=1");
  const text = mediaPlaylist({
    ...FMP4,
    type: "EVENT",
    segments: [
      { name: "1", durationMs: 1000, map: INIT },
      { name: "2", durationMs: 1000, map: next, discontinuity: true },
      { name: "3", durationMs: 1000, map: next },
    ],
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=0"
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=1&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=1"
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=2&SessionToken=T~&TrackNumber=1
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=3&SessionToken=T~&TrackNumber=1
`,
  );
});

const lowLatencyPlaylist: MediaPlaylist = {
  ...FMP4,
  mediaSequence: 266,
  independentSegments: true,
  targetDurationSeconds: 2,
  canBlockReload: true,
  holdBackMs: 6000,
  canSkipUntilMs: 12_000,
  segments: [
    ...segments(8),
    {
      name: "8",
      durationMs: 1000,
      map: INIT,
      programDateTimeMs: 0,
      parts: [
        { uri: "part.mp4?p=0", durationMs: 500, independent: true },
        { uri: "part.mp4?p=1", durationMs: 499.9, gap: true },
      ],
    },
  ],
  open: { map: INIT, discontinuity: true, parts: [{ uri: "part.mp4?p=2", durationMs: 500, independent: true }] },
  lowLatency: {
    partTargetMs: 500,
    preloadHint: "part.mp4?p=3",
    renditionReports: [{ uri: "audio.m3u8?x", lastMsn: 275, lastPart: 0 }],
  },
};
const lowLatencyHead = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,HOLD-BACK=6.000,CAN-SKIP-UNTIL=12.000
#EXT-X-PART-INF:PART-TARGET=0.500
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-INDEPENDENT-SEGMENTS
`;
const map = `#EXT-X-MAP:URI="${INIT}"\n`;
const plain = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `#EXTINF:2.000,\n${FMP4.uriPrefix}${from + i}${FMP4.uriSuffix}\n`).join(
    "",
  );
const lowLatencyEnd = `#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z
#EXT-X-PART:DURATION=0.500,URI="part.mp4?p=0",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.500,URI="part.mp4?p=1",GAP=YES
#EXTINF:1.000,
getMP4MediaFragment.mp4?FragmentNumber=8&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-PART:DURATION=0.500,URI="part.mp4?p=2",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part.mp4?p=3"
#EXT-X-RENDITION-REPORT:URI="audio.m3u8?x",LAST-MSN=275,LAST-PART=0
`;

test("low latency: parts, hint and report", () => {
  assert.equal(mediaPlaylist(lowLatencyPlaylist), lowLatencyHead + map + plain(0, 8) + lowLatencyEnd);
});

test("a delta update leaves out what lies beyond the skip boundary, and repeats the map", () => {
  assert.equal(
    mediaPlaylist({ ...lowLatencyPlaylist, delta: true }),
    `${lowLatencyHead}#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n${map}${plain(2, 8)}${lowLatencyEnd}`,
  );
});

test("a delta update is the whole playlist where nothing can be skipped", () => {
  const playlist: MediaPlaylist = { ...FMP4, segments: segments(6), canSkipUntilMs: 12_000 };
  assert.equal(mediaPlaylist({ ...playlist, delta: true }), mediaPlaylist(playlist));
  const none: MediaPlaylist = { ...FMP4, segments: segments(600) };
  assert.equal(mediaPlaylist({ ...none, delta: true }), mediaPlaylist(none));
});

test("what is kept lasts at least the skip boundary, and would not without its first segment", () => {
  const durations = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 60 });
  fc.assert(
    fc.property(durations, fc.integer({ min: 0, max: 60_000 }), (list, canSkipUntilMs) => {
      const all = list.map((durationMs, i) => ({ name: `${i}`, durationMs }));
      const skipped = skippableSegments({ segments: all, canSkipUntilMs });
      const keptMs = list.slice(skipped).reduce((sum, ms) => sum + ms, 0);
      if (skipped > 0) assert.ok(keptMs >= canSkipUntilMs);
      if (skipped < list.length) assert.ok(keptMs - list[skipped]! < canSkipUntilMs);
    }),
  );
});

test("durations and the target duration fit each other", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (durations) => {
      const text = mediaPlaylist({ ...TS, segments: durations.map((durationMs) => ({ name: "1", durationMs })) });
      const target = Number(/TARGETDURATION:(\d+)\n/.exec(text)![1]);
      const written = [...text.matchAll(/#EXTINF:(\d+\.\d{3}),\n/g)].map((match) => Number(match[1]));
      assert.equal(written.length, durations.length);
      for (const [i, seconds] of written.entries()) {
        assert.ok(Math.abs(seconds - durations[i]! / 1000) <= 0.000_501);
        assert.ok(Math.round(seconds) <= target);
      }
    }),
  );
  assert.equal(targetDurationFor(0), 1);
  assert.equal(targetDurationFor(2000), 2);
  assert.equal(targetDurationFor(2001), 3);
});

test("clock times are those that Date writes", () => {
  const time = fc.integer({ min: Date.UTC(0, 0, 1), max: Date.UTC(9999, 11, 31) });
  fc.assert(
    fc.property(fc.array(time, { minLength: 1 }), (times) => {
      const text = mediaPlaylist({
        ...TS,
        segments: times.map((programDateTimeMs) => ({ name: "1", durationMs: 1, programDateTimeMs })),
      });
      const written = [...text.matchAll(/#EXT-X-PROGRAM-DATE-TIME:(.*)\n/g)].map((match) => match[1]);
      assert.deepEqual(
        written,
        times.map((ms) => new Date(ms).toISOString()),
      );
    }),
  );
});

test("bytes are those of the text, with more lines than were expected too", () => {
  const maps = Array.from({ length: 100 }, (_, i) => INIT.repeat(1 + (i % 3)));
  const all = maps.map((map, i): PlaylistSegment => ({ name: `${i}`, durationMs: 2000, map, discontinuity: true }));
  const lines = maps.map((map, i) => `#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="${map}"\n${plain(i, i + 1)}`);
  const text = mediaPlaylist({ ...FMP4, segments: all });
  assert.ok(text.endsWith(`#EXT-X-MEDIA-SEQUENCE:0\n${lines.join("")}`));
  const writer = new MediaPlaylistWriter({ ...FMP4, targetDurationSeconds: 2, hasMaps: true }, new AsciiWriter(100));
  for (const segment of all) writer.segment(segment);
  assert.equal(asciiText(writer.finish({})), text);
});

test("a playlist without segments is one still", () => {
  assert.equal(
    mediaPlaylist({ ...TS, segments: [] }),
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n",
  );
});

const one: PlaylistSegment = { name: "1", durationMs: 2000 };
const lowLatency = { partTargetMs: 500 };
const contradictions: readonly (readonly [why: string, playlist: Partial<MediaPlaylist>])[] = [
  ["a negative duration", { segments: [{ ...one, durationMs: -1 }] }],
  ["a duration that is no number", { segments: [{ ...one, durationMs: Number.NaN }] }],
  ["a segment beyond the target duration", { segments: [{ ...one, durationMs: 2500 }], targetDurationSeconds: 2 }],
  ["a target duration with a fraction", { targetDurationSeconds: 2.5 }],
  ["a negative media sequence", { mediaSequence: -1 }],
  ["a discontinuity sequence with a fraction", { discontinuitySequence: 0.5 }],
  ["a line break in a name", { segments: [{ ...one, name: "1\n#EXT-X-ENDLIST" }] }],
  ["a blank in the suffix", { uriSuffix: " " }],
  ["a quote in a map", { segments: [{ ...one, map: 'a"b' }] }],
  ["an empty map", { segments: [{ ...one, map: "" }] }],
  ["a map that ends", { segments: [{ ...one, map: "a" }, one] }],
  ["a clock time out of range", { segments: [{ ...one, programDateTimeMs: Date.UTC(10_000, 0) }] }],
  ["parts without a part target", { segments: [{ ...one, parts: [{ uri: "p", durationMs: 1 }] }] }],
  ["a part beyond the part target", { open: { parts: [{ uri: "p", durationMs: 501 }] }, lowLatency }],
  ["a short hold back", { holdBackMs: 5999 }],
  ["a short part hold back", { lowLatency: { ...lowLatency, partHoldBackMs: 1499 } }],
  ["a near skip boundary", { canSkipUntilMs: 11_999 }],
  ["an open segment after the end", { ended: true, open: {} }],
  ["a hint after the end", { ended: true, lowLatency: { ...lowLatency, preloadHint: "p" } }],
  ["a report of no segment", { lowLatency: { ...lowLatency, renditionReports: [{ uri: "a", lastMsn: -1 }] } }],
];
for (const [why, playlist] of contradictions) {
  test(`${why} is refused`, () => {
    assert.throws(() => mediaPlaylist({ ...TS, segments: [one], ...playlist }), RangeError);
  });
}

test("names as bytes make the same text as names as strings, whatever stands beside them", () => {
  const segment = fc.record({
    name: fc.constantFrom("1", "22", "33", "44"),
    durationMs: fc.constantFrom(2000, 2001, 1500),
    discontinuity: fc.constantFrom(undefined, false, true),
    gap: fc.constantFrom(undefined, undefined, true),
    programDateTimeMs: fc.constantFrom(undefined, undefined, Date.UTC(2026, 0, 1)),
    map: fc.constantFrom("a.mp4", "a.mp4", "b.mp4"),
  });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 30 }), (list) => {
      const playlist = { ...FMP4, targetDurationSeconds: 3, ended: true };
      const asBytes = list.map((each) => ({ ...each, name: Uint8Array.from(Buffer.from(each.name)) }));
      assert.equal(mediaPlaylist({ ...playlist, segments: asBytes }), mediaPlaylist({ ...playlist, segments: list }));
    }),
  );
});
