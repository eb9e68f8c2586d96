import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  segmentHeader,
  tracksElement,
} from "../../packages/media/src/index.ts";
import { element, elementHeader, uintElement } from "../../packages/media/src/matroska/element-writer.ts";
import { ID } from "../../packages/media/src/matroska/ids.ts";
import { frame, lacedBlock } from "../../packages/media/test/samples.ts";
import type { Random } from "./random.ts";

const MILLION = 1_000_000;
const LACED_BODIES = 300;

const START = concatBytes([ebmlHeader(), segmentHeader()]);
const TRACK = { number: 1, type: "video", codecId: "V_TEST" } as const;
const HEAD = concatBytes([START, tracksElement([TRACK])]);

function repeat(part: Uint8Array, times: number): Uint8Array {
  const bytes = new Uint8Array(part.length * times);
  for (let i = 0; i < times; i++) bytes.set(part, i * part.length);
  return bytes;
}

/** The element in itself, `depth` times. */
function nest(id: number, depth: number, innermost: Uint8Array): Uint8Array {
  const headers: Uint8Array[] = [];
  let size = innermost.length;
  for (let i = 0; i < depth; i++) {
    const header = elementHeader(id, size);
    headers.push(header);
    size += header.length;
  }
  return concatBytes([...headers.reverse(), innermost]);
}

function* crowds(): Generator<[string, Uint8Array]> {
  const tinyBlock = Uint8Array.of(0xa3, 0x84, 0x81, 0, 0, 0x80);
  const tinyGroup = Uint8Array.of(0xa0, 0x86, 0xa1, 0x84, 0x81, 0, 0, 0);
  const tinyVoid = Uint8Array.of(0xec, 0x80);
  const live = clusterHeader(0);
  const blocks = repeat(tinyBlock, MILLION);
  yield ["a million tiny blocks", concatBytes([HEAD, live, blocks])];
  yield [
    "a million tiny blocks in a Cluster of known size",
    concatBytes([HEAD, clusterHeader(0, blocks.length), blocks]),
  ];
  yield ["a million tiny BlockGroups", concatBytes([HEAD, live, repeat(tinyGroup, MILLION)])];
  yield ["a million Voids in a Cluster", concatBytes([HEAD, live, repeat(tinyVoid, MILLION)])];
  yield [
    "a million Voids in a BlockGroup",
    concatBytes([HEAD, live, element(ID.BlockGroup, repeat(tinyVoid, MILLION))]),
  ];
  yield ["a million Voids before Tracks", concatBytes([START, repeat(tinyVoid, MILLION)])];
  yield ["a million Voids behind a Cluster", concatBytes([HEAD, clusterHeader(0, 0), repeat(tinyVoid, MILLION)])];
  yield ["200,000 Clusters", concatBytes([HEAD, repeat(clusterHeader(7, 0), MILLION / 5)])];
  yield ["200,000 live Clusters", concatBytes([HEAD, repeat(live, MILLION / 5)])];
  yield ["200,000 Tags", concatBytes([HEAD, clusterHeader(0, 0), repeat(elementHeader(ID.Tags, 0), MILLION / 5)])];
  yield ["200,000 Tags before the Cluster", concatBytes([HEAD, repeat(elementHeader(ID.Tags, 0), MILLION / 5)])];
  yield [
    "300,000 SimpleTags",
    concatBytes([HEAD, element(ID.Tags, element(ID.Tag, repeat(elementHeader(ID.SimpleTag, 0), 300_000)))]),
  ];
  yield ["300,000 children of Info", concatBytes([START, element(ID.Info, repeat(tinyVoid, 300_000))])];
  yield [
    "5,000 tracks",
    concatBytes([START, tracksElement(Array.from({ length: 5000 }, (_, i) => ({ ...TRACK, number: i + 1 })))]),
  ];
}

function* depths(): Generator<[string, Uint8Array]> {
  const innermost = Uint8Array.of(0xec, 0x80);
  for (const depth of [2, 15, 16, 17, 100, 10_000, 100_000]) {
    const simpleTags = nest(ID.SimpleTag, depth, innermost);
    yield [`SimpleTags ${depth} deep`, concatBytes([HEAD, element(ID.Tags, element(ID.Tag, simpleTags))])];
    yield [`BlockGroups ${depth} deep`, concatBytes([HEAD, clusterHeader(0), nest(ID.BlockGroup, depth, innermost)])];
    yield [`Segments ${depth} deep`, concatBytes([ebmlHeader(), nest(ID.Segment, depth, innermost)])];
    yield [`EBML headers ${depth} deep`, nest(ID.EBML, depth, innermost)];
    yield [`unknown elements ${depth} deep`, concatBytes([HEAD, clusterHeader(0), nest(0x4201, depth, innermost)])];
  }
}

function* claims(): Generator<[string, Uint8Array]> {
  const huge = 2 ** 52;
  const names = [
    "EBML",
    "Segment",
    "SeekHead",
    "Void",
    "Info",
    "Tracks",
    "Tags",
    "Cues",
    "Attachments",
    "Chapters",
    "Cluster",
  ] as const;
  for (const name of names) {
    const prefix = name === "EBML" ? [] : name === "Segment" ? [ebmlHeader()] : name === "Cluster" ? [HEAD] : [START];
    const claim = elementHeader(ID[name], huge);
    yield [`${name} of 2^52 bytes`, concatBytes([...prefix, claim])];
    yield [
      `${name} of 2^52 bytes, and 4 MiB of them`,
      concatBytes([...prefix, claim, new Uint8Array(4 * 1024 * 1024)]),
    ];
  }
  const block = concatBytes([elementHeader(ID.SimpleBlock, huge), Uint8Array.of(0x81, 0, 0, 0)]);
  yield ["a block of 2^52 bytes", concatBytes([HEAD, clusterHeader(0), block, new Uint8Array(1024 * 1024)])];
  yield ["a Timestamp of 2^53", concatBytes([HEAD, element(ID.Cluster, uintElement(ID.Timestamp, 2n ** 53n))])];
  yield ["a Timestamp of 2^63-1", concatBytes([HEAD, element(ID.Cluster, uintElement(ID.Timestamp, 2n ** 63n - 1n))])];
  yield ["a Timestamp of 2^64-1", concatBytes([HEAD, element(ID.Cluster, uintElement(ID.Timestamp, 2n ** 64n - 1n))])];
  yield ["a megabyte of zeros", new Uint8Array(1024 * 1024)];
  yield ["a megabyte of ones", new Uint8Array(1024 * 1024).fill(0xff)];
  const endless = concatBytes([Uint8Array.of(0x81, 0, 0, 0x02, 0xff), new Uint8Array(MILLION).fill(0xff)]);
  yield ["Xiph lacing of a megabyte", concatBytes([HEAD, clusterHeader(0), element(ID.SimpleBlock, endless)])];
}

function* lacings(random: Random): Generator<[string, Uint8Array]> {
  for (let i = 0; i < LACED_BODIES; i++) {
    const flags = random.pick([0x02, 0x04, 0x06]);
    const frames = Array.from({ length: 1 + random.below(256) }, () => frame(i, random.below(20)));
    const table = Array.from({ length: random.below(300) }, () =>
      random.pick([0, 1, 0x40, 0x7f, 0x80, 0x85, 0xbf, 0xff, random.below(256)]),
    );
    yield [`lacing ${i}`, concatBytes([HEAD, clusterHeader(0), lacedBlock(flags, frames, table)])];
  }
}

/**
 * Bodies that ask for much with little: crowds of small elements, deep nests, false claims of size, and lacing of all
 * kinds.
 */
export function* hostileBodies(random: Random): Generator<[string, Uint8Array]> {
  yield* crowds();
  yield* depths();
  yield* claims();
  yield* lacings(random);
}
