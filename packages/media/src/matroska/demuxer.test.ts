import assert from "node:assert/strict";
import { test } from "node:test";
import { fileSample, frame, getMediaSample, lacedSample, producerSdkSample, samples } from "../../test/samples.ts";
import { MatroskaDemuxer, type MatroskaDemuxerOptions } from "./demuxer.ts";
import { FragmentStreamReader, type MediaFragment } from "./fragment-stream-reader.ts";
import type { MatroskaPacket } from "./packet.ts";

function demux(bytes: Uint8Array, chunkSize: number, options?: MatroskaDemuxerOptions): MatroskaPacket[] {
  const packets: MatroskaPacket[] = [];
  const demuxer = new MatroskaDemuxer({ onPacket: (packet) => packets.push(packet) }, options);
  for (let at = 0; at < bytes.length; at += chunkSize) demuxer.feed(bytes.subarray(at, at + chunkSize));
  demuxer.end();
  return packets;
}

for (const sample of samples()) {
  for (const chunkSize of [1, 17, 256, sample.bytes.length]) {
    test(`packets are the frames, in chunks of ${chunkSize} bytes: ${sample.name}`, () => {
      const packets = demux(sample.bytes, chunkSize, { concatenated: sample.concatenated ?? false });
      const blocks = sample.clusters.flatMap(({ blocks }) => blocks);
      assert.deepEqual(
        packets.map(({ track, timecode, keyframe, data }) => ({ track: track.number, timecode, keyframe, data })),
        blocks.flatMap(({ track, timecode, keyframe, frames }) =>
          frames.map((data) => ({ track, timecode, keyframe, data })),
        ),
      );
    });
  }
}

for (const sample of samples()) {
  test(`a frame lies in no chunk before the one that it is told with, which may be written to: ${sample.name}`, () => {
    const frames = sample.clusters.flatMap(({ blocks }) => blocks.flatMap((block) => block.frames));
    for (let border = 1; border < sample.bytes.length; border++) {
      const told: Uint8Array[] = [];
      const found: Uint8Array[] = [];
      const demuxer = new MatroskaDemuxer(
        { onPacket: ({ data }) => told.push(data) },
        { concatenated: sample.concatenated ?? false },
      );
      for (const chunk of [sample.bytes.slice(0, border), sample.bytes.slice(border)]) {
        demuxer.feed(chunk);
        found.push(...told.splice(0).map((data) => data.slice()));
        chunk.fill(0xee);
      }
      assert.deepEqual(found, frames, `a border at ${border}`);
    }
  });
}

test("a frame that lies in one chunk is not copied", () => {
  const { bytes } = producerSdkSample();
  const views = demux(bytes, bytes.length).filter(({ data }) => data.length > 0);
  assert.equal(views.length, 6);
  assert.ok(views.every(({ data }) => data.buffer === bytes.buffer));
});

test("times are in microseconds, and a block's duration is shared by its frames", () => {
  const [first] = demux(producerSdkSample().bytes, 1000);
  assert.equal(first!.timestampUs, 1_711_124_585_823_000);
  assert.equal(first!.durationUs, undefined);
  const grouped = demux(fileSample().bytes, 1000).filter(({ durationUs }) => durationUs !== undefined);
  assert.deepEqual([...new Set(grouped.map(({ durationUs }) => durationUs))], [33_000]);
});

test("a block beyond the limit is refused when it must be joined", () => {
  const { bytes } = lacedSample();
  assert.throws(() => demux(bytes, 100, { maxBlockBytes: 500 }), { name: "MatroskaError", code: "limit-exceeded" });
  assert.doesNotThrow(() => demux(bytes, 100, { maxBlockBytes: 1000 }));
});

test("a block beyond the limit is refused on its word, before its bytes come", () => {
  const { bytes } = producerSdkSample();
  const firstFrame = Buffer.from(bytes).indexOf(Buffer.from(frame(0, 90)));
  const demuxer = new MatroskaDemuxer({ onPacket: () => undefined }, { maxBlockBytes: 80 });
  assert.throws(() => demuxer.feed(bytes.subarray(0, firstFrame + 1)), { code: "limit-exceeded" });
});

test("a block of a track that the header lacks is refused", () => {
  const { bytes } = producerSdkSample();
  const at = Buffer.from(bytes).indexOf(Buffer.from(frame(0, 90))) - 4;
  const changed = bytes.slice();
  changed[at] = 0x85;
  assert.throws(() => demux(changed, 1000), { name: "MatroskaError", code: "invalid-block" });
});

function readFragments(bytes: Uint8Array, chunkSize: number): { ended: MediaFragment[]; calls: string[] } {
  const ended: MediaFragment[] = [];
  const calls: string[] = [];
  const reader = new FragmentStreamReader({
    onFragmentStart: ({ leadingTags }) => calls.push(`start ${leadingTags.map(({ name }) => name).join()}`),
    onPacket: (packet, fragment) => calls.push(`packet ${packet.timecode - fragment.cluster!.timecode}`),
    onFragmentEnd: (fragment) => {
      calls.push(`end ${fragment.trailingTags.map(({ name }) => name).join()}`);
      ended.push(fragment);
    },
  });
  for (let at = 0; at < bytes.length; at += chunkSize) reader.feed(bytes.subarray(at, at + chunkSize));
  reader.end();
  return { ended, calls };
}

test("a GetMedia response is read fragment by fragment", () => {
  const fragment = [
    "start AWS_KINESISVIDEO_FRAGMENT_NUMBER",
    "packet 0",
    "packet 5",
    "packet 33",
    "packet 67",
    "end AWS_KINESISVIDEO_CONTINUATION_TOKEN",
  ];
  for (const chunkSize of [1, 100, 10_000]) {
    const { ended, calls } = readFragments(getMediaSample().bytes, chunkSize);
    assert.deepEqual(calls, [...fragment, ...fragment]);
    assert.deepEqual(
      ended.map(({ leadingTags, header }) => [leadingTags[0]!.value, header.tracks.length]),
      [
        ["9134385233310", 2],
        ["9134385233311", 2],
      ],
    );
  }
});

test("a fragment ends with its continuation token, before the next file comes", () => {
  const { bytes } = getMediaSample();
  const ends: number[] = [];
  let at = 0;
  const reader = new FragmentStreamReader({
    onFragmentStart: () => undefined,
    onPacket: () => undefined,
    onFragmentEnd: () => ends.push(at),
  });
  for (at = 1; at <= bytes.length; at++) reader.feed(bytes.subarray(at - 1, at));
  assert.deepEqual(ends, [bytes.length / 2, bytes.length]);
});

test("each Cluster of an ordinary file is a fragment, and a response without bytes has none", () => {
  assert.equal(readFragments(fileSample().bytes, 64).ended.length, 3);
  assert.deepEqual(readFragments(new Uint8Array(0), 1).calls, []);
});

test("a chunk of Tags alone is told as a fragment without Cluster", () => {
  const { bytes } = getMediaSample();
  const cluster = Buffer.from(bytes).indexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75]));
  const { ended, calls } = readFragments(bytes.subarray(0, cluster), 50);
  assert.deepEqual(calls, ["end "]);
  assert.equal(ended[0]!.cluster, undefined);
  assert.equal(ended[0]!.leadingTags[0]!.name, "AWS_KINESISVIDEO_FRAGMENT_NUMBER");
});
