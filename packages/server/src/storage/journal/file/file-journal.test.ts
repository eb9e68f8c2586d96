import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { wrapped } from "../../../../../../tests/support/wrapped-file.ts";
import { openFragmentIndex } from "../../catalog/sqlite/open-fragment-index.ts";
import { identityOf, sealedPart, sealedTable, summaryOf } from "../../contract/fragments.ts";
import { journalContract } from "../../contract/journal.ts";
import type { FragmentRow } from "../../ports/fragment.ts";
import type { FragmentIndex, FragmentLedger } from "../../ports/fragment-index.ts";
import { JournalUnavailable, RecordDamaged, RecordGone, RecordUnavailable } from "../../ports/journal.ts";
import { FileJournal } from "./file-journal.ts";
import { type FileSystem, nodeFileSystem } from "./file-system.ts";
import type { JournalLimits } from "./limits.ts";
import type { SpaceReserve } from "./space-guard.ts";

const root = mkdtempSync(join(tmpdir(), "kvass-journal-"));
after(() => rmSync(root, { recursive: true }));

interface OpenOptions {
  readonly folder?: string;
  readonly limits?: Partial<JournalLimits>;
  readonly files?: FileSystem;
  readonly reserve?: SpaceReserve;
  /** Called before each insert into the index; what it throws, the insert throws. */
  readonly onInsert?: () => void;
}

/** A ledger whose inserts may fail. */
function watched(ledger: FragmentLedger, onInsert: () => void): FragmentLedger {
  return new Proxy(ledger, {
    get(target, name: keyof FragmentLedger) {
      if (name === "insert") onInsert();
      return target[name].bind(target);
    },
  });
}

async function open(options: OpenOptions = {}) {
  const { folder = mkdtempSync(join(root, "j-")), limits = {}, files = nodeFileSystem } = options;
  const { index, ledger: plain } = openFragmentIndex(join(folder, "index.db"));
  const ledger = watched(plain, options.onInsert ?? (() => undefined));
  const journalFolder = join(folder, "journal");
  const { reserve } = options;
  const survives = () => true;
  const journal = await FileJournal.open({ folder: journalFolder, ledger, survives, limits, files, reserve });
  const put = (sequence: number, bytes = 1000, retentionClass = 0, streamId = 1): Promise<FragmentRow> =>
    journal
      .begin(identityOf(streamId, sequence), retentionClass)
      .commit(sealedPart(bytes, sequence), summaryOf(bytes), sealedTable(100, sequence));
  const close = async () => {
    await journal.close();
    await index.close();
  };
  return { folder, journalFolder, journal, index, ledger, put, close };
}

async function read(journal: FileJournal, row: FragmentRow): Promise<number> {
  let bytes = 0;
  for await (const part of journal.read(row)) bytes += part.ciphertext.length;
  return bytes;
}

journalContract("journal in files", () => open());

test("fragments that end together share syncs", async () => {
  const { journal, put, close } = await open({ limits: { syncsPerSecond: 50, syncBurst: 4 } });
  await put(1);
  const before = journal.stats().syncs;
  await Promise.all(Array.from({ length: 300 }, (_, i) => put(2 + i)));
  assert.equal(journal.stats().fragments, 301);
  assert.ok(journal.stats().syncs - before <= 5, `${journal.stats().syncs - before} syncs`);
  await close();
});

test("where no file descriptors are left, what is stored is not damaged, and is read later", async () => {
  let code: string | undefined = "EMFILE";
  const files: FileSystem = {
    ...nodeFileSystem,
    async open(path) {
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return nodeFileSystem.open(path);
    },
  };
  const { journal, put, close } = await open({ files });
  const row = await put(1);
  for (code of ["EMFILE", "ENFILE"]) await assert.rejects(read(journal, row), RecordUnavailable);
  code = "EACCES";
  await assert.rejects(read(journal, row), RecordDamaged);
  code = undefined;
  assert.equal(await read(journal, row), 1000);
  await close();
});

test("segments take one retention class each and roll at their size", async () => {
  const { journal, ledger, put, close } = await open({ limits: { segmentBytes: 10_000, syncsPerSecond: 10_000 } });
  const rows: FragmentRow[] = [];
  for (let i = 0; i < 20; i++) rows.push(await put(i, 2000, i % 2));
  const classes = new Map(ledger.segments().map((row) => [row.segment, row.retentionClass]));
  for (const [i, row] of rows.entries()) assert.equal(classes.get(row.segment), i % 2);
  assert.equal(classes.size, 8);
  assert.equal(ledger.segments().filter((row) => row.sealed).length, 6);
  assert.equal(journal.stats().segments, 8);
  await close();
});

test("a fragment that began in a full segment ends there, and the segment is sealed then", async () => {
  const { journal, ledger, put, close } = await open({ limits: { segmentBytes: 5000, syncsPerSecond: 10_000 } });
  const long = journal.begin(identityOf(1, 1), 0);
  await long.append(sealedPart(6000, 1));
  const other = await put(2);
  await long.append(sealedPart(6000, 2));
  assert.ok(ledger.segments().every((row) => !row.sealed));
  const row = await long.commit(sealedPart(10, 3), summaryOf(12_010));
  assert.notEqual(row.segment, other.segment);
  assert.equal(await read(journal, row), 12_010);
  assert.ok(ledger.segments().find(({ segment }) => segment === row.segment)!.sealed);
  await close();
});

test("a segment that is old is sealed and dropped though nothing comes to it", async () => {
  const { journal, index, ledger, put, close } = await open({ limits: { segmentAgeMs: 0 } });
  const row = await put(1);
  await index.expire(1, row.serverTimestamp + 1, 10);
  const summary = await journal.collect();
  assert.equal(summary.dropped, 1);
  assert.ok(summary.freedBytes > 1000);
  assert.deepEqual(ledger.segments(), []);
  await assert.rejects(read(journal, row), RecordGone);
  await close();
});

test("append makes writers wait while too much is not durable", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const files: FileSystem = {
    ...nodeFileSystem,
    create: async (path) => {
      const file = await nodeFileSystem.create(path);
      return { ...wrapped(file), datasync: () => (path.endsWith(".kvj") ? held : Promise.resolve()) };
    },
  };
  const { journal, close } = await open({ limits: { pendingBytes: 10_000 }, files });
  const writer = journal.begin(identityOf(1, 1), 0);
  assert.equal(writer.append(sealedPart(9000, 1)), undefined);
  let resolved = false;
  const second = writer.append(sealedPart(9000, 2))?.then(() => {
    resolved = true;
  });
  await wait(20);
  assert.equal(resolved, false);
  assert.ok(journal.stats().pendingBytes > 18_000);
  release();
  await second;
  assert.equal(journal.stats().pendingBytes, 0);
  await close();
});

/** The machine's file system; `around` does each write to a new file. */
const filesWith = (around: (write: () => Promise<number>) => Promise<number>): FileSystem => ({
  ...nodeFileSystem,
  async create(path) {
    const file = await nodeFileSystem.create(path);
    return { ...wrapped(file), writev: (buffers, position) => around(() => file.writev(buffers, position)) };
  },
});

test("at its quota the journal refuses, reads on, and resumes when space has come back", async () => {
  const limits = { maxBytes: 40_000, segmentBytes: 8000, syncsPerSecond: 10_000, probeIntervalMs: 5 };
  const { journal, index, put, close } = await open({ limits });
  const rows: FragmentRow[] = [];
  const fill = async () => {
    for (;;) rows.push(await put(rows.length + 1, 2000));
  };
  await assert.rejects(fill(), { reason: "quota" });
  assert.ok(rows.length > 3, `${rows.length} fragments`);
  assert.ok(journal.stats().storedBytes <= limits.maxBytes);
  assert.equal(await read(journal, rows[0]!), 2000);
  await index.expire(1, rows.at(-1)!.serverTimestamp, 100);
  await journal.collect();
  while (!journal.writable) await wait(5);
  await put(101);
  await close();
});

test("what follows of a fragment that was refused is refused for the same reason", async () => {
  const { journal, close } = await open({ limits: { maxBytes: 40_000 } });
  const writer = journal.begin(identityOf(1, 1), 0);
  await assert.rejects(async () => writer.append(sealedPart(50_000, 1)), { reason: "quota" });
  await assert.rejects(async () => writer.append(sealedPart(10, 2)), { reason: "quota" });
  await assert.rejects(writer.commit(sealedPart(10, 3), summaryOf(50_020)), { reason: "quota" });
  await close();
});

test("deleted media of the segment in use gives its space back, little of it only where there is none", async () => {
  const limits = { maxBytes: 60_000, sparseBytes: 20_000, syncsPerSecond: 10_000, probeIntervalMs: 5 };
  const { journal, index, put, close } = await open({ limits });
  let sequence = 0;
  const expireAll = () => index.expire(1, identityOf(1, sequence + 1).serverTimestamp, 100);
  const fill = async (to: number) => {
    while (journal.stats().storedBytes < to) await put(++sequence, 2000);
  };
  await fill(15_000);
  assert.equal(await expireAll(), sequence);
  assert.equal((await journal.collect()).dropped, 0);
  await fill(35_000);
  await expireAll();
  assert.equal((await journal.collect()).dropped, 1);
  assert.equal(journal.stats().segments, 0);
  await fill(15_000);
  await assert.rejects(put(++sequence, 50_000), { reason: "quota" });
  await expireAll();
  assert.equal((await journal.collect()).dropped, 1);
  while (!journal.writable) await wait(5);
  await put(++sequence, 40_000);
  await close();
});

test("short of free space the journal refuses in time, and resumes by itself", async () => {
  let free = 1e12;
  const files = { ...nodeFileSystem, freeBytes: async () => free };
  const { journal, put, close } = await open({ limits: { minFreeBytes: 1e6, probeIntervalMs: 5 }, files });
  await put(1);
  free = 999_999;
  while (journal.writable) await wait(5);
  await assert.rejects(put(2), JournalUnavailable);
  assert.equal(journal.unavailable!.reason, "disk-full");
  free = 1e12;
  while (!journal.writable) await wait(5);
  await put(3);
  await close();
});

test("while the space that is kept for the databases is missing the journal refuses", async () => {
  let there = true;
  const reserve = { fill: async () => there };
  const { journal, put, close } = await open({ limits: { probeIntervalMs: 5 }, reserve });
  await put(1);
  there = false;
  while (journal.writable) await wait(5);
  await assert.rejects(put(2), { reason: "disk-full" });
  there = true;
  while (!journal.writable) await wait(5);
  await put(3);
  await close();
});

test("the floor of free space holds however much comes between two looks at the disk", async () => {
  let free = 1_000_000;
  const files: FileSystem = {
    ...filesWith(async (write) => {
      const count = await write();
      free -= count;
      return count;
    }),
    freeBytes: async () => free,
  };
  const limits = { minFreeBytes: 400_000, probeIntervalMs: 60_000 };
  const { put, close } = await open({ limits, files });
  const burst = Array.from({ length: 100 }, (_, i) => put(i + 1, 10_000));
  const settled = await Promise.allSettled(burst);
  const stored = settled.filter(({ status }) => status === "fulfilled").length;
  assert.ok(stored > 50 && stored < 60, `${stored} fragments`);
  assert.ok(free >= limits.minFreeBytes, `${free} bytes are free`);
  await close();
});

test("a write that fails gives back the memory of all that was to be written, now or later", async () => {
  const broken = Promise.withResolvers<number>();
  const { promise: writing, resolve: begun } = Promise.withResolvers<void>();
  const files: FileSystem = {
    ...nodeFileSystem,
    create: async (path) => {
      const file = wrapped(await nodeFileSystem.create(path));
      const writev: typeof file.writev = (buffers, position) => {
        if (position === 0) return file.writev(buffers, position);
        begun();
        return broken.promise;
      };
      return path.endsWith(".kvj") ? { ...file, writev } : file;
    },
  };
  const { journal, close } = await open({ files });
  const released = [0, 0, 0, 0];
  const part = (i: number) => ({ ...sealedPart(1000, i), release: () => void released[i]!++ });
  const writer = journal.begin(identityOf(1, 1), 0);
  await writer.append(part(0));
  await writing;
  const late = Promise.withResolvers<ReturnType<typeof part>>();
  await writer.append(part(1));
  await writer.append({ length: 1000, sealed: late.promise });
  assert.deepEqual(released, [0, 0, 0, 0]);
  broken.reject(new Error("broken"));
  await assert.rejects(writer.commit(part(3), summaryOf(4000)), { name: "JournalUnavailable", reason: "io-error" });
  assert.deepEqual(released, [1, 1, 0, 1]);
  late.resolve(part(2));
  await late.promise;
  await nextTurn();
  assert.deepEqual(released, [1, 1, 1, 1]);
  await close();
});

test("an index that takes no rows: nothing is acknowledged or visible, and ingest resumes by itself", async () => {
  let failing = false;
  const onInsert = () => {
    if (failing) throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
  };
  const first = await open({ limits: { syncsPerSecond: 10_000, probeIntervalMs: 5 }, onInsert });
  await first.put(1);
  failing = true;
  await assert.rejects(first.put(2), { name: "JournalUnavailable", reason: "io-error" });
  failing = false;
  while (!first.journal.writable) await wait(5);
  await first.put(3);
  const sequences = async (index: FragmentIndex) =>
    (await index.after({ streamId: 1, horizon: 0 }, 0, 10)).map(({ sequence }) => sequence);
  assert.deepEqual(await sequences(first.index), [1, 3]);
  await first.close();
  const second = await open({ folder: first.folder });
  assert.deepEqual(await sequences(second.index), [1, 3]);
  await second.close();
});

test("live fragments are readable while compaction moves them, and after", async () => {
  const limits = { segmentBytes: 20_000, syncsPerSecond: 10_000, compactionBytesPerSecond: 400_000 };
  let reads = 0;
  let isCollecting = false;
  const files = filesWith(async (write) => {
    // Whatever compaction writes waits until all has been read twice, so that neither runs ahead of the other.
    for (const before = reads; isCollecting && reads < before + 2; ) await nextTurn();
    return write();
  });
  const { journal, index, put, close } = await open({ limits, files });
  // Ten fragments fill a segment; of each ten only the first belongs to the stream that stays.
  const kept: FragmentRow[] = [];
  for (let i = 0; i < 31; i++) {
    if (i % 10 === 0) kept.push(await put(i + 1, 2000));
    else await put(i + 1, 2000, 0, 2);
  }
  await index.purge((streamId) => streamId === 1, 100);
  const scope = { streamId: 1, horizon: 0 };
  isCollecting = true;
  const collecting = journal.collect().finally(() => {
    isCollecting = false;
  });
  for (; isCollecting; reads++) {
    for (const { sequence } of kept) {
      const row = (await index.bySequence(scope, sequence))!;
      const bytes = await read(journal, row).catch((error: unknown) => {
        if (!(error instanceof RecordGone)) throw error;
      });
      assert.ok(bytes === 2000 || bytes === undefined);
    }
  }
  assert.ok(reads > 4);
  const { compacted, copiedBytes } = await collecting;
  assert.deepEqual([compacted, copiedBytes], [3, 3 * (2116 + 28 + 100)]);
  for (const old of kept.slice(0, 3)) {
    const row = (await index.bySequence(scope, old.sequence))!;
    assert.ok(row.segment > 4);
    assert.equal(await read(journal, row), 2000);
    assert.deepEqual((await journal.readTable(row))!.ciphertext, sealedTable(100, row.sequence).ciphertext);
    await assert.rejects(read(journal, old), RecordGone);
    await assert.rejects(journal.readTable(old), RecordGone);
  }
  assert.equal((await journal.collect()).compacted, 0);
  await close();
});

test("an unfinished creation, a foreign file and a torn tail do not hinder a start", async () => {
  const first = await open({ limits: { syncsPerSecond: 10_000 } });
  const row = await first.put(1);
  await first.journal.begin(identityOf(1, 2), 0).append(sealedPart(5000, 2));
  await first.close();
  const segment = join(first.journalFolder, readdirSync(first.journalFolder)[0]!);
  truncateSync(segment, 4096 + 1116 + 28 + 100 + 2000);
  writeFileSync(join(first.journalFolder, "0000000007.kvj"), Buffer.alloc(100));
  writeFileSync(join(first.journalFolder, "README"), "not a segment");
  for (const suffix of ["", "-wal"]) rmSync(join(first.folder, `index.db${suffix}`), { force: true });
  const second = await open({ folder: first.folder });
  const { scanned, fragments, damagedSegments } = second.journal.recovery;
  assert.deepEqual({ scanned, fragments, damagedSegments }, { scanned: 1, fragments: 1, damagedSegments: [] });
  assert.deepEqual(await second.index.after({ streamId: 1, horizon: 0 }, 0, 10), [row]);
  assert.deepEqual(readdirSync(second.journalFolder).sort(), ["0000000001.kvj", "README"]);
  await second.close();
});
