import { DatabaseSync } from "node:sqlite";
import { resultCode, SQLITE_BUSY } from "./database.ts";

/** Another process, or another part of this one, holds the folder. */
export class FolderLocked extends Error {
  override readonly name = "FolderLocked";
}

/**
 * Lets one process at a time use a folder: an exclusive transaction on a database file in it. The lock is the operating system's, so it
 * goes when the process goes, however it ends.
 */
export class FolderLock {
  readonly #database: DatabaseSync;

  /**
   * @param path the lock's database file
   * @throws FolderLocked where it is held, Error with the path where the file cannot be made or written
   */
  constructor(path: string) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      // A rollback journal in a file of its own could not be written on a full disk.
      database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    } catch (cause) {
      database?.close();
      if (resultCode(cause) === SQLITE_BUSY) throw new FolderLocked(`another process is using ${path}`, { cause });
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${path} cannot be opened for writing: ${why}`, { cause });
    }
    this.#database = database;
  }

  release(): void {
    this.#database.close();
  }
}
