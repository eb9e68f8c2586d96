import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterHeader, simpleBlock } from "./cluster-writer.ts";
import { concatBytes, segmentHeader } from "./element-writer.ts";
import { ebmlHeader, infoElement, tracksElement } from "./header-writer.ts";
import type { MatroskaHeader } from "./model.ts";
import { cuesElement, seekHead } from "./seek-writer.ts";
import { MatroskaStreamReader } from "./stream-reader.ts";
import { selectTracks } from "./track-selection.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const TRACKS = [
  { number: 1, type: "video" as const, codecId: "V_VP8", name: "front" },
  { number: 2, type: "audio" as const, codecId: "A_OPUS", codecPrivate: Uint8Array.of(1, 2, 3) },
  { number: 300, type: "subtitle" as const, codecId: "S_TEXT/UTF8" },
];

function headerOf(...parts: Uint8Array[]): MatroskaHeader {
  let header: MatroskaHeader | undefined;
  const reader = new MatroskaStreamReader({
    onHeader: (found) => {
      header = found;
    },
    onTags: () => {},
    onClusterStart: () => {},
    onClusterData: () => {},
    onBlock: () => {},
    onClusterEnd: () => {},
  });
  const block = simpleBlock({ trackNumber: 1, relativeTimecode: 0, keyframe: true }, Uint8Array.of(0));
  reader.feed(concatBytes([ebmlHeader(), segmentHeader(), ...parts, clusterHeader(0, block.length), block]));
  reader.end();
  return header!;
}

const INFO = infoElement({ muxingApp: "m", writingApp: "w" });

test("all tracks selected are the Tracks element as it was, some are their entries as they were", () => {
  const tracks = tracksElement(TRACKS);
  const header = headerOf(INFO, tracks);
  assert.equal(hex(selectTracks(header, [1, 2, 300])), hex(tracks));
  assert.equal(hex(selectTracks(header, [300, 1])), hex(tracksElement([TRACKS[0]!, TRACKS[2]!])));
  assert.equal(hex(selectTracks(header, [7])), hex(tracksElement([])));
});

test("a header with a SeekHead, a duration and a Segment size reads as it was written", () => {
  const info = infoElement({ timecodeScaleNs: 100_000, duration: 12_345, muxingApp: "m", writingApp: "w" });
  const header = headerOf(seekHead([["Info", 100]]), info, tracksElement(TRACKS));
  assert.deepEqual([header.duration, header.timecodeScaleNs, header.tracks.length], [12_345, 100_000, 3]);
  assert.equal(hex(segmentHeader(5)), "185380670100000000000005");
  assert.equal(segmentHeader(5).length, segmentHeader().length);
});

test("a SeekHead has the same size whatever its positions are", () => {
  const small = seekHead([["Cues", 0]]);
  assert.equal(
    hex(small),
    "114d9b74" + "95" + "4dbb" + "92" + "53ab" + "84" + "1c53bb6b" + "53ac" + "88" + "0000000000000000",
  );
  assert.equal(seekHead([["Cues", 2 ** 45]]).length, small.length);
});

test("Cues name time, track and Cluster", () => {
  const cues = cuesElement([{ timecode: 2000, trackNumber: 1, clusterPosition: 4096 }]);
  assert.equal(
    hex(cues),
    "1c53bb6b" + "8f" + "bb" + "8d" + "b3" + "82" + "07d0" + "b7" + "87" + "f7" + "81" + "01" + "f1" + "82" + "1000",
  );
});
