import assert from "node:assert/strict";
import { test } from "node:test";
import { ackWords, InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import {
  audioVideoHeader,
  bodyHeader,
  cluster,
  clusterStart,
  END_OF_FRAGMENT,
  element,
  fragment,
  simpleBlock,
  subtitledHeader,
  tags,
  uint,
} from "../../../../../tests/support/matroska-body.ts";
import { AWS_LIMITS, GENEROUS_LIMITS, type IngestLimits } from "./limits.ts";

const frame = Buffer.from("frame");
const video = (offset: number, key = false): Buffer => simpleBlock(1, offset, key, frame);
const audio = (offset: number): Buffer => simpleBlock(2, offset, true, frame);
const second = (timecode: number): Buffer => fragment(timecode, 5, 40, 1000);
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, "value"]));
const strict: Partial<IngestLimits> = { ...AWS_LIMITS, fragmentsPerSecond: Number.POSITIVE_INFINITY };
/** BlockGroup with one Block, as ffmpeg writes a Cluster's last frame. */
const group = (offset: number): Buffer =>
  element(0xa0, element(0xa1, simpleBlock(1, offset, false, frame).subarray(9)), element(0x9b, uint(40)));
const EBML_VOID = element(0xec, Buffer.alloc(9));

interface Case {
  readonly what: string;
  readonly body: readonly Uint8Array[];
  /** B buffering, R received, P persisted with their timecode; E error id, @ timecode where it names a fragment. */
  readonly acks: string;
  readonly limits?: Partial<IngestLimits>;
  readonly retention?: number;
  readonly clock?: { type: "ABSOLUTE" | "RELATIVE"; start: number };
  readonly message?: RegExp;
}

const CASES: readonly Case[] = [
  { what: "an empty body", body: [], acks: "" },
  { what: "a header without a fragment", body: [bodyHeader()], acks: "" },
  { what: "a fragment ended by the body's end", body: [bodyHeader(), second(1000)], acks: "B1000 R1000 P1000" },
  {
    what: "fragments ended by the next",
    body: [bodyHeader(), second(1000), second(2000), second(3000)],
    acks: "B1000 R1000 B2000 R2000 B3000 R3000 P1000 P2000 P3000",
  },
  {
    what: "a stream without retention",
    body: [bodyHeader(), second(1000), second(2000)],
    retention: 0,
    acks: "B1000 R1000 B2000 R2000",
  },
  {
    what: "relative timecodes, told as they were sent",
    body: [bodyHeader(), second(0)],
    clock: { type: "RELATIVE", start: 1_795_254_695_700 },
    acks: "B0 R0 P0",
  },
  {
    what: "clusters of known size",
    body: [bodyHeader(), cluster(1000, video(0, true), video(40)), cluster(2000, video(0, true))],
    acks: "B1000 R1000 B2000 R2000 P1000 P2000",
  },
  {
    what: "BlockGroups, Void and CRC-32",
    body: [bodyHeader(), EBML_VOID, cluster(1000, video(0, true), EBML_VOID, group(40))],
    acks: "B1000 R1000 P1000",
  },
  {
    what: "a fragment of many seconds",
    body: [bodyHeader(), clusterStart(0), video(0, true), video(30_000)],
    acks: "B0 R0 P0",
  },
  {
    what: "a fragment that lasts longer than AWS allows",
    body: [bodyHeader(), clusterStart(0), video(0, true), video(20_001)],
    limits: strict,
    acks: "B0 E4002@0",
    message: /spans 20001 ms, at most 20000/,
  },
  {
    what: "a fragment of too many bytes",
    body: [bodyHeader(), fragment(0, 10, 20_000, 1000)],
    limits: { maxFragmentBytes: 150_000 },
    acks: "B0 E4001@0",
  },
  {
    what: "a cluster that says that it is too large",
    body: [bodyHeader(), cluster(0, video(0, true), simpleBlock(1, 40, false, Buffer.alloc(5000)))],
    limits: { maxFragmentBytes: 4000 },
    acks: "B0 E4001@0",
  },
  {
    what: "a fragment that begins when the last frame of the one before did",
    body: [bodyHeader(), second(1000), second(1800)],
    acks: "B1000 R1000 B1800 P1000 E4004@1800",
    message: /timecode 1800 is not later than the fragment before, which reaches 1800/,
  },
  {
    what: "a fragment that was sent twice",
    body: [bodyHeader(), second(1000), second(1000)],
    acks: "B1000 R1000 B1000 P1000 E4004@1000",
  },
  {
    what: "audio that the video of the fragment before is ahead of",
    body: [
      audioVideoHeader(),
      cluster(1000, video(0, true), audio(0), video(960)),
      cluster(2000, audio(-60), video(0, true)),
    ],
    acks: "B1000 R1000 B2000 R2000 P1000 P2000",
  },
  {
    what: "the same by AWS's rule",
    body: [
      audioVideoHeader(),
      cluster(1000, video(0, true), audio(0), video(960)),
      cluster(2000, audio(-60), video(0, true)),
    ],
    limits: strict,
    acks: "B1000 R1000 B2000 P1000 E4004@2000",
  },
  {
    what: "clusters that a muxer cut by size, with reordered frames and tracks missing here and there",
    body: [
      audioVideoHeader(),
      cluster(1000, video(0, true)),
      cluster(1080, video(0), audio(-80)),
      cluster(1040, video(0)),
      cluster(2000, video(0, true), audio(0)),
    ],
    acks: "B1000 R1000 B1080 R1080 B1040 R1040 B2000 R2000 P1000 P1080 P1040 P2000",
  },
  {
    what: "clusters that a muxer cut by size, where all tracks are needed",
    body: [
      audioVideoHeader(),
      cluster(1000, video(0, true)),
      cluster(1080, video(0), audio(-80)),
      cluster(1040, video(0)),
      cluster(2000, video(0, true), audio(0)),
    ],
    limits: { requireTracks: "audiovisual" },
    acks: "B1000 B1080 R1000 R1080 B1040 R1040 B2000 R2000 P1000 P1080 P1040 P2000",
  },
  {
    what: "a last cluster of sound alone, as a file's sound outlasts its pictures by some frames",
    body: [audioVideoHeader(), cluster(1000, video(0, true), audio(0), video(960)), cluster(2000, audio(0), audio(20))],
    acks: "B1000 R1000 B2000 R2000 P1000 P2000",
  },
  {
    what: "a fragment of sound alone, where pictures are needed too",
    body: [audioVideoHeader(), cluster(1000, video(0, true), audio(0)), cluster(2000, audio(0), audio(900))],
    limits: { requireTracks: "audiovisual" },
    acks: "B1000 R1000 B2000 P1000 E4011@2000",
  },
  {
    what: "a cluster without a block",
    body: [bodyHeader(), second(1000), cluster(2000), second(3000)],
    acks: "B1000 R1000 B2000 P1000 E4011@2000",
  },
  {
    what: "a track without frames up to the next key frame, where every one needs them",
    body: [audioVideoHeader(), cluster(1000, video(0, true)), cluster(2000, video(0, true), audio(0))],
    limits: { requireTracks: "audiovisual" },
    acks: "B1000 B2000 E4011@1000",
  },
  {
    what: "a track without frames at the body's end, where every one needs them",
    body: [audioVideoHeader(), cluster(1000, video(0, true), audio(0)), cluster(2000, video(0, true))],
    limits: { requireTracks: "audiovisual" },
    acks: "B1000 R1000 B2000 P1000 E4011@2000",
  },
  {
    what: "a track without frames before END_OF_FRAGMENT, where every one needs them",
    body: [audioVideoHeader(), cluster(1000, audio(0)), END_OF_FRAGMENT, cluster(2000, video(0, true), audio(0))],
    limits: { requireTracks: "audiovisual" },
    acks: "B1000 E4011@1000",
  },
  {
    what: "a subtitle track without frames: it is sparse",
    body: [
      subtitledHeader(),
      cluster(1000, video(0, true)),
      cluster(2000, video(0, true), simpleBlock(2, 0, true, frame)),
    ],
    acks: "B1000 R1000 B2000 R2000 P1000 P2000",
  },
  {
    what: "the same by AWS's rule",
    body: [subtitledHeader(), cluster(1000, video(0, true)), cluster(2000, video(0, true))],
    limits: strict,
    acks: "B1000 B2000 E4011@1000",
  },
  {
    what: "a track without frames where that is allowed",
    body: [audioVideoHeader(), cluster(1000, video(0, true)), cluster(2000, audio(0))],
    limits: { requireTracks: "none" },
    acks: "B1000 R1000 B2000 R2000 P1000 P2000",
  },
  {
    what: "sound that begins after the pictures, and ends after them",
    body: [
      audioVideoHeader(),
      cluster(1000, video(0, true), video(960)),
      cluster(2000, video(0, true), audio(0)),
      cluster(3000, audio(0), audio(960)),
      cluster(5000, audio(0), audio(960)),
    ],
    acks: "B1000 R1000 B2000 R2000 B3000 R3000 B5000 R5000 P1000 P2000 P3000 P5000",
  },
  {
    what: "a fragment of subtitles alone",
    body: [subtitledHeader(), cluster(1000, video(0, true)), cluster(5000, simpleBlock(2, 0, true, frame))],
    acks: "B1000 R1000 B5000 P1000 E4011@5000",
  },
  {
    what: "a block of an undeclared track",
    body: [bodyHeader(), second(1000), clusterStart(2000), simpleBlock(3, 0, true, frame)],
    acks: "B1000 R1000 B2000 P1000 E4010@2000",
    message: /track 3, Tracks declares 1/,
  },
  {
    what: "more tracks than AWS allows",
    body: [bodyHeader(4), second(1000)],
    limits: strict,
    acks: "E4012",
  },
  {
    what: "more tags than AWS allows on a fragment",
    body: [bodyHeader(), second(1000), tags(many(10)), tags(many(1)), second(2000)],
    limits: strict,
    acks: "B1000 E4009@1000",
  },
  {
    what: "as many tags as AWS allows, and signals beside them",
    body: [bodyHeader(), tags(many(4)), second(1000), tags(many(6)), END_OF_FRAGMENT, tags(many(10)), second(2000)],
    limits: strict,
    acks: "B1000 R1000 B2000 R2000 P1000 P2000",
  },
  { what: "a body without EBML header", body: [second(1000)], acks: "E4006", message: /EBML at byte 0/ },
  {
    what: "a second EBML header",
    body: [bodyHeader(), second(1000), bodyHeader(), second(2000)],
    acks: "B1000 R1000 P1000 E4006",
    message: /EBML at byte \d+: only once/,
  },
  {
    what: "Tracks behind a Cluster",
    body: [bodyHeader(), second(1000), element(0x1654ae6b, Buffer.alloc(0)), second(2000)],
    acks: "B1000 R1000 P1000 E4006",
    message: /Tracks/,
  },
  {
    what: "a body that ends within a block",
    body: [bodyHeader(), second(1000), clusterStart(2000), video(0, true).subarray(0, 15)],
    acks: "B1000 R1000 B2000 P1000 E4006@2000",
    message: /the input ends here/,
  },
  {
    what: "damage behind a whole cluster",
    body: [bodyHeader(), cluster(1000, video(0, true)), Buffer.alloc(20)],
    acks: "B1000 R1000 P1000 E4006",
  },
  {
    what: "a moment that no number holds",
    body: [bodyHeader(), second(2 ** 53 - 1)],
    clock: { type: "RELATIVE", start: 1000 },
    acks: `E4007@${2 ** 53 - 1}`,
  },
  {
    what: "a moment beyond 2^53 ms behind a whole fragment",
    body: [bodyHeader(), cluster(1000, video(0, true)), cluster(2n ** 53n, video(0, true))],
    acks: `B1000 R1000 P1000 E4007@${2 ** 53}`,
    message: /timecode 9007199254740992 stands for no moment/,
  },
  {
    what: "a Timestamp that no signed integer of 64 bits holds",
    body: [bodyHeader(1, 100), cluster(2n ** 63n, video(0, true))],
    acks: "E4006",
    message: /Timestamp.*2\^63/,
  },
  {
    what: "the latest Timestamp of all, in nanoseconds",
    body: [bodyHeader(1, 1), cluster(2n ** 63n - 1n, video(0, true))],
    acks: `B${2 ** 63} R${2 ** 63} P${2 ** 63}`,
  },
];

for (const { what, body, acks, limits = {}, retention = 24, clock, message } of CASES) {
  test(`acknowledges ${what}`, async () => {
    const server = new InProcessServer({ limits: { ...GENEROUS_LIMITS, ...limits } });
    const session = await TestSession.open(server, await server.create("s", retention), clock);
    const received = await session.put(Buffer.concat(body), Number.POSITIVE_INFINITY);
    assert.equal(ackWords(received), acks, received.at(-1)?.Message);
    if (message !== undefined) assert.match(received.at(-1)!.Message!, message);
    assert.deepEqual(server.errors, []);
    await server.close();
  });
}
