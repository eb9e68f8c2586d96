import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { OtherFormat } from "./database.ts";
import { CATALOG_VERSION } from "./stream-catalog.ts";

/**
 * Whether a catalog that nobody has open holds streams, as of its last checkpoint; one that does not exist holds none. Changes nothing, and leaves no file beside
 * it, which the server's user might not be able to write.
 * @throws OtherFormat where another version wrote the file, Error with the path where it is no database
 */
export function holdsStreams(path: string): boolean {
  if (!existsSync(path)) return false;
  const url = pathToFileURL(path);
  // Without locks, and so without the files that a write-ahead log needs (sqlite.org/uri.html, "immutable").
  url.searchParams.set("immutable", "1");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (version === 0) return false;
    if (version !== CATALOG_VERSION) throw new OtherFormat(path, version, CATALOG_VERSION);
    return database.prepare("SELECT 1 FROM streams LIMIT 1").get() !== undefined;
  } catch (cause) {
    if (cause instanceof OtherFormat) throw cause;
    throw new Error(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    database?.close();
  }
}
