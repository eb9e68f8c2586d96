/** What the tests of clips share. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { BufferSource, EncodedPacketSink, Input, MP4 } from "mediabunny";
import { Clips } from "../../packages/server/src/domain/clips/clips.ts";
import { type ClipLimits, GENEROUS_CLIP_LIMITS } from "../../packages/server/src/domain/clips/limits.ts";
import { FragmentArchive } from "../../packages/server/src/domain/fragments/archive.ts";
import { FragmentPoints, GENEROUS_POINT_LIMITS } from "../../packages/server/src/domain/fragments/fragment-points.ts";
import type { FrameTable } from "../../packages/server/src/domain/fragments/frame-table.ts";
import type { Stream } from "../../packages/server/src/domain/streams/stream.ts";
import { InProcessServer, TestSession } from "./in-process.ts";
import { cluster, END_OF_FRAGMENT, simpleBlock } from "./matroska-body.ts";

/** Well in the past, so that ranges around it end before now. */
export const START = 1_700_000_000_000;
export const MIB = 2 ** 20;
export const EVERYTHING = { clock: "producerTimestamp", from: START, to: START + 3_600_000 } as const;

/** An archive that counts what is read, and may change what tables tell. */
export class WatchedArchive extends FragmentArchive {
  /** Fragments opened. */
  opened = 0;
  /** Tables read. */
  tables = 0;
  change: (table: FrameTable | undefined) => FrameTable | undefined = (table) => table;

  override open(...parameters: Parameters<FragmentArchive["open"]>): ReturnType<FragmentArchive["open"]> {
    this.opened++;
    return super.open(...parameters);
  }

  override async frameTable(
    ...parameters: Parameters<FragmentArchive["frameTable"]>
  ): ReturnType<FragmentArchive["frameTable"]> {
    this.tables++;
    return this.change(await super.frameTable(...parameters));
  }
}

export interface Fixture {
  readonly server: InProcessServer;
  readonly stream: Stream;
  readonly archive: WatchedArchive;
  readonly clips: Clips;
  /** What was reported of tables of frames. */
  readonly damagedTables: readonly Error[];
  put(...body: Uint8Array[]): Promise<void>;
}

export async function fixture(limits: Partial<ClipLimits> = {}, now: () => number = Date.now): Promise<Fixture> {
  const server = new InProcessServer({ now });
  const stream = await server.create("gate");
  const { index, journal, keys, metrics } = server;
  const damagedTables: Error[] = [];
  const archive = new WatchedArchive({
    index,
    journal,
    keys,
    tell: (_name, fields) => void ("err" in fields && damagedTables.push(fields.err)),
  });
  const clips = new Clips({
    index,
    metrics,
    archive,
    points: new FragmentPoints(GENEROUS_POINT_LIMITS),
    limits: { ...GENEROUS_CLIP_LIMITS, ...limits },
    now,
  });
  const put = async (...body: Uint8Array[]): Promise<void> => {
    const acks = await (await TestSession.open(server, stream)).put(Buffer.concat(body));
    const errors = acks.filter(({ EventType }) => EventType === "ERROR");
    assert.deepEqual(errors, []);
  };
  return { server, stream, archive, clips, damagedTables, put };
}

let seed = 0;
/** A frame of H.264 as far as a container looks into it: one NAL unit behind its length. */
export function picture(size: number, key: boolean): Buffer {
  const frame = Buffer.alloc(size, ++seed);
  frame.writeUInt32BE(size - 4);
  frame[4] = key ? 0x65 : 0x41;
  frame.writeUInt32BE(seed, 5);
  return frame;
}

/** A fragment that begins so many milliseconds after `START`, with ten pictures in a second. */
export function fragment(at: number, { key = true, size = 1000 } = {}): Buffer {
  const frames = Array.from({ length: 10 }, (_, i) =>
    simpleBlock(1, i * 100, key && i === 0, picture(size, key && i === 0)),
  );
  return Buffer.concat([cluster(START + at, ...frames), END_OF_FRAGMENT]);
}

export const NOBODY_LEAVES = new AbortController().signal;

export async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  // Copies: what was handed over may be written to later.
  for await (const piece of bytes) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

export const make = async (
  { clips, stream }: Fixture,
  range: Parameters<Clips["make"]>[1] = EVERYTHING,
): Promise<Buffer> => read(await clips.make(stream, range, NOBODY_LEAVES));

export const hash = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex").slice(0, 16);

/** The packets of a file's tracks as mediabunny reads them: `milliseconds:hash`, key frames marked with a K. */
export async function packetsOf(file: Uint8Array): Promise<string[][]> {
  const input = new Input({ source: new BufferSource(file), formats: [MP4] });
  const tracks: string[][] = [];
  for (const track of await input.getTracks()) {
    const packets: string[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) {
      packets.push(`${Math.round(packet.timestamp * 1000)}:${hash(packet.data)}${packet.type === "key" ? "K" : ""}`);
    }
    tracks.push(packets);
  }
  return tracks;
}
