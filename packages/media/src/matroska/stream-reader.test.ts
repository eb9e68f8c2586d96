import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { record } from "../../test/recorder.ts";
import { fileSample, frame, producerSdkSample, samples } from "../../test/samples.ts";
import { readElementHeader } from "../ebml/element-header.ts";
import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  MatroskaStreamReader,
  simpleBlock,
  tracksElement,
  voidElement,
} from "../index.ts";
import { element, elementHeader, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

for (const sample of samples()) {
  const options = { concatenated: sample.concatenated ?? false };

  test(`reads what stands in a stream of the form: ${sample.name}`, () => {
    const { recorder, error } = record(sample.bytes, [sample.bytes.length], options);
    assert.equal(error, undefined);
    assert.deepEqual(
      recorder.clusters.map(({ timecode, data }) => ({ timecode, data })),
      sample.clusters.map(({ timecode, bytes }) => ({ timecode, data: bytes })),
    );
    for (const [index, cluster] of sample.clusters.entries()) {
      assert.deepEqual(
        recorder.clusters[index]!.blocks.map((block) => ({
          track: block.trackNumber,
          timecode: block.timecode,
          keyframe: block.keyframe,
          frames: block.frames,
          ...(block.duration === undefined ? {} : { duration: block.duration }),
        })),
        cluster.blocks,
      );
    }
    const found = recorder.tags.flatMap(({ simpleTags }) => simpleTags.map(({ name, value }) => [name, value]));
    assert.deepEqual(found, sample.tags);
  });

  test(`tells the same however a stream is cut: ${sample.name}`, () => {
    const whole = record(sample.bytes, [sample.bytes.length], options);
    for (const size of [1, 2, 3, 5, 7, 11, 13, 64]) {
      assert.deepEqual(stable(record(sample.bytes, [size], options)), stable(whole));
    }
    for (let first = 1; first < sample.bytes.length; first++) {
      const cut = record(sample.bytes, [first, sample.bytes.length], options);
      assert.deepEqual(cut.recorder.calls, whole.recorder.calls);
      assert.deepEqual(cut.recorder.clusters, whole.recorder.clusters);
    }
  });

  test(`tells the same of a damaged stream however it is cut: ${sample.name}`, () => {
    const damaged = fc.record({
      at: fc.nat(sample.bytes.length - 1),
      value: fc.integer({ min: 0, max: 255 }),
      length: fc.oneof(fc.constant(sample.bytes.length), fc.integer({ min: 1, max: sample.bytes.length })),
      sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(damaged, ({ at, value, length, sizes }) => {
        const bytes = sample.bytes.slice(0, length);
        bytes[at % length] = value;
        assert.deepEqual(stable(record(bytes, sizes, options)), stable(record(bytes, [bytes.length], options)));
      }),
      { numRuns: 500 },
    );
  });
}

/** What must not depend on the cutting: all but the last bytes of a Cluster that an error left open. */
function stable({ recorder, error }: ReturnType<typeof record>): unknown {
  const { headers, tags, clusters, calls } = recorder;
  return { headers, tags, clusters, calls, error: error && { ...error, message: error.message } };
}

/** Offsets in the Cluster behind each of its children. */
function childEnds(cluster: Uint8Array): number[] {
  const header = { id: 0, size: 0 };
  const ends: number[] = [];
  for (let at = readElementHeader(cluster, 0, cluster.length, header); at < cluster.length; ) {
    at += readElementHeader(cluster, at, cluster.length, header) + header.size;
    ends.push(at);
  }
  return ends;
}

test("after each chunk a live reader has all children that are complete, and knows where they end", () => {
  for (const { bytes, clusters } of [producerSdkSample(), fileSample()]) {
    for (const size of [1, 10, 64, 333]) {
      let told = 0;
      let boundary = 0;
      let start = 0;
      const reader = new MatroskaStreamReader({
        onHeader() {},
        onTags() {},
        onClusterStart({ offset }) {
          told = 0;
          boundary = 0;
          start = offset;
        },
        onClusterData(view, atBoundary) {
          told += view.length;
          if (atBoundary) boundary = told;
        },
        onBlock() {},
        onClusterEnd() {},
      });
      for (let at = 0; at < bytes.length; at += size) {
        reader.feed(bytes.subarray(at, at + size));
        const cluster = clusters.find((one) => Buffer.from(bytes).indexOf(one.bytes) === start);
        if (!cluster) continue;
        const read = Math.min(at + size - start, cluster.bytes.length);
        assert.equal(
          boundary,
          childEnds(cluster.bytes).findLast((end) => end <= read),
        );
      }
      reader.end();
      assert.equal(told, clusters.at(-1)!.bytes.length);
    }
  }
});

test("the element that ends both a Cluster of unknown size and its Segment is told before the Segment's end", () => {
  const live = concatBytes([
    clusterHeader(0),
    simpleBlock({ trackNumber: 1, relativeTimecode: 0, keyframe: true }, frame(1, 3)),
  ]);
  const tracks = tracksElement([{ number: 1, type: "video", codecId: "V_TEST" }]);
  const empty = elementHeader(ID.Tags, 0);
  const bytes = concatBytes([ebmlHeader(), element(ID.Segment, [tracks, live, empty]), voidElement(2)]);
  for (const size of [1, bytes.length]) {
    const { recorder, error } = record(bytes, [size]);
    assert.equal(error, undefined);
    assert.deepEqual(recorder.calls, ["header", "cluster", "block", "clusterEnd", "tags", "segmentEnd"]);
  }
});

test("a Cluster of unknown size ends with its Segment", () => {
  const live = concatBytes([
    clusterHeader(0),
    simpleBlock({ trackNumber: 1, relativeTimecode: 0, keyframe: true }, frame(1, 3)),
  ]);
  const tracks = tracksElement([{ number: 1, type: "video", codecId: "V_TEST" }]);
  const bytes = concatBytes([ebmlHeader(), element(ID.Segment, [tracks, live]), voidElement(9)]);
  for (const size of [1, bytes.length]) {
    const { recorder, error } = record(bytes, [size]);
    assert.equal(error, undefined);
    assert.deepEqual(recorder.clusters[0]!.data, live);
  }
});

test("reads the header as it is written", () => {
  const { recorder } = record(fileSample().bytes, [100]);
  const [header] = recorder.headers;
  assert.equal(header!.docType, "webm");
  assert.equal(header!.duration, 6000);
  assert.equal(header!.timecodeScaleNs, 1_000_000);
  assert.equal(header!.muxingApp, "Lavf");
  const [video, audio] = header!.tracks;
  assert.deepEqual([video!.number, video!.type, video!.name, video!.lacing], [1, "video", "camera", false]);
  assert.deepEqual([video!.video!.pixelWidth, video!.video!.pixelHeight], [640, 360]);
  assert.deepEqual([audio!.codecId, audio!.audio!.samplingFrequency, audio!.audio!.channels], ["A_AAC", 48_000, 2]);
  assert.deepEqual(audio!.codecPrivate, Uint8Array.of(0x11, 0x90));
});

test("header bytes are those of the producer, without Segment and Tags", () => {
  const { bytes } = fileSample();
  const header = record(bytes, [9]).recorder.headers[0]!;
  const { ebmlHeader, segmentElements } = header;
  assert.deepEqual(ebmlHeader, bytes.slice(0, ebmlHeader.length));
  const text = Buffer.from(bytes).toString("latin1");
  const found = Buffer.from(segmentElements).toString("latin1");
  // The trailing 20 bytes are the Void behind Tags.
  assert.ok(text.includes(found.slice(0, -20)));
  assert.ok(!found.includes("ENCODER"));
});

test("Tags know their place, their nest and their bytes", () => {
  const { recorder } = record(producerSdkSample().bytes, [50]);
  assert.deepEqual(
    recorder.tags.map(({ beforeFirstCluster }) => beforeFirstCluster),
    [false, false],
  );
  const { bytes } = producerSdkSample();
  for (const tags of recorder.tags) {
    assert.deepEqual(tags.bytes, bytes.slice(tags.offset, tags.offset + tags.bytes.length));
  }
});

for (const [written, timecode, exactTimecode] of [
  [0n, 0, undefined],
  [2n ** 53n - 1n, 2 ** 53 - 1, undefined],
  [2n ** 53n, 2 ** 53, 2n ** 53n],
  [17_952_546_951_860_001n, 17_952_546_951_860_000, 17_952_546_951_860_001n],
  [2n ** 63n - 1n, 2 ** 63, 2n ** 63n - 1n],
] as const) {
  test(`tells a Timestamp of ${written}, exactly where a number does not hold it`, () => {
    const block = simpleBlock({ trackNumber: 1, relativeTimecode: -3, keyframe: true }, frame(1, 5));
    const bytes = concatBytes([
      ebmlHeader(),
      element(ID.Segment, [
        tracksElement([{ number: 1, type: "video", codecId: "V_TEST" }]),
        element(ID.Cluster, [uintElement(ID.Timestamp, written), block]),
      ]),
    ]);
    for (const size of [bytes.length, 1]) {
      const { recorder, error } = record(bytes, [size]);
      assert.equal(error, undefined);
      const [cluster] = recorder.clusters;
      assert.equal(cluster!.timecode, timecode);
      assert.equal(cluster!.exactTimecode, exactTimecode);
      assert.equal(cluster!.blocks[0]!.relativeTimecode, -3);
      assert.equal(cluster!.blocks[0]!.timecode, timecode - 3);
    }
  });
}
