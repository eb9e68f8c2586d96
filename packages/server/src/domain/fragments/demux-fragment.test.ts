import assert from "node:assert/strict";
import { test } from "node:test";
import { MatroskaError, type MatroskaPacket } from "@kvass/media";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import { bodyHeader, clusterStart, simpleBlock } from "../../../../../tests/support/matroska-body.ts";
import { FragmentArchive, type StoredFragment } from "./archive.ts";
import { demuxFragment, FragmentDemuxer, piecesOf } from "./demux-fragment.ts";

const FRAMES = 30;

class Collector extends FragmentDemuxer {
  readonly packets: MatroskaPacket[] = [];

  onPacket(packet: MatroskaPacket): void {
    this.packets.push(packet);
  }
}

/** An archive with a fragment of 3 MB, in frames of 100 kB. */
async function archived(): Promise<{ server: InProcessServer; open: () => Promise<StoredFragment> }> {
  const server = new InProcessServer();
  const stream = await server.create("s");
  const session = await TestSession.open(server, stream);
  const frames = Array.from({ length: FRAMES }, (_, index) =>
    simpleBlock(1, index, index === 0, Buffer.alloc(100_000, index)),
  );
  await session.put(Buffer.concat([bodyHeader(), clusterStart(1000), ...frames]));
  const [row] = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 1);
  const archive = new FragmentArchive({ index: server.index, journal: server.journal, keys: server.keys });
  return { server, open: () => archive.open(stream, row!) };
}

/** The fragment with something changed, and how often it was closed. */
function watched(
  fragment: StoredFragment,
  change: Partial<StoredFragment> = {},
): { fragment: StoredFragment; closed: () => number } {
  let closed = 0;
  const close = (): Promise<void> => {
    closed++;
    return fragment.close();
  };
  const { row, head, bodyStart, frames } = fragment;
  const body = fragment.body.bind(fragment);
  return { fragment: { row, head, bodyStart, frames, body, close, ...change }, closed: () => closed };
}

test("each piece comes with the frames that end in it, and all of them behind header and Cluster", async () => {
  const { server, open } = await archived();
  const collector = new Collector();
  const counts: number[] = [];
  for await (const { bytes } of piecesOf(await open(), collector)) {
    const inside = collector.packets.filter(({ data }) => data.buffer === bytes.buffer);
    assert.ok(inside.length > 0);
    counts.push(collector.packets.length);
  }
  assert.ok(counts.length > 1);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  assert.equal(counts.at(-1), FRAMES);
  assert.equal(collector.header?.tracks.length, 1);
  assert.equal(collector.clusterUs, collector.packets[0]!.timestampUs);
  assert.deepEqual(
    collector.packets.map(({ data }) => [data.length, data[0]]),
    Array.from({ length: FRAMES }, (_, index) => [100_000, index]),
  );
  await server.close();
});

test("a fragment is closed when it was read, when its reader stops, and when it cannot be parsed", async () => {
  const { server, open } = await archived();
  const whole = watched(await open());
  await demuxFragment(whole.fragment, new Collector());
  assert.equal(whole.closed(), 1);
  const stopped = watched(await open());
  for await (const _ of piecesOf(stopped.fragment, new Collector())) break;
  assert.equal(stopped.closed(), 1);
  const fragment = await open();
  const damaged = watched(fragment, { head: { ...fragment.head, ebmlHeader: Buffer.alloc(40, 0xff) } });
  await assert.rejects(demuxFragment(damaged.fragment, new Collector()), MatroskaError);
  assert.equal(damaged.closed(), 1);
  await server.close();
});
