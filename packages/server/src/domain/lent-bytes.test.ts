import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { InProcessServer, TestSession } from "../../../../tests/support/in-process.ts";
import {
  bodyHeader,
  cluster,
  END_OF_FRAGMENT,
  element,
  simpleBlock,
  uint,
} from "../../../../tests/support/matroska-body.ts";
import type { FragmentRow } from "../storage/ports/fragment.ts";
import type { Journal } from "../storage/ports/journal.ts";
import { Clips } from "./clips/clips.ts";
import { GENEROUS_CLIP_LIMITS } from "./clips/limits.ts";
import { FragmentArchive } from "./fragments/archive.ts";
import { formatFragmentNumber } from "./fragments/fragment-number.ts";
import { FragmentPoints, GENEROUS_POINT_LIMITS } from "./fragments/fragment-points.ts";
import { readVideo } from "./images/fragment-video.ts";
import { releaseAll } from "./lent-bytes.ts";
import { SegmentBuilder } from "./playback/segment-builder.ts";
import type { Stream } from "./streams/stream.ts";

const START = 1_700_000_000_000;
const EVERYTHING = { clock: "producerTimestamp", from: START, to: START + 3_600_000 } as const;
const FRAMES = 10;
const OVERWRITTEN = 0xee;

/** Lets a journal lend the memory of its parts, which is written over when it is given back; returns how many are out. */
function lend(journal: Journal): () => number {
  let out = 0;
  const read = journal.read.bind(journal);
  journal.read = async function* (place, options) {
    for await (const part of read(place, options)) {
      out++;
      let isOut = true;
      const release = (bytes: Uint8Array): void => {
        bytes.fill(OVERWRITTEN);
        if (isOut) out--;
        isOut = false;
      };
      yield { ...part, release };
    }
  };
  return () => out;
}

/** A frame of H.264 as far as a container looks into it. */
function picture(seed: number, size: number): Buffer {
  const frame = Buffer.alloc(size, 1 + (seed % 200));
  frame.writeUInt32BE(size - 4);
  frame[4] = seed % FRAMES === 0 ? 0x65 : 0x41;
  return frame;
}

/** A BlockGroup with so much behind its Block that parts of a fragment nearly always end between the two. */
function group(offset: number, frame: Buffer, padding: number): Buffer {
  const head = Buffer.from([0x81, offset >> 8, offset & 0xff, 0]);
  return element(0xa0, element(0xa1, head, frame), element(0x9b, uint(100)), element(0xec, Buffer.alloc(padding)));
}

interface Fixture {
  readonly server: InProcessServer;
  readonly stream: Stream;
  readonly archive: FragmentArchive;
  readonly clips: Clips;
  readonly rows: FragmentRow[];
  readonly frames: Buffer[];
  /** The fragments' Clusters. */
  readonly clusters: Buffer[];
  /** Parts that nobody has given back. */
  readonly out: () => number;
}

/** Three fragments of ten frames in a second, some in BlockGroups; the journal lends what it reads. */
async function fixture(frameBytes: number, padding = 0): Promise<Fixture> {
  const server = new InProcessServer();
  const stream = await server.create("gate");
  const frames = Array.from({ length: 3 * FRAMES }, (_, i) => picture(i, frameBytes + i));
  const clusters = [0, 1, 2].map((c) => {
    const own = frames.slice(c * FRAMES, (c + 1) * FRAMES);
    const blocks = own.map((frame, i) =>
      padding > 0 && i % 2 === 1 ? group(i * 100, frame, padding) : simpleBlock(1, i * 100, i === 0, frame),
    );
    return cluster(START + c * 1000, ...blocks);
  });
  const body = clusters.flatMap((bytes) => [bytes, END_OF_FRAGMENT]);
  const acks = await (await TestSession.open(server, stream)).put(Buffer.concat([bodyHeader(), ...body]));
  assert.ok(acks.every(({ EventType }) => EventType !== "ERROR"));
  const out = lend(server.journal);
  const { index, journal, keys, metrics } = server;
  const archive = new FragmentArchive({ index, journal, keys });
  const points = new FragmentPoints(GENEROUS_POINT_LIMITS);
  const clips = new Clips({ index, metrics, archive, points, limits: GENEROUS_CLIP_LIMITS });
  const rows = await index.after({ streamId: stream.id, horizon: 0 }, 0, 10);
  return { server, stream, archive, clips, rows, frames, clusters, out };
}

/** Ways to read the fixture's media as a stream of bytes. */
const READERS: Record<string, (it: Fixture, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>> = {
  GetClip: ({ clips, stream }, signal) => clips.make(stream, EVERYTHING, signal),
  GetMedia: ({ server, stream }, signal) => server.reader.read(stream, { type: "earliest" }, signal),
  GetMediaForFragmentList: ({ server, stream, rows }, signal) =>
    server.reader.readList(stream, rows.map(formatFragmentNumber), signal),
};

/** Reads up to so many pieces as a listener does: a large one may be written over once the next is asked for. */
async function take(bytes: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const taken: Uint8Array[] = [];
  for await (const piece of bytes) {
    taken.push(piece.length < 65_536 ? piece : Buffer.from(piece));
    if (taken.length === count) break;
  }
  return Buffer.concat(taken);
}

/** Resolves when nobody holds memory any more; fails where somebody goes on to. */
async function allBack(out: () => number, what: string): Promise<void> {
  for (let turns = 0; out() > 0; turns++) {
    assert.ok(turns < 1000, `${what}: ${out()} parts have not been given back`);
    await nextTurn();
  }
}

for (const [frameBytes, padding] of [
  [1000, 0],
  [60_000, 0],
  [300_000, 0],
  [1000, 300_000],
  [10_000, 900_000],
] as const) {
  const shape = `frames of ${frameBytes} bytes, ${padding} between them`;

  test(`clips, chunks and segments hold nothing that was given back: ${shape}`, async () => {
    const it = await fixture(frameBytes, padding);
    const nobodyLeaves = new AbortController().signal;
    const all = await Promise.all(
      Object.values(READERS).map(async (read) => take(await read(it, nobodyLeaves), Number.POSITIVE_INFINITY)),
    );
    assert.deepEqual(all[0]!.subarray(-Buffer.concat(it.frames).length), Buffer.concat(it.frames));
    for (const chunks of all.slice(1)) for (const bytes of it.clusters) assert.ok(chunks.includes(bytes));
    const builder = new SegmentBuilder(it.archive, 0, () => undefined);
    const mp4 = await builder.mp4(it.stream, it.rows);
    assert.deepEqual(Buffer.concat(mp4.tracks[0]!.media.payload), Buffer.concat(it.frames));
    const { frames, pieces } = await readVideo(it.archive, it.stream, it.rows[0]!);
    assert.deepEqual(Buffer.concat(frames.map(({ data }) => data)), Buffer.concat(it.frames.slice(0, FRAMES)));
    releaseAll(pieces);
    await allBack(it.out, "at the end");
    await it.server.close();
  });

  test(`whoever leaves gives back what was lent, wherever it was: ${shape}`, async () => {
    const it = await fixture(frameBytes, padding);
    for (const [name, read] of Object.entries(READERS)) {
      for (let count = 1; count <= 12; count++) {
        const leaving = new AbortController();
        await take(await read(it, leaving.signal), count);
        leaving.abort();
        await allBack(it.out, `${name}, left behind ${count} pieces`);
      }
      const leaving = new AbortController();
      await read(it, leaving.signal);
      leaving.abort();
      await allBack(it.out, `${name}, never begun`);
    }
    await it.server.close();
  });
}

test("a clip that cannot be made gives back what was lent for it", async () => {
  for (const frameBytes of [1000, 300_000]) {
    const it = await fixture(frameBytes);
    // No NAL unit has a length beyond its frame.
    const damaged = simpleBlock(1, 0, true, Buffer.alloc(frameBytes, OVERWRITTEN));
    await (await TestSession.open(it.server, it.stream)).put(
      Buffer.concat([bodyHeader(), cluster(START + 3000, damaged), END_OF_FRAGMENT]),
    );
    const making = READERS.GetClip!(it, new AbortController().signal);
    await assert.rejects(making, { code: "invalid-media-frame" });
    await allBack(it.out, `frames of ${frameBytes} bytes`);
    await it.server.close();
  }
});
