import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FsckReport, fsck } from "../../packages/server/src/app/fsck.ts";
import { RecordDamaged } from "../../packages/server/src/storage/ports/journal.ts";
import { payloadOf, TestArchive } from "../support/archive.ts";
import { scratchFolders } from "../support/scratch.ts";
import { xorshift } from "../support/xorshift.ts";

const FLIPS = 1000;
/** Flips of one check. */
const FLIPS_PER_CHECK = 10;
/** Flips checked alone, so that no damage can hide behind another. */
const LONE_CHECKS = 50;

const newFolder = scratchFolders("flip");

interface Place {
  readonly file: string;
  readonly segment: number;
  readonly offset: number;
  readonly bit: number;
}

async function fill(dataDir: string): Promise<void> {
  const archive = await TestArchive.open({ dataDir, limits: { segmentBytes: 30_000, syncsPerSecond: 10_000 } });
  const stream = await archive.createStream("camera");
  for (let sequence = 1; sequence <= 60; sequence++) {
    await archive.put(stream, sequence, payloadOf(stream.id, sequence, 20 * sequence), (sequence % 4) + 1);
  }
  // What was given up is in the journal too.
  const { writer } = await archive.begin(stream, 61, payloadOf(stream.id, 61, 3000), 3);
  writer.abort();
  await archive.close();
}

/** Places spread over all bytes of all segment files. */
function places(dataDir: string): Place[] {
  const folder = join(dataDir, "journal");
  const files = readdirSync(folder).sort();
  const sizes = files.map((file) => readFileSync(join(folder, file)).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const random = xorshift(20_261_121);
  return Array.from({ length: FLIPS }, () => {
    let offset = Math.floor(random() * total);
    const file = sizes.findIndex((size) => {
      if (offset < size) return true;
      offset -= size;
      return false;
    });
    return {
      file: join(folder, files[file]!),
      segment: Number.parseInt(files[file]!, 10),
      offset,
      bit: Math.floor(random() * 8),
    };
  });
}

function flip({ file, offset, bit }: Place): void {
  const bytes = readFileSync(file);
  bytes[offset]! ^= 1 << bit;
  writeFileSync(file, bytes);
}

/** Every fragment reads as what was put, or not at all; returns how many are damaged. */
async function readAll(dataDir: string): Promise<number> {
  const archive = await TestArchive.open({ dataDir });
  let damaged = 0;
  const [stream] = await archive.storage.catalog.list({ limit: 1 });
  for (const row of await archive.rows(stream!)) {
    try {
      assert.deepEqual(await archive.get(stream!, row), payloadOf(stream!.id, row.sequence, 20 * row.sequence));
    } catch (error) {
      if (!(error instanceof RecordDamaged)) throw error;
      damaged++;
    }
  }
  await archive.close();
  return damaged;
}

/** Whether a report names the segment and the very bytes in which a place lies. */
function names(report: FsckReport, place: Place): boolean {
  return report.damages.some(({ kind, segment, offset = 0, length = 0 }) => {
    if (segment !== place.segment) return false;
    return kind === "segment" ? place.offset < 4096 : offset <= place.offset && place.offset < offset + length;
  });
}

test(`one flipped bit in any of ${FLIPS} places of the journal is told by fsck and never served`, async () => {
  const dataDir = newFolder();
  await fill(dataDir);
  assert.equal((await fsck({ dataDir })).ok, true);
  assert.equal(await readAll(dataDir), 0);
  const all = places(dataDir);
  let damaged = 0;
  for (let from = 0; from < FLIPS; ) {
    const group = all.slice(from, from + (from < LONE_CHECKS ? 1 : FLIPS_PER_CHECK));
    from += group.length;
    for (const place of group) flip(place);
    const report = await fsck({ dataDir });
    for (const place of group) assert.ok(names(report, place), `segment ${place.segment}, offset ${place.offset}`);
    damaged += await readAll(dataDir);
    for (const place of group) flip(place);
  }
  assert.ok(damaged > FLIPS / 4, "most flips lie in fragments that can be seen");
  assert.equal((await fsck({ dataDir })).ok, true);
});
