/** DASH sessions through the official client and plain HTTP against the real process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GetDASHStreamingSessionURLInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { makeMedia, pictureAndTone, putMedia } from "../support/media.ts";
import { ControlPlane, refused } from "./support/control-plane.ts";
import { Player, readable, statusAt, textAt, textOnce } from "./support/playback.ts";

const plane = await ControlPlane.start();
const { url } = plane.server;
const player = new Player(plane.server);
const media = await makeMedia(pictureAndTone(3, { tone: false }));
const START = Date.UTC(2026, 4, 17, 13, 48, 35, 994);

await plane.create("recorded", { DataRetentionInHours: 24 });
// A minute of nothing lies between the two.
const numbers = [
  ...(await putMedia(url, "recorded", media, START)),
  ...(await putMedia(url, "recorded", media, START + 63_000)),
];
const everything: GetDASHStreamingSessionURLInput = {
  StreamName: "recorded",
  PlaybackMode: "ON_DEMAND",
  DASHFragmentSelector: {
    FragmentSelectorType: "PRODUCER_TIMESTAMP",
    TimestampRange: { StartTimestamp: new Date(START), EndTimestamp: new Date(START + 80_000) },
  },
};

/** A manifest whose measured and passing values are words. */
const steady = (text: string): string =>
  readable(text, numbers)
    .replace(/bandwidth="\d+"/g, 'bandwidth="BITS"')
    .replace(/(availabilityStartTime|publishTime|value)="\d{4}-[^"]*Z"/g, '$1="TIME"')
    .replace(/<Period id="0" start="PT[\d.]+S"/, '<Period id="0" start="START"');

test("an ON_DEMAND manifest has a period for each run, and closes the gap between them", async () => {
  const address = await player.dash({
    ...everything,
    DisplayFragmentTimestamp: "ALWAYS",
    DisplayFragmentNumber: "ALWAYS",
  });
  assert.ok(address.startsWith(`${url}/dash/v1/getDASHManifest.mpd?SessionToken=`));
  const response = await fetch(address);
  assert.equal(response.headers.get("content-type"), "application/dash+xml");
  const set = (first: number, setUp: string, start: number, timeline: string): string =>
    `    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="1000" initialization="getMP4InitFragment.mp4?FragmentNumber=${setUp}&amp;SessionToken=TOKEN&amp;TrackNumber=1&amp;SequenceNumber=0" media="getMP4MediaFragment.mp4?SequenceNumber=$Number$&amp;SessionToken=TOKEN&amp;TrackNumber=1" startNumber="${first}" presentationTimeOffset="${start}">
        <SegmentTimeline>
${timeline}        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="1" codecs="avc1.42c00c" bandwidth="BITS" width="320" height="180" frameRate="25"/>
    </AdaptationSet>
`;
  const s = (time: number, stamp: string, number: number): string =>
    `          <S t="${time}" d="1000" kvs:ts="${stamp}" kvs:fn="F${number}"/>\n`;
  const before = [s(0, "1779025715.994", 0), s(1000, "1779025716.994", 1), s(2000, "1779025717.994", 2)].join("");
  const after = [s(63_000, "1779025778.994", 3), s(64_000, "1779025779.994", 4), s(65_000, "1779025780.994", 5)].join(
    "",
  );
  assert.equal(
    steady(await response.text()),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:kvs="urn:kvass:dash:kinesis-video-streams" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT6S" maxSegmentDuration="PT1S" minBufferTime="PT2S">
  <Period id="0" start="START" duration="PT3S">
${set(1, "F0", 0, before)}  </Period>
  <Period id="3" start="PT3S" duration="PT3S">
${set(4, "F0", 63_000, after)}  </Period>
</MPD>
`,
  );
});

test("each segment of the manifest is there, by its number, and no other is", async () => {
  const address = await player.dash(everything);
  const segment = (number: number, track = 1): URL => {
    const target = new URL(address.replace("getDASHManifest.mpd", "getMP4MediaFragment.mp4"));
    target.searchParams.set("SequenceNumber", String(number));
    target.searchParams.set("TrackNumber", String(track));
    return target;
  };
  for (const number of [6, 1, 2, 3, 4, 5]) assert.equal(await statusAt(segment(number)), 200);
  assert.equal(await statusAt(segment(0)), 404);
  assert.equal(await statusAt(segment(7)), 404);
  assert.equal(await statusAt(segment(1, 2)), 404);
});

test("a LIVE manifest moves on, its periods and numbers as they were", async () => {
  await plane.create("live", { DataRetentionInHours: 24 });
  await putMedia(url, "live", media, Date.now() - 10_000);
  const address = await player.dash({ StreamName: "live", MaxManifestFragmentResults: 2 });
  const shape = (text: string): string[] => text.match(/(?<=<Period )id="\d+"|startNumber="\d+"|<S t="\d+"/g) ?? [];
  const first = await textAt(address);
  assert.match(
    first,
    /^<\?xml.*\n<MPD .* type="dynamic" availabilityStartTime="[^"]+" publishTime="[^"]+" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT3S" suggestedPresentationDelay="PT3S"/,
  );
  assert.match(first, /<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="[^"]+"\/>/);
  assert.deepEqual(shape(first), ['id="0"', 'startNumber="1"', '<S t="0"', '<S t="1000"']);
  await putMedia(url, "live", media, Date.now() - 5_000);
  const second = await textOnce(address, (text) => text.includes('startNumber="4"'));
  // The second sending is a run of its own; its first segment has left the window, which its period does not show.
  assert.deepEqual(shape(second).slice(0, 2), ['id="2"', 'startNumber="4"']);
});

const REFUSED: [what: string, input: Partial<GetDASHStreamingSessionURLInput>, name: string, message: RegExp][] = [
  ["LIVE with a range", { PlaybackMode: "LIVE" }, "InvalidArgumentException", /DASHFragmentSelector\.TimestampRange/],
  ["5001 fragments", { MaxManifestFragmentResults: 5001 }, "InvalidArgumentException", /maxManifestFragmentResults/],
  ["no selector", { DASHFragmentSelector: undefined }, "InvalidArgumentException", /FragmentSelectorType/],
];
for (const [what, input, name, message] of REFUSED) {
  test(`refused: ${what}`, () => refused(player.dash({ ...everything, ...input }), name, 400, message));
}

test("the bandwidth of sound is that of its loudest stretch, wherever the session has it", async () => {
  await plane.create("loud", { DataRetentionInHours: 24 });
  const noise = ["-f", "lavfi", "-i", "aevalsrc='if(gt(t,3),random(0),0)':s=48000:d=6", "-c:a", "aac", "-b:a", "128k"];
  // Inputs come before what is said of the output.
  const [inputs, output] = [noise.slice(0, 4), noise.slice(4)];
  await putMedia(url, "loud", await makeMedia([...inputs, ...pictureAndTone(6, { tone: false }), ...output]), START);
  const address = await player.dash({ ...everything, StreamName: "loud" });
  const [video, sound] = [...(await textAt(address)).matchAll(/bandwidth="(\d+)"/g)].map(([, bits]) => Number(bits));
  const sizes = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => segmentBytes(address, number, 2)));
  const peak = Math.max(...sizes) * 8;
  assert.ok(sizes[0]! * 8 < peak / 4, `${sizes}`);
  assert.ok(sound! > peak * 0.95 && sound! < peak * 1.1, `${sound} for ${peak}`);
  assert.ok(video! > 1000);
});

async function segmentBytes(address: string, number: number, track: number): Promise<number> {
  const target = new URL(address.replace("getDASHManifest.mpd", "getMP4MediaFragment.mp4"));
  target.searchParams.set("SequenceNumber", String(number));
  target.searchParams.set("TrackNumber", String(track));
  return (await (await fetch(target)).arrayBuffer()).byteLength;
}

test("G.711 plays by DASH", async () => {
  await plane.create("telephone", { DataRetentionInHours: 24 });
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000:duration=1", "-c:a", "pcm_alaw"];
  await putMedia(url, "telephone", await makeMedia(tone), START);
  const text = await textAt(await player.dash({ ...everything, StreamName: "telephone" }));
  assert.match(text, /contentType="audio"/);
});
