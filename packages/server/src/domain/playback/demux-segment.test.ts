import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { audioVideoHeader, cluster, simpleBlock } from "../../../../../tests/support/matroska-body.ts";
import { FragmentArchive } from "../fragments/archive.ts";
import { SegmentDemuxer } from "./demux-segment.ts";

const frame = Buffer.alloc(10, 1);

test("a track keeps its place in segments where it has no frame", async () => {
  const server = new InProcessServer({ limits: { requireTracks: "none" } });
  const stream = await server.create("s");
  const session = await TestSession.open(server, stream);
  const pictureAlone = cluster(0, simpleBlock(1, 0, true, frame));
  const soundAlone = cluster(1000, simpleBlock(2, 0, true, frame));
  const both = cluster(2000, simpleBlock(1, 0, true, frame), simpleBlock(2, 5, true, frame));
  await session.put(Buffer.concat([audioVideoHeader(), pictureAlone, soundAlone, both]));
  const archive = new FragmentArchive({ index: server.index, journal: server.journal, keys: server.keys });
  const rows = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 3);
  const found: [number, number][][] = [];
  for (const row of rows) {
    const demuxer = new SegmentDemuxer();
    await demuxer.add(await archive.open(stream, row));
    found.push(demuxer.playable().map(({ track, packets }) => [track.number, packets.length]));
  }
  assert.deepEqual(found, [
    [
      [1, 1],
      [2, 0],
    ],
    [
      [1, 0],
      [2, 1],
    ],
    [
      [1, 1],
      [2, 1],
    ],
  ]);
  await server.close();
});
