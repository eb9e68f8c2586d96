import { BLOCK, bytes, type Case, CLUSTER, HEAD, TIMESTAMP, TRACKS, testCases } from "../../test/error-cases.ts";
import { frame, lacedBlock } from "../../test/samples.ts";
import { clusterHeader, ebmlHeader, voidElement } from "../index.ts";
import { element, uintElement } from "./element-writer.ts";
import { ID } from "./ids.ts";

const CASES: Case[] = [
  {
    name: "a Cluster beyond its Segment",
    bytes: [ebmlHeader(), element(ID.Segment, [TRACKS, CLUSTER.subarray(0, 9)])],
    code: "overrun",
    element: "Cluster",
  },
  {
    name: "a block beyond its Cluster",
    bytes: [HEAD, clusterHeader(0, 9), BLOCK],
    code: "overrun",
    element: "SimpleBlock",
  },
  {
    name: "a Cluster in a Cluster of known size",
    bytes: [HEAD, element(ID.Cluster, [TIMESTAMP, CLUSTER])],
    code: "unexpected-element",
  },
  { name: "an empty Cluster", bytes: [HEAD, element(ID.Cluster, [])], code: "missing-element", element: "Timestamp" },
  { name: "a Cluster without Timestamp", bytes: [HEAD, element(ID.Cluster, voidElement(9))], code: "missing-element" },
  {
    name: "a block before the Timestamp",
    bytes: [HEAD, element(ID.Cluster, [BLOCK, TIMESTAMP])],
    code: "missing-element",
  },
  { name: "two Timestamps", bytes: [HEAD, element(ID.Cluster, [TIMESTAMP, TIMESTAMP])], code: "duplicate-element" },
  {
    name: "a Timestamp of 2^63-1",
    bytes: [HEAD, element(ID.Cluster, uintElement(ID.Timestamp, 2n ** 63n - 1n))],
    code: undefined,
  },
  {
    name: "a Timestamp of 2^63",
    bytes: [HEAD, element(ID.Cluster, uintElement(ID.Timestamp, 2n ** 63n))],
    code: "invalid-value",
    element: "Timestamp",
  },
  {
    name: "a BlockDuration of 2^53",
    bytes: [HEAD, element(ID.Cluster, [TIMESTAMP, element(ID.BlockGroup, uintElement(ID.BlockDuration, 2n ** 53n))])],
    code: "invalid-value",
    element: "BlockDuration",
  },
  {
    name: "a Timestamp of nine bytes",
    bytes: [HEAD, element(ID.Cluster, uintElement(ID.Timestamp, 1, 9))],
    code: "invalid-value",
  },
  {
    name: "a Timestamp that begins within the limit and ends behind it",
    bytes: [HEAD, element(ID.Cluster, [voidElement(4089), TIMESTAMP, BLOCK])],
    code: undefined,
  },
  {
    name: "a Timestamp that begins behind the limit",
    bytes: [HEAD, element(ID.Cluster, [voidElement(4091), TIMESTAMP, BLOCK])],
    code: "limit-exceeded",
    element: "Cluster",
  },
  {
    name: "a Timestamp behind 5000 bytes",
    bytes: [HEAD, element(ID.Cluster, [voidElement(5000), TIMESTAMP])],
    code: "limit-exceeded",
  },
  {
    name: "a block of 3 bytes",
    bytes: [HEAD, clusterHeader(0), element(ID.SimpleBlock, bytes(0x81, 0, 0))],
    code: "invalid-block",
  },
  {
    name: "a block of track 0",
    bytes: [HEAD, clusterHeader(0), element(ID.SimpleBlock, bytes(0x80, 0, 0, 0))],
    code: "invalid-block",
  },
  {
    name: "a block without track",
    bytes: [HEAD, clusterHeader(0), element(ID.SimpleBlock, bytes(0, 0, 0, 0))],
    code: "invalid-block",
  },
  {
    name: "a block header beyond its block",
    bytes: [HEAD, clusterHeader(0), element(ID.SimpleBlock, bytes(0x40, 1, 0, 0))],
    code: "invalid-block",
  },
  {
    name: "a BlockGroup without Block",
    bytes: [HEAD, clusterHeader(0), element(ID.BlockGroup, voidElement(2))],
    code: "missing-element",
    element: "Block",
  },
  { name: "an empty BlockGroup", bytes: [HEAD, clusterHeader(0), element(ID.BlockGroup, [])], code: "missing-element" },
  {
    name: "two Blocks in a BlockGroup",
    bytes: [
      HEAD,
      clusterHeader(0),
      element(ID.BlockGroup, [element(ID.Block, frame(8, 9).fill(0x81)), element(ID.Block, frame(8, 9))]),
    ],
    code: "duplicate-element",
  },
  {
    name: "a SimpleBlock in a BlockGroup",
    bytes: [HEAD, clusterHeader(0), element(ID.BlockGroup, BLOCK)],
    code: "unexpected-element",
  },
  { name: "a Tag in a Cluster", bytes: [HEAD, clusterHeader(0), element(ID.Tag, [])], code: "unexpected-element" },
  {
    name: "fixed lacing that leaves a rest",
    bytes: [HEAD, clusterHeader(0), lacedBlock(0x04, [frame(1, 4), frame(1, 5)], [])],
    code: "invalid-block",
  },
  {
    name: "Xiph lacing beyond the block",
    bytes: [HEAD, clusterHeader(0), lacedBlock(0x02, [frame(1, 4), frame(1, 5)], [200])],
    code: "invalid-block",
  },
  {
    name: "Xiph lacing without end",
    bytes: [HEAD, clusterHeader(0), lacedBlock(0x02, [bytes(255, 255)], [])],
    code: undefined,
  },
  {
    name: "Xiph lacing of 255s",
    bytes: [HEAD, clusterHeader(0), lacedBlock(0x02, [bytes(255), bytes(255)], [])],
    code: "invalid-block",
  },
  {
    name: "EBML lacing below 0",
    bytes: [HEAD, clusterHeader(0), lacedBlock(0x06, [bytes(1), bytes(2), bytes(3)], [0x81, 0x80])],
    code: "invalid-block",
  },
  {
    name: "EBML lacing of nine bytes",
    bytes: [HEAD, clusterHeader(0), lacedBlock(0x06, [frame(1, 4), frame(1, 5)], [0])],
    code: "invalid-block",
  },
  {
    name: "lacing without frame count",
    bytes: [HEAD, clusterHeader(0), element(ID.SimpleBlock, bytes(0x81, 0, 0, 2))],
    code: "invalid-block",
  },
];

testCases(CASES);
