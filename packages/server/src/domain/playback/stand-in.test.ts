import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaCodec } from "@kvass/media";
import type { Mp4Segment, Mp4Track } from "./built-segment.ts";
import { hasTracks, transportTrack, withStandIns } from "./stand-in.ts";
import type { Track } from "./tracks.ts";

const picture = { kind: "video", name: "h264" } as MediaCodec;
const A_LAW = {
  kind: "audio",
  name: "pcma",
  rfc6381: "alaw",
  channels: 1,
  sampleRate: 8000,
  configuration: new Uint8Array(),
};
const AAC = {
  ...A_LAW,
  name: "aac",
  rfc6381: "mp4a.40.2",
  samplesPerFrame: 1024,
  configuration: Uint8Array.of(0x15, 0x88),
};
const sound = A_LAW as MediaCodec;
const withoutSilence = { ...A_LAW, name: "mp3", rfc6381: "mp4a.6B" } as MediaCodec;
const built = (codec: MediaCodec): Mp4Track =>
  ({ codec, start: 10_000, durationMs: 2000, timescale: 90_000 }) as Mp4Track;
const segmentOf = (...codecs: MediaCodec[]): Mp4Segment => ({ tracks: codecs.map(built), bytes: 1 });
const offering = (...codecs: MediaCodec[]): Track[] =>
  codecs.map((codec, index) => ({
    number: index + 1,
    codec,
    name: "a",
    language: "ger",
    frameRate: undefined,
    bandwidth: 1,
    source: 2,
    headBytesPerFrame: 0,
  }));

/** The first segment of a session, whose pictures are the bytes 1, 2 and 3, 4. */
const first = async (): Promise<Mp4Segment> => {
  const codec = {
    ...picture,
    rfc6381: "avc1.4d400c",
    configuration: new Uint8Array(),
    ...{ width: 16, height: 16, displayWidth: 16, displayHeight: 16 },
    sampleAspect: { numerator: 1, denominator: 1 },
  };
  const media = { payload: [Uint8Array.of(1, 2, 3, 4)] };
  const pictures = {
    ...built(codec as MediaCodec),
    firstBytes: 2,
    media,
    source: 1,
    language: "und",
  } as unknown as Mp4Track;
  return { tracks: [pictures], bytes: 1 };
};

test("sound that a segment lacks is silence for as long as its pictures are shown", async () => {
  const segment = segmentOf(picture);
  const { tracks } = await withStandIns(segment, 7, offering(picture, sound), first);
  assert.equal(tracks[0], segment.tracks[0]);
  const { start, durationMs, timescale, codec, language } = tracks[1]!;
  assert.deepEqual([start, durationMs, timescale, codec, language], [10_000, 2000, 8000, sound, "ger"]);
  assert.ok(tracks[1]!.init.length > 0 && tracks[1]!.media.payload.length === 1);
});

test("sound that has no silence has no frames", async () => {
  const { tracks } = await withStandIns(segmentOf(picture), 7, offering(picture, withoutSilence), first);
  assert.deepEqual([tracks[1]!.frames, tracks[1]!.start], [0, undefined]);
});

test("in place of pictures that a segment lacks, the first one of the session stays for as long as its sound lasts", async () => {
  const segment = segmentOf(sound);
  const { tracks } = await withStandIns(segment, 7, offering(picture, sound), first);
  assert.equal(tracks[1], segment.tracks[0]);
  const [still] = tracks;
  assert.deepEqual([still!.start, still!.durationMs, still!.frames, still!.timescale], [10_000, 2000, 1, 90_000]);
  assert.deepEqual(
    still!.media.payload,
    [Uint8Array.of(1, 2)].map((bytes) => Buffer.from(bytes)),
  );
  assert.equal(still!.codec.kind, "video");
});

test("a session of sound alone has no pictures", async () => {
  const segment = segmentOf(picture, sound);
  const { tracks } = await withStandIns(segment, 7, offering(sound), first);
  assert.deepEqual(tracks, [segment.tracks[1]]);
});

test("what has all tracks has them in their places", () => {
  for (const [segment, offered, number, expected] of [
    [segmentOf(picture, sound), offering(picture, sound), 2, true],
    [segmentOf(picture, sound), offering(picture), 1, true],
    [segmentOf(picture), offering(picture, sound), 1, true],
    [segmentOf(picture), offering(picture, sound), 2, false],
    [segmentOf(sound), offering(picture, sound), 1, false],
    [segmentOf(picture, sound), offering(sound), 1, false],
    [segmentOf(picture, sound), undefined, 2, true],
    [segmentOf(sound), undefined, 1, false],
  ] as const) {
    assert.equal(hasTracks(segment, offered, number), expected);
  }
});

test("of MPEG-TS each further sound is its own, and silence where the segment lacks it", () => {
  const payload = Uint8Array.of(1);
  const second = Uint8Array.of(2);
  const segment = { ...segmentOf(picture, sound), payload, sounds: [second] };
  const aac = { ...AAC } as MediaCodec;
  const offered = offering(picture, sound, sound, aac);
  const bytesOf = (number: number): Uint8Array => transportTrack(segment, number, offered);
  assert.deepEqual([bytesOf(1), bytesOf(2), bytesOf(3)], [payload, payload, second]);
  const silent = bytesOf(4);
  assert.equal(silent.length % 188, 0);
  assert.ok(silent.length > 4 * 188);
  assert.throws(() => bytesOf(5), { reason: "not-found" });
  // Whether the segment has a picture or not, sounds keep the places that they have in the session.
  const alone = { ...segmentOf(sound, sound), payload, sounds: [second] };
  assert.equal(transportTrack(alone, 3, offered), second);
  assert.equal(transportTrack(segment, 2, offering(sound, sound)), second);
});
