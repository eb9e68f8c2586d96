import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { InProcessServer, TestSession } from "../../../../../../tests/support/in-process.ts";
import {
  audioVideoHeader,
  cluster,
  END_OF_FRAGMENT,
  simpleBlock,
} from "../../../../../../tests/support/matroska-body.ts";
import { scratchFolders } from "../../../../../../tests/support/scratch.ts";
import { openFragmentIndex } from "../../../storage/catalog/sqlite/open-fragment-index.ts";
import { FileJournal } from "../../../storage/journal/file/file-journal.ts";
import { nodeFileSystem } from "../../../storage/journal/file/file-system.ts";
import type { FragmentRow } from "../../../storage/ports/fragment.ts";
import { type Journal, RecordDamaged, type StoredPart } from "../../../storage/ports/journal.ts";
import type { Tell } from "../../events/events.ts";
import { FragmentArchive } from "../../fragments/archive.ts";
import type { Stream } from "../../streams/stream.ts";
import { type Mp4Segment, payloadsOf, type TransportSegment } from "../built-segment.ts";
import type { FormName } from "../package-segment.ts";
import { SegmentBuilder } from "../segment-builder.ts";
import { SegmentWorkshop } from "./workshop.ts";

const WORKER = new URL("../../../app/segment-worker.ts", import.meta.url);
/** A worker that ends over its first order. */
const FRAGILE = new URL(
  "data:text/javascript,import{parentPort}from'node:worker_threads';parentPort.once('message',()=>process.exit())",
);
const START = 1_700_000_000_000;
const FORMS: readonly FormName[] = ["mp4", "transport"];
const newFolder = scratchFolders("workshop");

/** A frame of H.264 as far as a container looks into it. */
function picture(seed: number, size: number): Buffer {
  const frame = Buffer.alloc(size, 1 + (seed % 200));
  frame.writeUInt32BE(size - 4);
  frame[4] = seed % 10 === 0 ? 0x65 : 0x41;
  return frame;
}

/** Picture and sound of a second. */
function second(place: number, frameBytes: number): Buffer {
  const pictures = Array.from({ length: 10 }, (_, i) =>
    simpleBlock(1, i * 100, i === 0, picture(place * 10 + i, frameBytes + i)),
  );
  const sounds = Array.from({ length: 10 }, (_, i) => simpleBlock(2, i * 100 + 5, true, Buffer.alloc(200 + i, place)));
  const blocks = pictures.flatMap((block, i) => [block, sounds[i]!]);
  return Buffer.concat([cluster(START + place * 1000, ...blocks), END_OF_FRAGMENT]);
}

/** Stores in files what a journal in memory has: as it was sealed. */
async function storeInFiles(from: Journal, rows: readonly FragmentRow[], folder: string) {
  const { index, ledger } = openFragmentIndex(":memory:");
  const options = { ledger, survives: () => true, limits: { syncsPerSecond: 10_000 }, files: nodeFileSystem };
  const journal = await FileJournal.open({ ...options, folder });
  const stored: FragmentRow[] = [];
  for (const row of rows) {
    const parts: StoredPart[] = [];
    for await (const part of from.read(row)) parts.push(part);
    const sealed = parts.map(({ nonce, tag, ciphertext }) => ({ nonce, tag, ciphertext: [ciphertext] }));
    const writer = journal.begin(row, 0);
    for (const part of sealed.slice(0, -1)) await writer.append(part);
    stored.push(await writer.commit(sealed.at(-1)!, row, await from.readTable(row)));
  }
  return { journal, index, stored };
}

/** Four seconds of picture and sound. */
const footage = (frameBytes: number): Buffer[] => [0, 1, 2, 3].map((place) => second(place, frameBytes));

/** Fragments that are stored in files and in memory. */
async function fixture(body: readonly Buffer[], script = WORKER) {
  const server = new InProcessServer();
  const stream = await server.create("gate");
  await (await TestSession.open(server, stream)).put(Buffer.concat([audioVideoHeader(), ...body]));
  const rows = await server.index.after({ streamId: stream.id, horizon: 0 }, 0, 10);
  const folder = newFolder();
  const { journal, index, stored } = await storeInFiles(server.journal, rows, folder);
  const archive = new FragmentArchive({ index, journal, keys: server.keys });
  const told: string[] = [];
  const tell: Tell = (event) => void told.push(event);
  const workshop = new SegmentWorkshop(archive, script, { relaunchMs: 0, tell });
  const here = new SegmentBuilder(
    new FragmentArchive({ index: server.index, journal: server.journal, keys: server.keys }),
    0,
    () => undefined,
  );
  const close = async (): Promise<void> => {
    await workshop.close();
    await archive.close();
    await journal.close();
    await index.close();
    await server.close();
  };
  return { server, stream, archive, workshop, told, here, rows, stored, folder, close };
}

const keepAlive = setInterval(() => undefined, 1000);
after(() => clearInterval(keepAlive));

/** What the worker makes, once it works. */
async function made<Form extends FormName>(
  workshop: SegmentWorkshop,
  form: Form,
  stream: Stream,
  rows: readonly FragmentRow[],
) {
  for (;;) {
    const segment = await workshop.make(form, stream, rows);
    if (segment !== undefined) return segment;
    await delay(5);
  }
}

/** What all that a segment says and holds comes to, whichever class its bytes are of. */
function contentOf({ memory: _, ...segment }: Mp4Segment | TransportSegment): string {
  const sum = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  return JSON.stringify(structuredClone(segment), (_, value) => (value instanceof Uint8Array ? sum(value) : value));
}

test("the worker makes the same segments, whatever their fragments' parts, one or joined", async () => {
  // The last are of segments for which the worker keeps no memory.
  for (const frameBytes of [10_000, 150_000, 250_000]) {
    const { stream, workshop, here, rows, stored, close } = await fixture(footage(frameBytes));
    for (const form of FORMS) {
      for (const [from, to] of [
        [0, 1],
        [2, 3],
        [0, 4],
      ]) {
        const segment = await made(workshop, form, stream, stored.slice(from, to));
        assert.equal(contentOf(segment), contentOf(await here[form](stream, rows.slice(from, to))));
        for (const { buffer, byteLength } of payloadsOf(segment)) assert.equal(buffer.byteLength, byteLength);
      }
    }
    await close();
  }
});

test("segments of a few bytes, and of very many, are not made by the worker", async () => {
  const { stream, workshop, stored, close } = await fixture(footage(10_000));
  await made(workshop, "mp4", stream, stored);
  for (const size of [1000, 65 * 2 ** 20]) {
    assert.equal(await workshop.make("mp4", stream, [{ ...stored[0]!, size }]), undefined);
  }
  await close();
});

test("a segment of very many frames costs no worker", async () => {
  const frames = Array.from({ length: 50_001 }, (_, i) => simpleBlock(1, i / 50, i === 0, picture(i, 20)));
  const many = cluster(START + 4000, Buffer.concat(frames));
  const { stream, workshop, told, stored, close } = await fixture([...footage(10_000), many]);
  await made(workshop, "mp4", stream, stored.slice(0, 4));
  assert.equal(stored.length, 5);
  assert.equal(await workshop.make("mp4", stream, stored.slice(4)), undefined);
  assert.ok(await workshop.make("mp4", stream, stored.slice(0, 4)));
  assert.deepEqual(told, []);
  await close();
});

test("what the worker cannot make is told by who makes it without", async () => {
  const { stream, archive, workshop, stored, folder, close } = await fixture(footage(10_000));
  await made(workshop, "mp4", stream, stored);
  const file = join(folder, readdirSync(folder)[0]!);
  const bytes = readFileSync(file);
  // Within the ciphertext: the seal alone shows it.
  bytes[stored[1]!.extents[0]! + stored[1]!.extents[1]! - 5000]! ^= 1;
  writeFileSync(file, bytes);
  const builder = new SegmentBuilder(archive, 2 ** 24, () => undefined, workshop);
  for (const form of FORMS) {
    assert.equal(await workshop.make(form, stream, stored), undefined);
    await assert.rejects(builder[form](stream, stored), RecordDamaged);
    assert.ok((await builder[form](stream, stored.slice(2))).memory);
  }
  await close();
});

test("nothing of a stream is given out once it is deleted, though the worker had its key", async () => {
  const { server, stream, archive, workshop, stored, close } = await fixture(footage(150_000));
  await made(workshop, "mp4", stream, stored);
  const builder = new SegmentBuilder(archive, 2 ** 24, () => undefined, workshop);
  const building = FORMS.map((form) => builder[form](stream, stored));
  const deleting = server.streams.delete(stream.arn);
  for (const each of building) await assert.rejects(each);
  await deleting;
  assert.equal(await workshop.make("mp4", stream, stored), undefined);
  for (const form of FORMS) await assert.rejects(builder[form](stream, stored));
  await close();
});

test("where the worker is lost, or there is none any more, segments are made without it", async () => {
  const { stream, archive, workshop, told, here, rows, stored, close } = await fixture(footage(10_000), FRAGILE);
  const builder = new SegmentBuilder(archive, 0, () => undefined, workshop);
  const expected = contentOf(await here.mp4(stream, rows));
  // Until there is one to be lost, and behind that.
  for (let isLost = false; !isLost; await delay(5)) {
    isLost = told.includes("worker lost");
    assert.equal(contentOf(await builder.mp4(stream, stored)), expected);
  }
  await workshop.close();
  assert.equal(contentOf(await builder.mp4(stream, stored)), expected);
  await close();
});
