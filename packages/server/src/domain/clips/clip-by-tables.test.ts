import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, make, packetsOf, picture, START } from "../../../../../tests/support/clips.ts";
import { audioVideoHeader, cluster, simpleBlock } from "../../../../../tests/support/matroska-body.ts";
import { RecordDamaged } from "../../storage/ports/journal.ts";
import { openTable, sealTable } from "../keys/seal.ts";

/** Twelve seconds of pictures of `size` bytes and sound, which the parts of fragments cut anywhere. */
const recording = (size: number, frame = picture): Buffer[] =>
  Array.from({ length: 12 }, (_, c) =>
    cluster(
      START + c * 1000,
      ...Array.from({ length: 10 }, (_, i) => [
        simpleBlock(1, i * 100, i === 0, frame(size + 7 * i, i === 0)),
        simpleBlock(2, i * 100 + 5, true, Buffer.alloc(100 + i, i)),
      ]).flat(),
    ),
  );

test("a clip by tables is the clip by fragments, and each of those is read once", async () => {
  for (const size of [60_000, 250_000]) {
    const it = await fixture();
    await it.put(audioVideoHeader(), ...recording(size));
    const byTables = await make(it);
    // One more is opened for the tracks.
    assert.deepEqual([it.archive.opened, it.archive.tables], [13, 12]);
    it.archive.change = () => undefined;
    assert.ok((await make(it)).equals(byTables));
    assert.equal(it.archive.opened, 13 + 25);
    await it.server.close();
  }
});

test("fragments whose table is damaged, or does not tell the form of their frames, are read for what they are", async () => {
  const startCodes = (size: number, key: boolean): Buffer => {
    const frame = picture(size, key).fill(1, 4);
    frame.writeUInt32BE(1);
    return frame;
  };
  const it = await fixture();
  await it.put(audioVideoHeader(), ...recording(60_000, startCodes));
  const clip = await make(it);
  assert.deepEqual([it.archive.opened, it.archive.tables], [25, 12]);
  const [video, audio] = await packetsOf(clip);
  assert.deepEqual([video!.length, audio!.length], [120, 120]);
  await it.server.close();

  const damaged = await fixture();
  await damaged.put(audioVideoHeader(), ...recording(60_000));
  const whole = await make(damaged);
  const { journal } = damaged.server;
  const read = journal.readTable.bind(journal);
  journal.readTable = async (row) => {
    const table = (await read(row))!;
    if (row.sequence % 2 === 0) throw new RecordDamaged("the record's header is damaged");
    return { ...table, ciphertext: Buffer.from(table.ciphertext).fill(0, 30, 31) };
  };
  damaged.archive.opened = 0;
  assert.ok((await make(damaged)).equals(whole));
  assert.equal(damaged.archive.opened, 25);
  await damaged.server.close();
});

test("fragments whose table cannot be decoded though its seal holds are read for what they are, and that is reported once a segment", async () => {
  const it = await fixture();
  await it.put(audioVideoHeader(), ...recording(60_000));
  const whole = await make(it);
  const { journal, keys } = it.server;
  const key = await keys.get(it.stream);
  const read = journal.readTable.bind(journal);
  const changes = [
    // Another version, an end within a field, no time, a frame of a track that is not there, more bytes than the fragment has.
    (table: Buffer) => table.fill(2, 0, 1),
    (table: Buffer) => table.subarray(0, 40),
    (table: Buffer) => table.fill(0xff, 2, 10),
    (table: Buffer) => Buffer.concat([table, Uint8Array.of(0x0f, 0, 1)]),
    (table: Buffer) => Buffer.concat([table, Uint8Array.of(0, 0, 0xff, 0xff, 0xff, 0x7f)]),
  ];
  for (const [place, change] of changes.entries()) {
    journal.readTable = async (row) => {
      const stored = (await read(row))!;
      const { summary } = stored;
      return { ...stored, ...sealTable(key, row, summary, change(openTable(key, stored))) };
    };
    it.archive.opened = 0;
    assert.ok((await make(it)).equals(whole), `change ${place}`);
    assert.equal(it.archive.opened, 25, `change ${place}`);
  }
  // The journal in memory keeps each fragment in a segment of its own.
  assert.deepEqual(
    it.damagedTables.map(({ name }) => name),
    Array(12).fill("LayoutError"),
  );
  await it.server.close();
});

test("a clip whose fragments turn out not to be what they were measured as is cut off", async () => {
  const it = await fixture();
  await it.put(audioVideoHeader(), ...recording(60_000));
  it.archive.change = (table) => {
    const [first, second, ...rest] = table!.frames;
    return {
      ...table!,
      frames: [{ ...first!, size: first!.size + 1 }, { ...second!, size: second!.size - 1 }, ...rest],
    };
  };
  await assert.rejects(make(it), /is not what it was when it was measured/);
  assert.equal(it.clips.active, 0);
  await it.server.close();
});
