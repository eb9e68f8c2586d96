import { existsSync, rmSync } from "node:fs";
import type { FragmentIndex, FragmentLedger } from "../../ports/fragment-index.ts";
import { Checkpointer } from "./checkpointer.ts";
import { Database, OtherFormat } from "./database.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { SqliteFragmentIndex } from "./fragment-index.ts";
import { SqliteFragmentLedger } from "./fragment-ledger.ts";
import { INDEX_PRAGMAS, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { IndexSums } from "./index-sums.ts";
import { Insertions } from "./insertions.ts";

/** Files that SQLite keeps beside a database. */
const SUFFIXES = ["", "-wal", "-shm"];

/** Both sides of one fragment index. `index.close` closes both. */
export interface OpenFragmentIndex {
  readonly index: FragmentIndex;
  readonly ledger: FragmentLedger;
  /** Whether there was none, or one of another format, in its place. */
  readonly isNew: boolean;
}

/** Removes a fragment index, so that the next one begins empty. */
export function removeFragmentIndex(path: string): void {
  for (const suffix of SUFFIXES) rmSync(path + suffix, { force: true });
}

/**
 * Opens the fragment index in a SQLite file, made where it does not exist.
 *
 * @param path `:memory:` keeps the index in memory, for tests and for a journal in memory
 * @param reserve space for writes that find the disk full
 * @throws Error where the file is damaged: it holds nothing that the journal does not, and may be deleted. One of another format is.
 */
export function openFragmentIndex(path: string, reserve?: DiskReserve): OpenFragmentIndex {
  const { database, isNew } = openDatabase(path, reserve);
  const checkpointer = path === ":memory:" ? undefined : new Checkpointer(path);
  const sums = new IndexSums(database);
  const insertions = new Insertions();
  const close = async () => {
    await checkpointer?.close();
    database.close();
  };
  return {
    index: new SqliteFragmentIndex(database, sums, insertions, close),
    ledger: new SqliteFragmentLedger(database, sums, insertions, checkpointer),
    isNew,
  };
}

function openDatabase(path: string, reserve: DiskReserve | undefined): { database: Database; isNew: boolean } {
  const options = { pragmas: INDEX_PRAGMAS, schema: INDEX_SCHEMA, version: INDEX_VERSION, reserve };
  const isNew = !existsSync(path);
  try {
    return { database: new Database(path, options), isNew };
  } catch (error) {
    if (!(error instanceof OtherFormat)) throw error;
    removeFragmentIndex(path);
    return { database: new Database(path, options), isNew: true };
  }
}
