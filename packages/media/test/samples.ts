/** Small Matroska bodies for tests, each with what a reader must find in it. */
import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  infoElement,
  kvsTags,
  segmentHeader,
  simpleBlock,
  tags,
  tracksElement,
  voidElement,
} from "../src/index.ts";
import { element, elementHeader, floatElement, stringElement, uintElement } from "../src/matroska/element-writer.ts";
import { ID } from "../src/matroska/ids.ts";

export interface SampleBlock {
  track: number;
  timecode: number;
  keyframe: boolean;
  frames: Uint8Array[];
  duration?: number;
}

export interface SampleCluster {
  timecode: number;
  bytes: Uint8Array;
  blocks: SampleBlock[];
}

export interface Sample {
  name: string;
  bytes: Uint8Array;
  clusters: SampleCluster[];
  /** Names and values of all Tags, in order. */
  tags: [string, string][];
  concatenated?: boolean;
}

/** Frame contents that differ and hold bytes which look like element IDs. */
export function frame(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i % 7 === 0 ? 0x1f : i % 5 === 0 ? 0xa3 : seed * 31 + i * 17));
}

const INFO = { muxingApp: "Kvass samples", writingApp: "Kvass samples" };
const TRACKS = tracksElement([
  {
    number: 1,
    type: "video",
    codecId: "V_MPEG4/ISO/AVC",
    codecPrivate: Uint8Array.of(1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 0),
    name: "camera",
    video: { pixelWidth: 640, pixelHeight: 360 },
  },
  {
    number: 2,
    type: "audio",
    codecId: "A_AAC",
    codecPrivate: Uint8Array.of(0x11, 0x90),
    audio: { samplingFrequency: 48_000, channels: 2 },
  },
]);

function plainBlock(timecode: number, block: SampleBlock): Uint8Array {
  const { track, keyframe, frames } = block;
  return simpleBlock({ trackNumber: track, relativeTimecode: block.timecode - timecode, keyframe }, frames[0]!);
}

function blocksAt(timecode: number, seed: number): SampleBlock[] {
  return [
    { track: 1, timecode, keyframe: true, frames: [frame(seed, 90)] },
    { track: 2, timecode: timecode + 5, keyframe: true, frames: [frame(seed + 1, 11)] },
    { track: 1, timecode: timecode + 33, keyframe: false, frames: [frame(seed + 2, 0)] },
    { track: 1, timecode: timecode + 67, keyframe: false, frames: [frame(seed + 3, 150)] },
  ];
}

/** As the Kinesis Video Streams producer SDK writes: unknown sizes in one byte, numbers in eight. */
export function producerSdkSample(): Sample {
  const wide = (id: number, data: Uint8Array): Uint8Array => element(id, data, 8);
  const clusters = [1_711_124_585_823, 1_711_124_587_823].map((timecode, index): SampleCluster => {
    const blocks = blocksAt(timecode, index);
    const bytes = concatBytes([
      Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0xff),
      uintElement(ID.Timestamp, timecode, 8),
      Uint8Array.of(0xa7, 0x81, 0x00),
      ...blocks.map((block) => {
        const short = plainBlock(timecode, block);
        return wide(ID.SimpleBlock, short.subarray(short.length - block.frames[0]!.length - 4));
      }),
    ]);
    return { timecode, bytes, blocks };
  });
  const info = element(ID.Info, [
    element(ID.SegmentUUID, new Uint8Array(16)),
    uintElement(ID.TimestampScale, 1_000_000, 8),
    stringElement(ID.Title, "Kinesis Video SDK"),
    stringElement(ID.MuxingApp, "KVS"),
  ]);
  return {
    name: "producer SDK",
    clusters,
    tags: [
      ["place", "gate 7"],
      ["AWS_KINESISVIDEO_END_OF_FRAGMENT", ""],
    ],
    bytes: concatBytes([
      ebmlHeader(),
      Uint8Array.of(0x18, 0x53, 0x80, 0x67, 0xff),
      info,
      TRACKS,
      clusters[0]!.bytes,
      tags([["place", "gate 7"]]),
      clusters[1]!.bytes,
      tags([["AWS_KINESISVIDEO_END_OF_FRAGMENT", ""]]),
    ]),
  };
}

const CRC = Uint8Array.of(0xbf, 0x84, 1, 2, 3, 4);

function blockGroup(timecode: number, block: SampleBlock): Uint8Array {
  const simple = plainBlock(timecode, { ...block, keyframe: false });
  const data = simple.subarray(simple.length - block.frames[0]!.length - 4);
  return element(ID.BlockGroup, [
    element(ID.Block, data),
    ...(block.duration === undefined ? [] : [uintElement(ID.BlockDuration, block.duration)]),
    ...(block.keyframe ? [] : [element(ID.ReferenceBlock, Uint8Array.of(0xdf))]),
    element(0x75a2, Uint8Array.of(7)),
  ]);
}

/** As ffmpeg writes a file: known sizes, CRC-32 first, SeekHead, Void, Tags up front, BlockGroups, Cues at the end. */
export function fileSample(): Sample {
  const clusters = [0, 2000, 4000].map((timecode, index): SampleCluster => {
    const simple = blocksAt(timecode, 10 + index);
    const grouped: SampleBlock[] = [
      { track: 1, timecode: timecode + 100, keyframe: false, frames: [frame(40, 33)], duration: 33 },
      { track: 2, timecode: timecode + 120, keyframe: true, frames: [frame(41, 12)] },
    ];
    const children = concatBytes([
      CRC,
      uintElement(ID.Timestamp, timecode),
      uintElement(0xab, 300),
      ...simple.map((block) => plainBlock(timecode, block)),
      voidElement(9),
      ...grouped.map((block) => blockGroup(timecode, block)),
    ]);
    return { timecode, bytes: element(ID.Cluster, children), blocks: [...simple, ...grouped] };
  });
  const body = concatBytes([
    element(ID.SeekHead, CRC),
    voidElement(148),
    element(ID.Info, [CRC, floatElement(ID.Duration, 6000), stringElement(ID.MuxingApp, "Lavf")]),
    TRACKS,
    tags([["ENCODER", "samples"]]),
    voidElement(20),
    ...clusters.map((cluster) => cluster.bytes),
    element(ID.Cues, frame(9, 300)),
    element(0x1f43b677, frame(3, 20)),
  ]);
  return {
    name: "file",
    clusters,
    tags: [["ENCODER", "samples"]],
    bytes: concatBytes([ebmlHeader("webm"), elementHeader(ID.Segment, body.length, 8), body, voidElement(5)]),
  };
}

/** A laced SimpleBlock; `table` is the lacing table behind the frame count. */
export function lacedBlock(flags: number, frames: Uint8Array[], table: number[]): Uint8Array {
  const head = Uint8Array.of(0x82, 0, 5, flags, frames.length - 1, ...table);
  return element(ID.SimpleBlock, [head, ...frames]);
}

/** Blocks of every lacing, in a Cluster of unknown size within a Segment of known size. */
export function lacedSample(): Sample {
  const timecode = 70_000;
  const even = [frame(1, 40), frame(2, 40), frame(3, 40)];
  const odd = [frame(1, 600), frame(2, 255), frame(3, 3), frame(4, 70)];
  const single = [frame(5, 17)];
  const block = (frames: Uint8Array[]): SampleBlock => ({ track: 2, timecode: timecode + 5, keyframe: true, frames });
  const bytes = concatBytes([
    clusterHeader(timecode),
    lacedBlock(0x84, even, []),
    lacedBlock(0x82, odd, [255, 255, 90, 255, 0, 3]),
    // 600 in two bytes, then -345 and -252 in two bytes with the bias 8191.
    lacedBlock(0x86, odd, [0x42, 0x58, 0x5e, 0xa6, 0x5f, 0x03]),
    lacedBlock(0x82, single, []),
    lacedBlock(0x86, single, []),
  ]);
  const body = concatBytes([infoElement(INFO), TRACKS, bytes]);
  return {
    name: "laced",
    clusters: [{ timecode, bytes, blocks: [block(even), block(odd), block(odd), block(single), block(single)] }],
    tags: [],
    bytes: concatBytes([ebmlHeader(), elementHeader(ID.Segment, body.length), body]),
  };
}

/** As GetMedia answers: a file for each fragment, with the service's Tags before and behind the Cluster. */
export function getMediaSample(): Sample {
  const { clusters } = producerSdkSample();
  const head = [ebmlHeader(), segmentHeader(), infoElement(INFO), TRACKS];
  const found: [string, string][] = [];
  const tagged = (name: string, value: string): Uint8Array => {
    found.push([name, value]);
    return kvsTags([[name, value]]);
  };
  const files = clusters.map((cluster, index) =>
    concatBytes([
      ...head,
      tagged("AWS_KINESISVIDEO_FRAGMENT_NUMBER", `913438523331${index}`),
      cluster.bytes,
      tagged("AWS_KINESISVIDEO_CONTINUATION_TOKEN", `913438523331${index}`),
    ]),
  );
  return { name: "GetMedia", clusters, tags: found, bytes: concatBytes(files), concatenated: true };
}

/** All samples. */
export function samples(): Sample[] {
  return [producerSdkSample(), fileSample(), lacedSample(), getMediaSample()];
}
