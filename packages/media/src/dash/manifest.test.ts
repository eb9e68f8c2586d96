import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attribute, frameRateAttribute } from "./attributes.ts";
import { manifest, manifestInTurns } from "./manifest.ts";
import type {
  AdaptationSet,
  DynamicManifest,
  Manifest,
  Period,
  SegmentTemplate,
  StaticManifest,
  TimelineSegment,
} from "./model.ts";

const template: SegmentTemplate = {
  timescale: 1000,
  initialization: "getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1",
  media: "getMP4MediaFragment.mp4?SequenceNumber=$Number$&SessionToken=T~&TrackNumber=1",
  segments: [
    { time: 0, duration: 2000 },
    { time: 2000, duration: 1960 },
  ],
};
const video: AdaptationSet = {
  id: 1,
  contentType: "video",
  template,
  representations: [{ id: "1", codecs: "avc1.64001f", bandwidth: 2_000_000, width: 1280, height: 720, frameRate: 25 }],
};
const audio: AdaptationSet = {
  id: 2,
  contentType: "audio",
  channels: 2,
  role: "main",
  language: "en",
  template: { ...template, timescale: 48_000 },
  representations: [{ id: "2", codecs: "mp4a.40.2", bandwidth: 128_000, audioSamplingRate: 48_000 }],
};
const period: Period = { id: "0", startMs: 0, adaptationSets: [video] };
const onDemand: StaticManifest = { type: "static", durationMs: 3960, periods: [period] };
const live: DynamicManifest = {
  type: "dynamic",
  availabilityStartTimeMs: Date.UTC(2023, 4, 17),
  publishTimeMs: Date.UTC(2023, 4, 18, 1, 2, 3, 456),
  periods: [period],
};

test("on demand, video and sound", () => {
  assert.equal(
    manifest({ ...onDemand, periods: [{ ...period, adaptationSets: [video, audio] }] }),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT3.96S" minBufferTime="PT2S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="1000" initialization="getMP4InitFragment.mp4?SessionToken=T~&amp;TrackNumber=1" media="getMP4MediaFragment.mp4?SequenceNumber=$Number$&amp;SessionToken=T~&amp;TrackNumber=1" startNumber="1">
        <SegmentTimeline>
          <S t="0" d="2000"/>
          <S t="2000" d="1960"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="1" codecs="avc1.64001f" bandwidth="2000000" width="1280" height="720" frameRate="25"/>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" initialization="getMP4InitFragment.mp4?SessionToken=T~&amp;TrackNumber=1" media="getMP4MediaFragment.mp4?SequenceNumber=$Number$&amp;SessionToken=T~&amp;TrackNumber=1" startNumber="1">
        <SegmentTimeline>
          <S t="0" d="2000"/>
          <S t="2000" d="1960"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="2" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="48000"/>
    </AdaptationSet>
  </Period>
</MPD>
`,
  );
});

test("live, with periods at a discontinuity, the server's time, and what Kinesis Video Streams adds", () => {
  const first = { ...video, template: { ...template, segments: [{ time: 500, duration: 2000 }] } };
  const second = {
    ...video,
    template: {
      ...template,
      media: template.media.replace("$Number$", "$Time$"),
      startNumber: 8,
      presentationTimeOffset: 90_000,
      segments: [
        { time: 90_000, duration: 2000, fragmentNumber: "91343852333181432", fragmentTimestampMs: 1_684_331_315_994 },
      ],
    },
    representations: [
      { id: "v", codecs: "hvc1.1.6.L93.B0", bandwidth: 1, sampleAspect: { numerator: 4, denominator: 3 } },
    ],
  };
  assert.equal(
    manifest({
      ...live,
      minimumUpdatePeriodMs: 1000,
      timeShiftBufferDepthMs: 10_000,
      suggestedPresentationDelayMs: 6500,
      maxSegmentDurationMs: 2000,
      minBufferTimeMs: 1000,
      periods: [
        { id: "0", startMs: 0, durationMs: 2500, adaptationSets: [first] },
        { id: "1", startMs: 3000, adaptationSets: [second] },
      ],
      utcTiming: { scheme: "direct", timeMs: Date.UTC(2023, 4, 18, 1, 2, 3, 456) },
    }),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:kvs="urn:kvass:dash:kinesis-video-streams" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="2023-05-17T00:00:00.000Z" publishTime="2023-05-18T01:02:03.456Z" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT10S" suggestedPresentationDelay="PT6.5S" maxSegmentDuration="PT2S" minBufferTime="PT1S">
  <Period id="0" start="PT0S" duration="PT2.5S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="1000" initialization="getMP4InitFragment.mp4?SessionToken=T~&amp;TrackNumber=1" media="getMP4MediaFragment.mp4?SequenceNumber=$Number$&amp;SessionToken=T~&amp;TrackNumber=1" startNumber="1">
        <SegmentTimeline>
          <S t="500" d="2000"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="1" codecs="avc1.64001f" bandwidth="2000000" width="1280" height="720" frameRate="25"/>
    </AdaptationSet>
  </Period>
  <Period id="1" start="PT3S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="1000" initialization="getMP4InitFragment.mp4?SessionToken=T~&amp;TrackNumber=1" media="getMP4MediaFragment.mp4?SequenceNumber=$Time$&amp;SessionToken=T~&amp;TrackNumber=1" startNumber="8" presentationTimeOffset="90000">
        <SegmentTimeline>
          <S t="90000" d="2000" kvs:ts="1684331315.994" kvs:fn="91343852333181432"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v" codecs="hvc1.1.6.L93.B0" bandwidth="1" sar="4:3"/>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2023-05-18T01:02:03.456Z"/>
</MPD>
`,
  );
});

test("the server's time can be asked for", () => {
  const text = manifest({ ...live, utcTiming: { scheme: "http-iso", uri: "/time?a=1&b=2" } });
  assert.ok(
    text.includes('<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time?a=1&amp;b=2"/>\n</MPD>'),
  );
});

test("attributes can be read back", () => {
  const readBack = (text: string): string =>
    text.replace(/&(amp|lt|gt|quot);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name as string]!);
  const printable = fc.string({ unit: "binary" }).filter((text) => !/[\p{Cc}\ufffe\uffff]/u.test(text));
  fc.assert(
    fc.property(printable, (text) => {
      const [, value] = /^ lang="([^"<>]*)"$/.exec(attribute("lang", text))!;
      assert.equal(readBack(value!), text);
    }),
  );
  for (const text of ["a\nb", "\0", "\ud800", "\uffff"]) assert.throws(() => attribute("lang", text), RangeError);
});

test("frame rates are whole or ratios", () => {
  const rates: [number, string][] = [
    [25, "25"],
    [24.998, "25"],
    [30_000 / 1001, "30000/1001"],
    [59.94, "60000/1001"],
    [12.5, "12500/1000"],
    [0.0001, "1/1000"],
    [0.1, "100/1000"],
  ];
  for (const [rate, text] of rates) assert.equal(frameRateAttribute(rate), ` frameRate="${text}"`);
  assert.equal(frameRateAttribute(undefined), "");
});

const withTemplate = (changes: Partial<SegmentTemplate>): Manifest => ({
  ...onDemand,
  periods: [{ ...period, adaptationSets: [{ ...video, template: { ...template, ...changes } }] }],
});
const withSegments = (...segments: TimelineSegment[]): Manifest => withTemplate({ segments });
const withRepresentation = (changes: object): Manifest => ({
  ...onDemand,
  periods: [
    { ...period, adaptationSets: [{ ...video, representations: [{ ...video.representations[0]!, ...changes }] }] },
  ],
});
const contradictions: readonly (readonly [why: string, data: Manifest])[] = [
  ["no period", { ...onDemand, periods: [] }],
  ["two periods with one id", { ...onDemand, periods: [period, period] }],
  [
    "periods out of order",
    {
      ...onDemand,
      periods: [
        { ...period, startMs: 1 },
        { ...period, id: "1" },
      ],
    },
  ],
  ["no representation", { ...onDemand, periods: [{ ...period, adaptationSets: [{ ...video, representations: [] }] }] }],
  ["a media template without identifier", withTemplate({ media: "a.mp4" })],
  ["a media template with two identifiers", withTemplate({ media: "$Number$-$Time$" })],
  ["a single dollar sign", withTemplate({ media: "$Number$$" })],
  ["an identifier in the initialization", withTemplate({ initialization: "$Number$" })],
  ["a timescale of zero", withTemplate({ timescale: 0 })],
  ["a negative start number", withTemplate({ startNumber: -1 })],
  ["segments that overlap", withSegments({ time: 0, duration: 2 }, { time: 1, duration: 2 })],
  ["a segment of no duration", withSegments({ time: 0, duration: 0 })],
  ["a time with a fraction", withSegments({ time: 0.5, duration: 1 })],
  ["a negative time", withSegments({ time: -1, duration: 1 })],
  ["a fragment number with letters", withSegments({ time: 0, duration: 1, fragmentNumber: "x" })],
  ["a fragment time that is no number", withSegments({ time: 0, duration: 1, fragmentTimestampMs: Number.NaN })],
  ["a bandwidth of zero", withRepresentation({ bandwidth: 0 })],
  ["a frame rate of zero", withRepresentation({ frameRate: 0 })],
  ["a negative duration", { ...onDemand, durationMs: -1 }],
  ["a time beyond all dates", { ...live, publishTimeMs: 9e15 }],
];
for (const [why, data] of contradictions) {
  test(`${why} is refused`, () => {
    assert.throws(() => manifest(data), RangeError);
  });
}

test("a doubled dollar sign stands for one", () => {
  assert.ok(manifest(withTemplate({ media: "a$$b$Number$" })).includes('media="a$$b$Number$"'));
});

test("a long manifest is written in turns, and is the same as one that is not", () => {
  const each = Array.from({ length: 20_000 }, (_, index) => ({ time: index * 2000, duration: 2000 }));
  const long = withSegments(...each);
  const writing = manifestInTurns(long);
  let turns = 0;
  let step = writing.next();
  for (; !step.done; step = writing.next()) turns++;
  assert.equal(turns, 4);
  assert.equal(step.value, manifest(long));
  assert.equal(step.value.match(/<S /g)?.length, each.length);
});
