import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaPacket } from "@kvass/media";
import fc from "fast-check";
import { InProcessServer, TestSession } from "../../../../../tests/support/in-process.ts";
import {
  audioVideoHeader,
  bodyHeader,
  cluster,
  element,
  simpleBlock,
  uint,
} from "../../../../../tests/support/matroska-body.ts";
import { FragmentArchive } from "./archive.ts";
import { FragmentDemuxer, piecesOf } from "./demux-fragment.ts";
import { decodeFrameTable, type FrameTable } from "./frame-table.ts";
import { LayoutError } from "./layout.ts";

interface Demuxed {
  readonly clusterUs: number;
  readonly frames: readonly { readonly packet: MatroskaPacket; readonly size: number; readonly part: number }[];
}

class Collector extends FragmentDemuxer {
  readonly frames: { packet: MatroskaPacket; size: number; part: number }[] = [];
  part = 0;

  onPacket(packet: MatroskaPacket): void {
    this.frames.push({ packet, size: packet.data.length, part: this.part });
  }
}

/** The fragments of a body as they are stored: the table of each, and what a demuxer tells of it. */
async function stored(
  body: Uint8Array,
  chunk = 65_536,
): Promise<{ readonly table: FrameTable | undefined; readonly demuxed: Demuxed }[]> {
  const server = new InProcessServer({ limits: { requireTracks: "none" } });
  const stream = await server.create("s");
  const acks = await (await TestSession.open(server, stream)).put(body, chunk);
  assert.deepEqual(
    acks.filter(({ EventType }) => EventType === "ERROR"),
    [],
  );
  const archive = new FragmentArchive({ index: server.index, journal: server.journal, keys: server.keys });
  const found = [];
  for (const row of await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 100)) {
    const table = await archive.frameTable(stream, row);
    const demuxed = new Collector();
    for await (const { release } of piecesOf(await archive.open(stream, row), demuxed)) {
      demuxed.part++;
      release();
    }
    found.push({ table, demuxed });
  }
  await server.close();
  return found;
}

function assertTells(table: FrameTable | undefined, { clusterUs, frames }: Demuxed): void {
  assert.ok(table);
  assert.equal(table.clusterUs, clusterUs);
  assert.deepEqual(
    table.frames.map(({ place, ...frame }) => ({ ...frame, track: table.tracks[place]!.number })),
    frames.map(({ packet, size, part }) => {
      const { track, timestampUs, durationUs, keyframe } = packet;
      return { track: track.number, part, size, timestampUs, durationUs, keyframe };
    }),
  );
}

/** A frame of H.264: one NAL unit behind its length. */
function picture(size: number): Buffer {
  const frame = Buffer.alloc(size, 0x41);
  frame.writeUInt32BE(size - 4);
  return frame;
}

const blockBytes = (track: number, offset: number, flags: number, ...payload: Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.of(0x80 | track, (offset >> 8) & 0xff, offset & 0xff, flags), ...payload]);

const blocks = fc.array(
  fc.record({
    track: fc.constantFrom(1, 2),
    kind: fc.constantFrom("simple", "group", "laced"),
    step: fc.integer({ min: -20, max: 400 }),
    key: fc.boolean(),
    size: fc.oneof(fc.integer({ min: 5, max: 300 }), fc.integer({ min: 5, max: 400_000 })),
    duration: fc.option(fc.oneof(fc.nat({ max: 5000 }), fc.nat({ max: 2 ** 44 }))),
    frames: fc.integer({ min: 2, max: 5 }),
  }),
  { minLength: 1, maxLength: 20 },
);

test("a table tells of each frame what a demuxer does, however the fragment arrived", async () => {
  await fc.assert(
    fc.asyncProperty(blocks, fc.integer({ min: 1000, max: 200_000 }), async (given, chunk) => {
      let offset = 100;
      const elements = given.map(({ track, kind, step, key, size, duration, frames }) => {
        offset += step;
        if (kind === "simple") return simpleBlock(track, offset, key, picture(size));
        const laced = Buffer.concat(Array.from({ length: frames }, () => picture(5 + (size % 1000))));
        if (kind === "laced") return element(0xa3, blockBytes(track, offset, 0x84, Buffer.of(frames - 1), laced));
        const reference = key ? [] : [element(0xfb, Buffer.of(0xff))];
        const stated = duration === null ? [] : [element(0x9b, uint(duration))];
        return element(0xa0, element(0xa1, blockBytes(track, offset, 0, picture(size))), ...stated, ...reference);
      });
      const [fragment, ...more] = await stored(
        Buffer.concat([audioVideoHeader(), cluster(1_700_000_000_000, ...elements)]),
        chunk,
      );
      assert.deepEqual(more, []);
      assertTells(fragment!.table, fragment!.demuxed);
      const isLaced = given.some(({ track, kind }) => track === 1 && kind === "laced");
      assert.deepEqual(
        fragment!.table!.tracks.map(({ number, nalLengthBytes }) => ({ number, nalLengthBytes })),
        [
          { number: 1, nalLengthBytes: isLaced ? 0 : 4 },
          { number: 2, nalLengthBytes: 0 },
        ],
      );
    }),
    { numRuns: 20 },
  );
});

test("a table tells where frames are not NAL units behind lengths, fragment by fragment", async () => {
  const annexB = Buffer.from("0000000165888480", "hex");
  const body = [[picture(100), picture(9)], [picture(100), annexB], [Buffer.alloc(0)], [picture(3000)]].map(
    (frames, i) => cluster(i * 1000, ...frames.map((frame, n) => simpleBlock(1, n * 40, n === 0, frame))),
  );
  const fragments = await stored(Buffer.concat([bodyHeader(), ...body]));
  assert.deepEqual(
    fragments.map(({ table }) => table!.tracks[0]!.nalLengthBytes),
    [4, 0, 0, 4],
  );
  for (const { table, demuxed } of fragments) assertTells(table, demuxed);
});

test("times of short ticks and after the year 200,000 are those of a demuxer", async () => {
  const blocksOf = [simpleBlock(1, 0, true, picture(20)), simpleBlock(1, 33, false, picture(20))];
  for (const [scale, timecode] of [
    [1, 1_700_000_000_000_000_123n],
    [100_000_000, 63_000_000_000_000n],
  ] as const) {
    const [fragment] = await stored(Buffer.concat([bodyHeader(1, scale), cluster(timecode, ...blocksOf)]));
    assertTells(fragment!.table, fragment!.demuxed);
  }
});

test("fragments of very many frames or tracks have no table, and those after them do", async () => {
  const frames = (count: number, at: number): Buffer =>
    cluster(at, ...Array.from({ length: count }, (_, i) => simpleBlock(1, i, i === 0, picture(200))));
  const many = await stored(Buffer.concat([bodyHeader(), frames(20_000, 0), frames(3, 30_000)]));
  assert.deepEqual(
    many.map(({ table }) => table?.frames.length),
    [undefined, 3],
  );
  for (const [tracks, told] of [
    [16, 1],
    [17, undefined],
  ] as const) {
    const [fragment] = await stored(Buffer.concat([bodyHeader(tracks), frames(1, 0)]));
    assert.equal(fragment!.table?.frames.length, told);
  }
});

test("a stream that keeps nothing stores no table", async () => {
  const server = new InProcessServer();
  const stream = await server.create("live", 0);
  await (await TestSession.open(server, stream)).put(
    Buffer.concat([bodyHeader(), cluster(0, simpleBlock(1, 0, true, picture(20)))]),
  );
  assert.equal(server.journal.stats().bytesWritten, 0);
  await server.close();
});

test("a table that is cut short, of another version or of a track that it lacks is none", async () => {
  const table = Buffer.from(
    ["01", "01", "0".repeat(16), "412e848000000000", "04", "7ff8000000000000", "01", "10", "00", "14"].join(""),
    "hex",
  );
  assert.deepEqual(decodeFrameTable(table, 20).frames, [
    { place: 0, part: 0, size: 20, timestampUs: 0, durationUs: undefined, keyframe: true },
  ]);
  for (let length = 0; length < table.length; length++) {
    if (length === table.length - 3) continue;
    assert.throws(() => decodeFrameTable(table.subarray(0, length), 20), LayoutError, `${length} bytes`);
  }
  const changed = (offset: number, value: number): Buffer => {
    const copy = Buffer.from(table);
    copy[offset] = value;
    return copy;
  };
  assert.throws(() => decodeFrameTable(changed(0, 2), 20), LayoutError);
  assert.throws(() => decodeFrameTable(changed(table.length - 3, 0x11), 20), LayoutError);
});
