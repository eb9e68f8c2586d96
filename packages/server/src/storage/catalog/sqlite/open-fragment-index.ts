import type { FragmentIndex, FragmentLedger } from "../../ports/fragment-index.ts";
import { Checkpointer } from "./checkpointer.ts";
import { Database } from "./database.ts";
import { SqliteFragmentIndex } from "./fragment-index.ts";
import { SqliteFragmentLedger } from "./fragment-ledger.ts";
import { INDEX_PRAGMAS, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { IndexSums } from "./index-sums.ts";

/** Both sides of one fragment index. `index.close` closes both. */
export interface OpenFragmentIndex {
  readonly index: FragmentIndex;
  readonly ledger: FragmentLedger;
}

/**
 * Opens the fragment index in a SQLite file, made where it does not exist.
 *
 * @param path `:memory:` keeps the index in memory, for tests and for a journal in memory
 * @throws Error where the file is damaged or of another format: it holds nothing that the journal does not, and may be deleted
 */
export function openFragmentIndex(path: string): OpenFragmentIndex {
  const database = new Database(path, { pragmas: INDEX_PRAGMAS, schema: INDEX_SCHEMA, version: INDEX_VERSION });
  const checkpointer = path === ":memory:" ? undefined : new Checkpointer(path);
  const sums = new IndexSums(database);
  const close = async () => {
    await checkpointer?.close();
    database.close();
  };
  return {
    index: new SqliteFragmentIndex(database, sums, close),
    ledger: new SqliteFragmentLedger(database, sums, checkpointer),
  };
}
