import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boxAt, boxesIn, numbers } from "../../test/boxes.ts";
import {
  A_LAW_TRACK,
  AAC_TRACK,
  PLAIN_TRACK,
  REORDERED_TRACK,
  samplesFrom,
  trackSamples,
} from "../../test/mp4-tracks.ts";
import { hex, trackOf } from "../../test/tracks.ts";
import { describeTrack, initSegment, type MatroskaTrack, type Mp4Track, mediaSegment, rebase } from "../index.ts";

function mp4Track(id: number, track: MatroskaTrack, more: Partial<Mp4Track> = {}): Mp4Track {
  const { codec, timescale } = trackSamples(track);
  return { id, codec, timescale, ...more };
}

test("an initialization segment describes each track and announces fragments", () => {
  const tracks = [mp4Track(1, PLAIN_TRACK), mp4Track(7, AAC_TRACK, { language: "deu", name: "Tür" })];
  const bytes = initSegment(tracks);
  const boxes = boxesIn(bytes);
  assert.deepEqual(
    boxes.filter(({ path }) => !path.includes("/")).map(({ type }) => type),
    ["ftyp", "moov"],
  );
  assert.equal(numbers(boxAt(boxes, "moov/mvhd")).at(-1), 8, "next_track_ID");
  assert.deepEqual(numbers(boxAt(boxes, "moov/mvex/trex", 1)).slice(1, 3), [7, 1]);
  assert.equal(numbers(boxAt(boxes, "moov/trak/mdia/mdhd", 1))[3], 48_000);
  const language = boxAt(boxes, "moov/trak/mdia/mdhd", 1).contents.getUint16(20);
  assert.equal(language, (4 << 10) | (5 << 5) | 21);
  const handler = boxAt(boxes, "moov/trak/mdia/hdlr", 1).contents;
  assert.equal(Buffer.from(handler.buffer, handler.byteOffset + 24, handler.byteLength - 24).toString(), "T?r\0");
  const header = numbers(boxAt(boxes, "moov/trak/tkhd"));
  assert.deepEqual(header.slice(-2), [640 * 65_536, 360 * 65_536]);
  const { contents } = boxAt(boxes, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC");
  const codec = tracks[0]!.codec;
  assert.deepEqual(new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength), codec.configuration);
});

test("reordered frames are announced by an edit list that takes their shift off", () => {
  const boxes = boxesIn(initSegment([mp4Track(1, REORDERED_TRACK), mp4Track(2, PLAIN_TRACK)]));
  // Two frames of 25 a second, and a millisecond.
  assert.deepEqual(numbers(boxAt(boxes, "moov/trak/edts/elst")), [0, 1, 0, 2 * 3600 + 90, 65_536]);
  assert.equal(boxes.filter(({ type }) => type === "elst").length, 1);
  const samples = samplesFrom(0, 3600, [5, 6, 7, 8], {
    1: { compositionOffset: 7200 },
    2: { compositionOffset: -3600 },
    3: { compositionOffset: -3600 },
  });
  const { head } = mediaSegment({ sequence: 1, tracks: [{ id: 1, samples: trackSamples(REORDERED_TRACK, samples) }] });
  const run = numbers(boxAt(boxesIn(head), "moof/traf/trun"), 0, true);
  const offsets = run.slice(4).filter((_, i) => i % 2 === 1);
  assert.deepEqual(offsets, [7290, 7290 + 7200, 7290 - 3600, 7290 - 3600]);
});

test("pixels that are not square and described colours have their boxes", () => {
  const anamorphic = boxesIn(initSegment([mp4Track(1, REORDERED_TRACK)]));
  const aspect = boxAt(anamorphic, "moov/trak/mdia/minf/stbl/stsd/avc1/pasp");
  assert.deepEqual(numbers(aspect), [16, 11]);
  const hdr = trackOf("V_AV1", { codecPrivate: hex("81014c00 0a0e0000000cc5036936be5424402410") });
  const boxes = boxesIn(initSegment([mp4Track(1, hdr)]));
  const { contents } = boxAt(boxes, "moov/trak/mdia/minf/stbl/stsd/av01/colr");
  assert.deepEqual(
    Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength),
    Buffer.from(`nclx${"\0\x09\0\x10\0\x09\0"}`),
  );
  assert.equal(boxes.filter(({ type }) => type === "pasp").length, 0);
});

test("an OpusHead becomes dOps, its numbers big-endian", () => {
  const mapped = hex("4f70757348656164 01 06 3801 80bb0000 feff 01 04 02 00 04 01 02 03 05");
  const boxes = boxesIn(initSegment([mp4Track(1, trackOf("A_OPUS", { codecPrivate: mapped }))]));
  const { contents } = boxAt(boxes, "moov/trak/mdia/minf/stbl/stsd/Opus/dOps");
  const bytes = new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength);
  assert.deepEqual(bytes, hex("00 06 0138 0000bb80 fffe 01 04 02 00 04 01 02 03 05"));
});

test("what samples have in common is said once", () => {
  const alike = samplesFrom(0, 1024, [4, 4, 4]).map((sample) => ({ ...sample, keyframe: true }));
  const { head } = mediaSegment({ sequence: 1, tracks: [{ id: 1, samples: trackSamples(AAC_TRACK, alike) }] });
  const boxes = boxesIn(head);
  assert.deepEqual(numbers(boxAt(boxes, "moof/traf/tfhd")), [0x02_0038, 1, 1024, 4, 0x0200_0000]);
  assert.deepEqual(numbers(boxAt(boxes, "moof/traf/trun")), [
    0x0100_0001,
    3,
    boxAt(boxes, "mdat").start + 8 - boxAt(boxes, "moof").start,
  ]);
});

test("a later key frame makes each sample tell its own", () => {
  const flags = (keys: readonly boolean[]): number[] => {
    const samples = samplesFrom(0, 100, [1, 1, 1]).map((sample, i) => ({ ...sample, keyframe: keys[i]! }));
    const { head } = mediaSegment({ sequence: 1, tracks: [{ id: 1, samples: trackSamples(PLAIN_TRACK, samples) }] });
    return numbers(boxAt(boxesIn(head), "moof/traf/trun")).slice(3);
  };
  assert.deepEqual(flags([true, false, false]), [0x0200_0000], "first_sample_flags");
  assert.deepEqual(flags([true, false, true]), [0x0200_0000, 0x0101_0000, 0x0200_0000]);
});

test("each track's run points at its own frames, whatever the samples are", () => {
  const track = fc.array(
    fc.record({
      size: fc.integer({ min: 0, max: 50 }),
      duration: fc.nat(5000),
      offset: fc.integer({ min: -9000, max: 9000 }),
      keyframe: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(fc.array(track, { minLength: 1, maxLength: 4 }), fc.boolean(), (shapes, segmentType) => {
      const tracks = shapes.map((shape, i) => {
        const samples = shape.map(({ size, duration, offset, keyframe }, j) => ({
          data: new Uint8Array(size).fill(16 * i + j),
          decodeTime: j * 5000,
          compositionOffset: offset,
          duration,
          keyframe,
        }));
        return { id: i + 1, samples: trackSamples(PLAIN_TRACK, samples) };
      });
      const { head, payload } = mediaSegment({ sequence: 9, tracks, segmentType });
      const file = Buffer.concat([head, ...payload]);
      const boxes = boxesIn(file);
      const moof = boxAt(boxes, "moof").start;
      const runs = boxes.filter(({ type }) => type === "trun");
      const filled = tracks.filter(({ samples }) => samples.samples.length > 0);
      assert.equal(runs.length, filled.length);
      filled.forEach(({ samples: { samples } }, i) => {
        const at = moof + runs[i]!.contents.getInt32(8);
        const expected = Buffer.concat(samples.map(({ data }) => data));
        assert.deepEqual(file.subarray(at, at + expected.length), expected);
        assert.equal(runs[i]!.contents.getUint32(4), samples.length);
      });
      assert.equal(
        boxes.some(({ type }) => type === "styp"),
        segmentType,
      );
    }),
    { numRuns: 200 },
  );
});

test("a segment's times are moved in a copy, and do not fall below 0", () => {
  const late = 1_795_000_000 * 90_000;
  const segment = mediaSegment({
    sequence: 1,
    tracks: [
      { id: 1, samples: trackSamples(PLAIN_TRACK, samplesFrom(late, 3600, [1, 2])) },
      { id: 2, samples: trackSamples(AAC_TRACK, []) },
      { id: 3, samples: trackSamples(A_LAW_TRACK, samplesFrom(-52, 160, [160])), baseTicks: 10 },
    ],
  });
  const timesOf = (head: Uint8Array): bigint[] =>
    boxesIn(head)
      .filter(({ type }) => type === "tfdt")
      .map(({ contents }) => contents.getBigUint64(4));
  assert.deepEqual(timesOf(segment.head), [BigInt(late), 0n]);
  assert.deepEqual(segment.baseTimes, [late, 0, -42]);
  const before = segment.head.slice();
  assert.deepEqual(timesOf(rebase(segment, [900 - late, 5, 100])), [900n, 58n]);
  assert.deepEqual(timesOf(rebase(segment, [-late - 1, 0, 0])), [0n, 0n]);
  assert.deepEqual(segment.head, before);
});

test("each sample entry's type is what the codecs parameter begins with", () => {
  for (const { codecId, codecPrivate, type } of [
    { codecId: "V_AV1", codecPrivate: hex("81010c00 0a0b0000000cc5036936be4010"), type: "av01" },
    { codecId: "A_MS/ACM", codecPrivate: A_LAW_TRACK.codecPrivate, type: "alaw" },
    { codecId: "A_AAC", codecPrivate: hex("1190"), type: "mp4a" },
  ]) {
    const codec = describeTrack(trackOf(codecId, { codecPrivate }));
    const boxes = boxesIn(initSegment([{ id: 1, codec, timescale: 8000 }]));
    assert.ok(codec.rfc6381.startsWith(type));
    boxAt(boxes, `moov/trak/mdia/minf/stbl/stsd/${type}`);
  }
});
