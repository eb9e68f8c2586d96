import { mkdir, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { OtherFormat } from "../storage/catalog/sqlite/database.ts";
import { DiskReserve, reserveBytesFor } from "../storage/catalog/sqlite/disk-reserve.ts";
import { FolderLock } from "../storage/catalog/sqlite/folder-lock.ts";
import {
  type OpenFragmentIndex,
  openFragmentIndex,
  removeFragmentIndex,
} from "../storage/catalog/sqlite/open-fragment-index.ts";
import { SqliteStreamCatalog } from "../storage/catalog/sqlite/stream-catalog.ts";
import { checkFormat } from "../storage/journal/file/check-format.ts";
import { FileJournal } from "../storage/journal/file/file-journal.ts";
import { errorCode, type FileSystem, nodeFileSystem } from "../storage/journal/file/file-system.ts";
import { DEFAULT_JOURNAL_LIMITS, type JournalLimits } from "../storage/journal/file/limits.ts";
import type { RecoverySummary, Survives } from "../storage/journal/file/recover.ts";
import { FileKeyEncryption } from "../storage/keys/file/file-key-encryption.ts";
import type { FragmentIndex, FragmentLedger } from "../storage/ports/fragment-index.ts";
import type { Journal } from "../storage/ports/journal.ts";
import type { KeyEncryption } from "../storage/ports/key-encryption.ts";
import type { StreamCatalog, StreamRecord } from "../storage/ports/stream-catalog.ts";

const STREAMS_PER_PAGE = 1000;
const MS_PER_HOUR = 3_600_000;

/** What to open. */
export interface StorageOptions {
  readonly dataDir: string;
  readonly limits?: Partial<JournalLimits>;
  /** Where the journal does its input and output, if not in this machine's file system. */
  readonly files?: FileSystem;
  /** Drops the fragment index first, so that it is made anew from the journal. */
  readonly rebuildIndex?: boolean;
}

/** The embedded store: one folder, used by one process. */
export interface Storage {
  readonly catalog: StreamCatalog;
  readonly index: FragmentIndex;
  /** The writing side of the index; only the journal and the file-system check have business with it. */
  readonly ledger: FragmentLedger;
  readonly journal: Journal;
  readonly keyEncryption: KeyEncryption;
  /** What the start found and mended. */
  readonly recovery: RecoverySummary;
  /** Whether the start made the index, which was not there, or was one of another format. */
  readonly isIndexNew: boolean;
  /** The streams that there were at the start, by id. */
  readonly streams: ReadonlyMap<number, StreamRecord>;
  /** Whether a fragment could be seen at the start: its stream exists, and it is not expired. */
  readonly survives: Survives;
  /** Looks through the structure of the databases; returns what is wrong with which of them, in words. */
  check(): { file: "catalog.db" | "index.db"; message: string }[];
  /** Makes durable what is queued, and gives the folder free. */
  close(): Promise<void>;
}

/** Where the parts of the store lie in its folder. */
export function storagePaths(dataDir: string) {
  return {
    lock: join(dataDir, "lock.db"),
    reserve: join(dataDir, "reserve"),
    catalog: join(dataDir, "catalog.db"),
    index: join(dataDir, "index.db"),
    journal: join(dataDir, "journal"),
    keys: join(dataDir, "keys"),
  };
}

/**
 * Opens the store in a data folder, made (0700) where it does not exist.
 *
 * @throws OtherJournalFormat where another version wrote the journal, before anything is changed; FolderLocked where another process uses the
 *   folder
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const paths = storagePaths(options.dataDir);
  const { files = nodeFileSystem } = options;
  await makeFolder(resolve(options.dataDir));
  await checkFormat(files, paths.journal);
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const lock = new FolderLock(paths.lock);
    closers.push(() => lock.release());
    if (options.rebuildIndex === true) removeFragmentIndex(paths.index);
    const volumeBytes = await sizeOfVolume(options.dataDir);
    const reserve = new DiskReserve(paths.reserve, reserveBytesFor(volumeBytes));
    const catalog = openCatalog(paths.catalog, reserve);
    closers.push(() => catalog.close());
    const streams = await allStreams(catalog);
    const keyEncryption = await FileKeyEncryption.open(paths.keys, streams.size === 0);
    const { index, ledger, isNew: isIndexNew } = openIndex(paths.index, reserve);
    closers.push(() => index.close());
    const survives = survivors(streams, Date.now());
    const limits = { minFreeBytes: freeFloor(volumeBytes), ...options.limits };
    const journal = await FileJournal.open({ folder: paths.journal, ledger, survives, limits, files, reserve });
    closers.push(() => journal.close());
    const check = () => [
      ...catalog.check().map((message) => ({ file: "catalog.db" as const, message })),
      ...ledger.check().map((message) => ({ file: "index.db" as const, message })),
    ];
    const { recovery } = journal;
    return { catalog, index, ledger, journal, keyEncryption, recovery, isIndexNew, streams, survives, check, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The least free space where no option says it: the journal's default, or a twentieth of a volume for which that is too much. */
const freeFloor = (volumeBytes: number): number =>
  Math.min(DEFAULT_JOURNAL_LIMITS.minFreeBytes, Math.floor(volumeBytes / 20));

async function sizeOfVolume(dataDir: string): Promise<number> {
  const { bsize, blocks } = await statfs(dataDir);
  return bsize * blocks;
}

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where the file system denies that a folder can be made by saying that its
 * parent, which is there, does not exist, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  const above = dirname(path);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST" && (await isFolder(path))) return;
    if (code !== "ENOENT" || (await isFolder(above))) throw error;
    await makeFolder(above);
    await mkdir(path, { mode: 0o700 });
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

function openCatalog(path: string, reserve: DiskReserve): SqliteStreamCatalog {
  try {
    return new SqliteStreamCatalog(path, reserve);
  } catch (cause) {
    if (cause instanceof OtherFormat) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `the catalog ${path} cannot be opened (${why}); where it is damaged, only a copy of it has the streams' keys`,
      {
        cause,
      },
    );
  }
}

function openIndex(path: string, reserve: DiskReserve): OpenFragmentIndex {
  try {
    return openFragmentIndex(path, reserve);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the fragment index ${path} cannot be opened (${why}); kvass fsck --rebuild-index makes it anew`, {
      cause,
    });
  }
}

async function allStreams(catalog: StreamCatalog): Promise<Map<number, StreamRecord>> {
  const streams = new Map<number, StreamRecord>();
  for (let after = ""; ; ) {
    const page = await catalog.list({ after, limit: STREAMS_PER_PAGE });
    for (const stream of page) streams.set(stream.id, stream);
    if (page.length < STREAMS_PER_PAGE) return streams;
    after = page.at(-1)!.name;
  }
}

/** A fragment that a recovery finds may be seen if its stream exists and it is above the stream's horizon and within its retention. */
function survivors(streams: ReadonlyMap<number, StreamRecord>, now: number): Survives {
  return (row) => {
    const stream = streams.get(row.streamId);
    if (stream === undefined) return false;
    return row.serverTimestamp >= Math.max(stream.horizon, now - stream.retentionHours * MS_PER_HOUR);
  };
}
