import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BLOCK,
  bytes,
  type Case,
  CLUSTER,
  HEAD,
  INFO,
  LIVE_CLUSTER,
  START,
  TRACK,
  TRACKS,
  testCases,
} from "../../test/error-cases.ts";
import { record } from "../../test/recorder.ts";
import { fileSample, producerSdkSample, samples } from "../../test/samples.ts";
import {
  concatBytes,
  ebmlHeader,
  MatroskaStreamReader,
  segmentHeader,
  tags,
  tracksElement,
  voidElement,
} from "../index.ts";
import { element, elementHeader, stringElement, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

const ebml = (...children: Uint8Array[]): Uint8Array => element(ID.EBML, children);
const docType = stringElement(ID.DocType, "matroska");
const nested = (depth: number): Uint8Array =>
  element(ID.SimpleTag, depth === 0 ? [stringElement(ID.TagName, "x")] : [nested(depth - 1)]);

const CASES: Case[] = [
  { name: "no bytes", bytes: [], code: "missing-ebml-header" },
  { name: "text", bytes: bytes(0x68, 0x69), code: "missing-ebml-header", element: "EBML" },
  { name: "a Cluster first", bytes: CLUSTER, code: "missing-ebml-header" },
  { name: "zeros first", bytes: new Uint8Array(20), code: "missing-ebml-header" },
  { name: "an EBML header alone", bytes: ebmlHeader(), code: "truncated", element: "Segment" },
  { name: "no DocType", bytes: ebml(uintElement(ID.EBMLVersion, 1)), code: "missing-element", element: "DocType" },
  { name: "another DocType", bytes: ebml(stringElement(ID.DocType, "zebra")), code: "unsupported", element: "DocType" },
  { name: "two DocTypes", bytes: ebml(docType, docType), code: "duplicate-element", element: "DocType" },
  {
    name: "two versions",
    bytes: ebml(docType, uintElement(ID.EBMLVersion, 1), uintElement(ID.EBMLVersion, 1)),
    code: "duplicate-element",
  },
  { name: "two Voids in an EBML header", bytes: ebml(docType, voidElement(3), voidElement(3)), code: "truncated" },
  { name: "long IDs", bytes: ebml(docType, uintElement(ID.EBMLMaxIDLength, 5)), code: "unsupported" },
  { name: "long sizes", bytes: ebml(docType, uintElement(ID.EBMLMaxSizeLength, 9)), code: "unsupported" },
  { name: "no sizes", bytes: ebml(docType, uintElement(ID.EBMLMaxSizeLength, 0)), code: "unsupported" },
  { name: "a later EBML", bytes: ebml(docType, uintElement(ID.EBMLReadVersion, 2)), code: "unsupported" },
  { name: "a later Matroska", bytes: ebml(docType, uintElement(ID.DocTypeReadVersion, 5)), code: "unsupported" },
  {
    name: "a number of nine bytes",
    bytes: ebml(docType, uintElement(ID.EBMLReadVersion, 1, 9)),
    code: "invalid-value",
  },
  { name: "two EBML headers", bytes: [ebmlHeader(), ebmlHeader()], code: "duplicate-element", element: "EBML" },
  { name: "Tracks outside of a Segment", bytes: [ebmlHeader(), TRACKS], code: "unexpected-element", element: "Tracks" },
  { name: "a second Segment", bytes: [HEAD, segmentHeader()], code: "duplicate-element", element: "Segment" },
  { name: "a second Segment ends a Cluster", bytes: [HEAD, LIVE_CLUSTER, segmentHeader()], code: "duplicate-element" },
  {
    name: "a second EBML header",
    bytes: [HEAD, LIVE_CLUSTER, ebmlHeader()],
    code: "duplicate-element",
    element: "EBML",
  },
  {
    name: "a second Segment behind a known size",
    bytes: [ebmlHeader(), element(ID.Segment, TRACKS), voidElement(5), segmentHeader()],
    code: "duplicate-element",
  },
  { name: "no Tracks", bytes: [START, INFO, CLUSTER], code: "missing-element", element: "Tracks" },
  { name: "Tracks without track", bytes: [START, tracksElement([])], code: "missing-element", element: "TrackEntry" },
  {
    name: "a track without codec",
    bytes: [START, tracksElement([{ ...TRACK, codecId: "" }])],
    code: "missing-element",
  },
  { name: "a track 0", bytes: [START, tracksElement([{ ...TRACK, number: 0 }])], code: "missing-element" },
  { name: "a track twice", bytes: [START, tracksElement([TRACK, TRACK])], code: "duplicate-element" },
  { name: "Tracks twice", bytes: [HEAD, TRACKS], code: "duplicate-element", element: "Tracks" },
  { name: "Info twice", bytes: [HEAD, INFO], code: "duplicate-element", element: "Info" },
  { name: "Tracks behind a Cluster", bytes: [HEAD, CLUSTER, TRACKS], code: "unexpected-element", element: "Tracks" },
  { name: "Info ends a Cluster", bytes: [HEAD, LIVE_CLUSTER, INFO], code: "unexpected-element", element: "Info" },
  { name: "a stray track", bytes: [HEAD, element(ID.TrackEntry, bytes(1))], code: "unexpected-element" },
  { name: "a stray block", bytes: [HEAD, BLOCK], code: "unexpected-element", element: "SimpleBlock" },
  { name: "a scale of 0", bytes: [START, element(ID.Info, uintElement(ID.TimestampScale, 0))], code: "invalid-value" },
  {
    name: "a float of 3",
    bytes: [START, element(ID.Info, element(ID.Duration, bytes(1, 2, 3)))],
    code: "invalid-value",
  },
  {
    name: "a child beyond Info",
    bytes: [START, element(ID.Info, bytes(0xec, 0x85, 0))],
    code: "overrun",
    element: "Void",
  },
  {
    name: "half a child in Info",
    bytes: [START, element(ID.Info, bytes(0x2a, 0xd7))],
    code: "overrun",
    element: "Info",
  },
  { name: "zeros in Info", bytes: [START, element(ID.Info, bytes(0, 0))], code: "invalid-vint", element: "Info" },
  { name: "Info of unknown size", bytes: [START, bytes(0x15, 0x49, 0xa9, 0x66, 0xff)], code: "unknown-size" },
  { name: "unknown size within Info", bytes: [START, element(ID.Info, bytes(0xec, 0xff))], code: "unknown-size" },
  { name: "zeros in a Segment", bytes: [HEAD, bytes(0, 0)], code: "invalid-vint", element: "Segment" },
  { name: "a size of nine bytes", bytes: [HEAD, bytes(0xec, 0)], code: "invalid-vint" },
  { name: "an ID of ones", bytes: [HEAD, bytes(0xff, 0x80)], code: "invalid-vint" },
  { name: "an ID of zeros", bytes: [HEAD, bytes(0x40, 0, 0x80)], code: "invalid-vint" },
  {
    name: "Tags nested 17 deep",
    bytes: [HEAD, element(ID.Tags, element(ID.Tag, nested(16)))],
    code: "limit-exceeded",
    element: "SimpleTag",
  },
  { name: "Tags nested 16 deep", bytes: [HEAD, element(ID.Tags, element(ID.Tag, nested(15)))], code: undefined },
  {
    name: "more SimpleTags than allowed",
    bytes: [
      HEAD,
      tags([
        ["a", "b"],
        ["c", "d"],
      ]),
    ],
    options: { limits: { maxSimpleTags: 1 } },
    code: "limit-exceeded",
  },
  {
    name: "more Tags than allowed together",
    bytes: [HEAD, tags([["a", "b"]]), tags([["c", "d"]])],
    options: { limits: { maxSimpleTags: 1 } },
    code: "limit-exceeded",
  },
  {
    name: "Tags longer than allowed",
    bytes: [HEAD, tags([["a", "b"]])],
    options: { limits: { maxTagsBytes: 10 } },
    code: "limit-exceeded",
    element: "Tags",
  },
  { name: "Tags of a terabyte", bytes: [HEAD, elementHeader(ID.Tags, 2 ** 40)], code: "limit-exceeded" },
  {
    name: "a header longer than allowed",
    bytes: [START, voidElement(3_000_000), TRACKS],
    code: "limit-exceeded",
    element: "Void",
  },
  {
    name: "more tracks than allowed",
    bytes: [START, tracksElement([TRACK, { ...TRACK, number: 2 }])],
    options: { limits: { maxTracks: 1 } },
    code: "limit-exceeded",
  },
  {
    name: "the end within a Cluster of known size",
    bytes: [HEAD, CLUSTER.subarray(0, -1)],
    code: "truncated",
    element: "Cluster",
  },
  { name: "the end within a block", bytes: [HEAD, LIVE_CLUSTER.subarray(0, -1)], code: "truncated" },
  { name: "the end within a block header", bytes: [HEAD, LIVE_CLUSTER, BLOCK.subarray(0, 3)], code: "truncated" },
  { name: "the end within an ID", bytes: [HEAD, bytes(0x1f, 0x43)], code: "truncated" },
  { name: "the end within Tags", bytes: [HEAD, tags([["a", "b"]]).subarray(0, -1)], code: "truncated" },
  {
    name: "the end behind a Cluster's size",
    bytes: [HEAD, bytes(0x1f, 0x43, 0xb6, 0x75, 0xff)],
    code: "missing-element",
  },
  { name: "the end behind a block", bytes: [HEAD, LIVE_CLUSTER], code: undefined },
  { name: "the end behind a Cluster", bytes: [HEAD, CLUSTER], code: undefined },
  { name: "the end behind Tracks", bytes: HEAD, code: undefined },
  { name: "the end behind the Segment's size", bytes: START, code: undefined },
  {
    name: "a Segment cut behind a Cluster",
    bytes: [ebmlHeader(), elementHeader(ID.Segment, 9999), TRACKS, CLUSTER],
    code: undefined,
  },
  {
    name: "Void and CRC-32 anywhere",
    bytes: [
      ebmlHeader(),
      voidElement(3),
      segmentHeader(),
      bytes(0xbf, 0x80),
      TRACKS,
      voidElement(2),
      CLUSTER,
      voidElement(9),
    ],
    code: undefined,
  },
  {
    name: "unknown elements anywhere",
    bytes: [
      ebmlHeader(),
      bytes(0x42, 0x01, 0x80),
      segmentHeader(),
      bytes(0x42, 0x02, 0x81, 0),
      TRACKS,
      LIVE_CLUSTER,
      bytes(0x42, 0x03, 0x82, 0, 0),
    ],
    code: undefined,
  },
];

testCases(CASES);

test("a reader that failed repeats its error, and one that has ended takes no more", () => {
  const nothing = {
    onHeader() {},
    onTags() {},
    onClusterStart() {},
    onClusterData() {},
    onBlock() {},
    onClusterEnd() {},
  };
  const failed = new MatroskaStreamReader(nothing);
  assert.throws(() => failed.feed(CLUSTER), { code: "missing-ebml-header" });
  assert.throws(() => failed.feed(HEAD), { code: "missing-ebml-header" });
  assert.throws(() => failed.end(), { code: "missing-ebml-header" });
  const ended = new MatroskaStreamReader(nothing);
  ended.feed(HEAD);
  ended.end();
  assert.throws(() => ended.feed(CLUSTER), /ended/);
});

test("what a handler throws leaves through feed and kills the reader", () => {
  const refuse = (): never => {
    throw new Error("refused");
  };
  const reader = new MatroskaStreamReader({
    onHeader() {},
    onTags() {},
    onClusterStart: refuse,
    onClusterData() {},
    onBlock() {},
    onClusterEnd() {},
  });
  assert.throws(() => reader.feed(concatBytes([HEAD, CLUSTER])), /refused/);
  assert.throws(() => reader.feed(CLUSTER), /refused/);
});

test("a truncated stream is an error unless it ends behind a child", () => {
  for (const sample of samples()) {
    const options = { concatenated: sample.concatenated ?? false };
    for (let length = 1; length < sample.bytes.length; length++) {
      const { error, recorder } = record(sample.bytes.subarray(0, length), [sample.bytes.length], options);
      if (error) assert.ok(["truncated", "missing-element"].includes(error.code), `${length}: ${error.message}`);
      for (const [index, cluster] of recorder.clusters.entries()) {
        if (!cluster.complete) continue;
        const { bytes } = sample.clusters[index]!;
        assert.deepEqual(cluster.data, bytes.slice(0, cluster.data.length));
      }
    }
  }
});

test("Clusters before the damage have been told", () => {
  const sample = fileSample();
  const good = sample.bytes.subarray(0, sample.bytes.length - 400);
  const { recorder } = record(concatBytes([good, new Uint8Array(9)]), [77]);
  assert.ok(recorder.clusters.filter(({ complete }) => complete).length >= 2);
  assert.equal(record(producerSdkSample().bytes, [1]).error, undefined);
});
