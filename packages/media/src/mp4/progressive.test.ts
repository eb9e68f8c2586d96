import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Box, boxAt, boxesIn, numbers } from "../../test/boxes.ts";
import {
  A_LAW_TRACK,
  AAC_TRACK,
  PLAIN_TRACK,
  REORDERED_TRACK,
  samplesFrom,
  trackSamples,
} from "../../test/mp4-tracks.ts";
import { type MatroskaTrack, ProgressiveLayout } from "../index.ts";

const STBL = "moov/trak/mdia/minf/stbl";

function layoutOf(...tracks: MatroskaTrack[]): ProgressiveLayout {
  return new ProgressiveLayout(
    tracks.map((track, i) => {
      const { codec, timescale } = trackSamples(track);
      return { id: i + 1, codec, timescale };
    }),
  );
}

/** Entries of a table behind its version, flags and count. */
function entries(boxes: readonly Box[], type: string, track = 0): number[] {
  return numbers(boxAt(boxes, `${STBL}/${type}`, track), 8);
}

test("tables say where each sample lies and how long it lasts", () => {
  const layout = layoutOf(PLAIN_TRACK, AAC_TRACK);
  layout.addSamples(1, samplesFrom(0, 3600, [10, 20, 30]));
  layout.addSamples(2, samplesFrom(0, 1024, [1, 2]));
  layout.addSamples(1, samplesFrom(10_800, 3600, [40, 50], { 1: { duration: 1800 } }));
  layout.addSamples(2, samplesFrom(2048, 1024, [3, 4]));
  const head = layout.head();
  const boxes = boxesIn(head);
  assert.deepEqual(entries(boxes, "stts"), [4, 3600, 1, 1800]);
  assert.deepEqual(entries(boxes, "stts", 1), [4, 1024]);
  assert.deepEqual(entries(boxes, "stss"), [1, 4]);
  assert.deepEqual(entries(boxes, "stsc"), [1, 3, 1, 2, 2, 1]);
  assert.deepEqual(entries(boxes, "stsc", 1), [1, 2, 1]);
  assert.deepEqual(numbers(boxAt(boxes, `${STBL}/stsz`), 4), [0, 5, 10, 20, 30, 40, 50]);
  const chunks = [entries(boxes, "stco"), entries(boxes, "stco", 1)];
  assert.deepEqual(chunks, [
    [head.length, head.length + 63],
    [head.length + 60, head.length + 153],
  ]);
  assert.equal(layout.payloadBytes, 160);
  assert.equal(layout.sampleCount, 9);
  const mdat = boxAt(boxes, "mdat");
  assert.deepEqual([mdat.start, new DataView(head.buffer).getUint32(mdat.start)], [head.length - 8, 168]);
  assert.equal(boxes.filter(({ type }) => type === "ctts" || type === "elst").length, 0);
  assert.deepEqual(layout.head(), head, "asked again, it says the same");
});

test("samples are described as they were told to be, and each chunk has one description", () => {
  const layout = layoutOf(PLAIN_TRACK, AAC_TRACK);
  const [codec, sound] = [PLAIN_TRACK, AAC_TRACK].map((track) => trackSamples(track).codec);
  assert.ok(codec?.kind === "video");
  const wide = { ...codec, width: 1280, height: 720, displayWidth: 1280, displayHeight: 720 };
  layout.addSamples(1, samplesFrom(0, 3600, [1, 1]));
  layout.describe(1, wide);
  layout.describe(2, { ...sound! });
  layout.addSamples(1, samplesFrom(7200, 3600, [2, 2]));
  layout.addSamples(2, samplesFrom(0, 1024, [1, 2]));
  layout.addSamples(1, samplesFrom(14_400, 3600, [3, 3]));
  layout.describe(1, { ...codec });
  layout.addSamples(1, samplesFrom(21_600, 3600, [4]));
  const boxes = boxesIn(layout.head());
  // First chunk, samples in each, description.
  assert.deepEqual(entries(boxes, "stsc"), [1, 2, 1, 2, 2, 2, 4, 1, 1]);
  assert.deepEqual(entries(boxes, "stsc", 1), [1, 2, 1]);
  const widths = boxes.filter(({ type }) => type === "avc1").map(({ contents }) => contents.getUint16(24));
  assert.deepEqual(widths, [codec.width, 1280]);
  assert.equal(boxes.filter(({ type }) => type === "mp4a").length, 1);
  const head = boxAt(boxes, "moov/trak/tkhd");
  assert.deepEqual(numbers(head, 76), [1280 * 65_536, 720 * 65_536], "as large as the largest");
  assert.throws(() => layout.describe(3, codec), RangeError);
});

test("composition offsets are raised to 0, and the edit list begins behind what that adds", () => {
  const layout = layoutOf(REORDERED_TRACK);
  const reordered = {
    1: { compositionOffset: 7200 },
    2: { compositionOffset: -3600 },
    3: { compositionOffset: -3600 },
  };
  layout.addSamples(1, samplesFrom(90_000, 3600, [1, 1, 1, 1], reordered));
  const boxes = boxesIn(layout.head());
  assert.deepEqual(entries(boxes, "ctts"), [1, 3600, 1, 10_800, 2, 0]);
  assert.deepEqual(numbers(boxAt(boxes, "moov/trak/edts/elst"), 4), [1, 4 * 3600, 3600, 65_536]);
});

test("a track that begins later waits by an empty edit", () => {
  const layout = layoutOf(PLAIN_TRACK, AAC_TRACK);
  layout.addSamples(1, samplesFrom(90_000, 3600, [1, 1]));
  layout.addSamples(2, samplesFrom(72_000, 1024, [1]));
  const boxes = boxesIn(layout.head());
  const lists = boxes.filter(({ type }) => type === "elst");
  assert.equal(lists.length, 1);
  assert.deepEqual(numbers(lists[0]!, 4), [2, 45_000, 0xffff_ffff, 65_536, 1920, 0, 65_536]);
  assert.equal(numbers(boxAt(boxes, "moov/mvhd"))[4], 46_920, "the movie lasts to the end of what ends last");
  assert.equal(numbers(boxAt(boxes, "moov/trak/tkhd", 1))[5], 46_920);
});

test("sound goes on exactly across segments whose stamps are coarse, and keeps a gap", () => {
  const layout = layoutOf(AAC_TRACK);
  layout.addSamples(1, samplesFrom(0, 1024, [1, 1]));
  layout.addSamples(1, samplesFrom(2064, 1024, [1, 1]));
  layout.addSamples(1, samplesFrom(48_000, 1024, [1]));
  layout.addSamples(1, samplesFrom(100, 1024, [1]));
  const boxes = boxesIn(layout.head());
  assert.deepEqual(entries(boxes, "stts"), [3, 1024, 1, 48_000 - 3072, 2, 1024]);
});

test("pictures that would be decoded before the last ones keep the time at which they are shown", () => {
  const layout = layoutOf(PLAIN_TRACK);
  layout.addSamples(1, samplesFrom(0, 3600, [1, 1]));
  layout.addSamples(1, samplesFrom(3000, 3600, [1]));
  const boxes = boxesIn(layout.head());
  assert.deepEqual(entries(boxes, "stts"), [1, 3600, 1, 1, 1, 3600]);
  assert.deepEqual(entries(boxes, "ctts"), [2, 601, 1, 0]);
});

test("G.711 has a sample for each moment", () => {
  const layout = layoutOf(A_LAW_TRACK, PLAIN_TRACK);
  layout.addSamples(1, samplesFrom(0, 160, [160, 160]));
  layout.addSamples(2, samplesFrom(0, 3600, [7]));
  layout.addSamples(1, samplesFrom(800, 160, [160]));
  const boxes = boxesIn(layout.head());
  assert.deepEqual(entries(boxes, "stts"), [319, 1, 1, 481, 160, 1]);
  assert.deepEqual(entries(boxes, "stsc"), [1, 320, 1, 2, 160, 1]);
  assert.deepEqual(numbers(boxAt(boxes, `${STBL}/stsz`), 4), [1, 480]);
});

test("offsets and sizes beyond 4 GiB take 64 bits", () => {
  const layout = layoutOf(PLAIN_TRACK, AAC_TRACK);
  const sample = { compositionOffset: 0, duration: 3600, keyframe: true };
  for (let i = 0; i < 3; i++) layout.add(1, { ...sample, bytes: 2 ** 31, decodeTime: i * 3600 });
  layout.add(2, { ...sample, bytes: 1, decodeTime: 0 });
  const head = layout.head();
  const boxes = boxesIn(head);
  const chunk = boxAt(boxes, `${STBL}/co64`, 1).contents;
  assert.equal(chunk.getBigUint64(8), BigInt(head.length + 3 * 2 ** 31));
  const mdat = new DataView(head.buffer, head.length - 16);
  assert.deepEqual([mdat.getUint32(0), mdat.getBigUint64(8)], [1, BigInt(3 * 2 ** 31 + 1 + 16)]);
});

test("durations beyond 32 bits take version 1", () => {
  const layout = layoutOf(PLAIN_TRACK);
  const day = 24 * 3600 * 90_000;
  const sample = { bytes: 1, compositionOffset: 0, keyframe: true };
  for (let i = 0; i < 4; i++) layout.add(1, { ...sample, decodeTime: (i * day) / 4, duration: day / 4 });
  const boxes = boxesIn(layout.head());
  for (const path of ["moov/mvhd", "moov/trak/mdia/mdhd"]) {
    const { contents } = boxAt(boxes, path);
    assert.deepEqual([contents.getUint8(0), contents.getBigUint64(24)], [1, BigInt(day)], path);
  }
  assert.equal(boxAt(boxes, "moov/trak/tkhd").contents.getBigUint64(28), BigInt(day));
});

test("a file without samples has a header all the same, and unknown tracks are refused", () => {
  const layout = layoutOf(PLAIN_TRACK);
  const boxes = boxesIn(layout.head());
  assert.deepEqual(entries(boxes, "stts"), []);
  assert.throws(() => layout.addSamples(2, samplesFrom(0, 1, [1])), { name: "RangeError", message: /no track 2/ });
});

test("presentation times come back from the tables as they went in", () => {
  const shape = fc.record({
    gap: fc.integer({ min: 1, max: 9000 }),
    offset: fc.integer({ min: -9000, max: 9000 }),
    size: fc.nat(99),
  });
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 40 }), fc.nat(2 ** 40), (shapes, start) => {
      const layout = layoutOf(PLAIN_TRACK);
      let decodeTime = start;
      const presented = shapes.map(({ gap, offset, size }, i) => {
        layout.add(1, { bytes: size, decodeTime, compositionOffset: offset, duration: gap, keyframe: i === 0 });
        const time = decodeTime + offset;
        decodeTime += gap;
        return time;
      });
      const boxes = boxesIn(layout.head());
      const spread = (type: string): number[] => {
        const runs = boxes.some((box) => box.type === type) ? entries(boxes, type) : [shapes.length, 0];
        return runs.flatMap((count, i) => (i % 2 === 0 ? new Array<number>(count).fill(runs[i + 1]!) : []));
      };
      const deltas = spread("stts");
      const offsets = spread("ctts");
      const list = boxes.find(({ type }) => type === "elst");
      const mediaTime = list ? numbers(list, 4)[2]! : 0;
      let media = 0;
      const found = deltas.map((delta, i) => {
        const time = media + offsets[i]! - mediaTime;
        media += delta;
        return time;
      });
      const earliest = Math.min(...presented);
      assert.deepEqual(
        found,
        presented.map((time) => time - earliest),
      );
    }),
    { numRuns: 200 },
  );
});
