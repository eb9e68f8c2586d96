import assert from "node:assert/strict";
import { test } from "node:test";
import type { VideoCodec } from "@kvass/media";
import { BITSTREAMS, type Bitstream } from "./bitstream.ts";
import type { VideoFrame } from "./fragment-video.ts";
import { firstShown, frameAt, framesToQueue, keyFrameFor } from "./frame-selection.ts";

/** Frames in the order of decoding, from words such as `I0`, `P3`, `b1`: kind and time. Only `b` is referred to by none. */
function framesOf(words: string): VideoFrame[] {
  return words.split(" ").map((word) => ({
    data: Uint8Array.of(word.charCodeAt(0)),
    time: Number(word.slice(1)),
    keyframe: word.startsWith("I"),
  }));
}

const isUnused = ([kind]: Uint8Array): boolean => kind === "b".charCodeAt(0);
const codec = {} as VideoCodec;
const SET_UP = Uint8Array.of(0);
const bitstream: Bitstream = {
  codecId: "V_TEST",
  marker: new Uint8Array(0),
  setUp: () => [SET_UP],
  frame: (data, keyframe) => ({ pieces: [data], keyframe, unusedUpTo: isUnused(data) ? 0 : -1, layer: 0 }),
};

const frames = framesOf("I0 P4 B2 b1 b3 P8 B6 b5 b7 I9 P13 b11");
const at = (word: string): number =>
  framesOf("I0 P4 B2 b1 b3 P8 B6 b5 b7 I9 P13 b11").findIndex(({ time }) => time === Number(word.slice(1)));

test("the frame of a moment is the latest in presentation that is not later", () => {
  for (const [time, word] of [
    [0, "I0"],
    [1.9, "b1"],
    [2, "B2"],
    [8.5, "P8"],
    [12, "b11"],
    [100, "P13"],
  ] as const) {
    assert.equal(frameAt(frames, time), at(word));
  }
  assert.equal(frameAt(frames, -1), undefined);
  assert.equal(firstShown(framesOf("P4 B2 b3")), 1);
  assert.equal(firstShown([]), undefined);
});

test("decoding begins with the key frame before, in decoding and in presentation", () => {
  assert.equal(keyFrameFor(frames, at("b7")), at("I0"));
  assert.equal(keyFrameFor(frames, at("I9")), at("I9"));
  const open = framesOf("I0 P2 I6 b4 b5 P8");
  assert.equal(keyFrameFor(open, 3), 0);
  assert.equal(keyFrameFor(open, 5), 2);
  assert.equal(keyFrameFor(framesOf("I6 b4"), 1), undefined);
  assert.equal(keyFrameFor(framesOf("P0 P1"), 1), undefined);
});

test("what no wanted frame needs is left out, and ranks are those of presentation", () => {
  const { queue, indexOf } = framesToQueue(frames, 0, [at("b3"), at("B6")], codec, bitstream);
  const words = queue.map(
    ({ rank, isWanted, keyframe }) =>
      `${frames[indexOf.get(rank)!]!.time}:${rank}${isWanted ? "!" : ""}${keyframe ? "k" : ""}`,
  );
  assert.deepEqual(words, ["0:0k", "4:3", "2:1", "3:2!", "8:5", "6:4!"]);
  assert.deepEqual(queue[0]!.pieces, [SET_UP, frames[0]!.data]);
  assert.deepEqual(queue[1]!.pieces, [frames[1]!.data]);
});

const unit = (...bytes: number[]): Uint8Array => Uint8Array.of(0, 0, 0, bytes.length, ...bytes);
const joined = (...units: Uint8Array[]): Uint8Array => Uint8Array.from(units.flatMap((each) => [...each]));
const nalCodec = { nalLengthBytes: 4 } as VideoCodec;

test("of H.264 the decoder gets slices and parameter sets alone, and frames that nothing refers to are known", () => {
  const { frame } = BITSTREAMS.h264;
  const start = Uint8Array.of(0, 0, 0, 1);
  const key = frame(joined(unit(9, 16), unit(6, 5), unit(0x67, 1), unit(0x68, 2), unit(0x65, 3)), true, nalCodec);
  const sent = [Uint8Array.of(0x67, 1), Uint8Array.of(0x68, 2), Uint8Array.of(0x65, 3)].flatMap((each) => [
    start,
    each,
  ]);
  assert.deepEqual(
    key.pieces.map((piece) => [...piece]),
    sent.map((piece) => [...piece]),
  );
  assert.deepEqual([key.unusedUpTo, frame(unit(0x41, 1), false, nalCodec).unusedUpTo], [-1, -1]);
  assert.equal(frame(joined(unit(0x01, 1), unit(0x01, 2)), false, nalCodec).unusedUpTo, 0);
  assert.equal(frame(joined(unit(0x01, 1), unit(0x68, 2)), false, nalCodec).unusedUpTo, -1);
});

test("of H.265 the decoder gets the base layer, and a frame that its own sub-layer does not use is known", () => {
  const { frame } = BITSTREAMS.h265;
  const nal = (type: number, temporalId: number, layer = 0): Uint8Array =>
    unit((type << 1) | (layer >> 5), ((layer & 31) << 3) | (temporalId + 1), 9);
  assert.equal(frame(joined(nal(35, 0), nal(39, 0), nal(1, 0), nal(1, 0, 1)), false, nalCodec).pieces.length, 2);
  assert.deepEqual(
    [frame(nal(1, 0), false, nalCodec).unusedUpTo, frame(nal(21, 0), true, nalCodec).unusedUpTo],
    [-1, -1],
  );
  const top = frame(nal(0, 2), false, nalCodec);
  assert.deepEqual([top.unusedUpTo, top.layer], [2, 2]);
});

test("a frame that higher layers may use stays as long as one of them follows", () => {
  const layered: Bitstream = {
    ...bitstream,
    frame: (data, keyframe) => ({
      pieces: [data],
      keyframe,
      unusedUpTo: isUnused(data) ? 0 : -1,
      layer: data[0] === 84 ? 1 : 0,
    }),
  };
  const group = framesOf("I0 b1 T2 P3");
  const sent = (wanted: number): number => framesToQueue(group, 0, [wanted], codec, layered).queue.length;
  assert.deepEqual([sent(1), sent(2), sent(3)], [2, 3, 4]);
});
