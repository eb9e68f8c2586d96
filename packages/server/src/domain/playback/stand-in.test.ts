import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaCodec } from "@kvass/media";
import type { Mp4Segment, Mp4Track } from "./segment-builder.ts";
import { withStandIns } from "./stand-in.ts";
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

test("sound that a segment lacks is silence for as long as its pictures are shown", () => {
  const segment = segmentOf(picture);
  const { tracks } = withStandIns(segment, 7, offering(picture, sound));
  assert.equal(tracks[0], segment.tracks[0]);
  const { start, durationMs, timescale, codec, language } = tracks[1]!;
  assert.deepEqual([start, durationMs, timescale, codec, language], [10_000, 2000, 8000, sound, "ger"]);
  assert.ok(tracks[1]!.init.length > 0 && tracks[1]!.media.payload.length === 1);
});

test("sound that has no silence has no frames", () => {
  const { tracks } = withStandIns(segmentOf(picture), 7, offering(picture, withoutSilence));
  assert.deepEqual([tracks[1]!.frames, tracks[1]!.start], [0, undefined]);
});

test("what has all tracks, and what has others in their places, stays as it is", () => {
  for (const [segment, offered] of [
    [segmentOf(picture, sound), offering(picture, sound)],
    [segmentOf(picture, sound), offering(picture)],
    [segmentOf(sound), offering(picture, sound)],
    [segmentOf(sound), offering(sound, sound)],
  ] as const) {
    assert.equal(withStandIns(segment, 7, offered), segment);
  }
});
