import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaHeader, MatroskaTrack } from "@kvass/media";
import { configurationOf } from "./configuration.ts";

const video: MatroskaTrack = {
  number: 1,
  uid: 1n,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  codecPrivate: Uint8Array.of(1, 66, 0, 30),
  name: "camera",
  language: "eng",
  defaultDurationNs: undefined,
  lacing: false,
  codecDelayNs: 0,
  seekPreRollNs: 0,
  video: { pixelWidth: 640, pixelHeight: 360, displayWidth: undefined, displayHeight: undefined },
  audio: undefined,
};

function header(tracks: readonly MatroskaTrack[], title = "one"): MatroskaHeader {
  return {
    docType: "matroska",
    ebmlHeader: new Uint8Array(0),
    segmentElements: new Uint8Array(0),
    timecodeScaleNs: 1_000_000,
    duration: undefined,
    title,
    muxingApp: undefined,
    writingApp: undefined,
    tracks,
  };
}

test("the configuration stays what it is where names, titles and identifiers change", () => {
  const other = { ...video, uid: 77n, name: "other", language: "dan" };
  assert.equal(configurationOf(header([video])), configurationOf(header([other], "two")));
});

test("the configuration changes with everything that a decoder is set up with", () => {
  const changed: MatroskaHeader[] = [
    header([]),
    header([{ ...video, number: 2 }]),
    header([{ ...video, codecId: "V_MPEGH/ISO/HEVC" }]),
    header([{ ...video, codecPrivate: undefined }]),
    header([{ ...video, codecPrivate: Uint8Array.of(1, 66, 0, 31) }]),
    header([{ ...video, video: { ...video.video!, pixelWidth: 1280 } }]),
    header([video, { ...video, number: 2 }]),
  ];
  const values = new Set([header([video]), ...changed].map(configurationOf));
  assert.equal(values.size, changed.length + 1);
  for (const value of values) assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
});
