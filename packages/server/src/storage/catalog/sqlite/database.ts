import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { DiskReserve } from "./disk-reserve.ts";

/** SQLite's result codes that storage tells apart (sqlite.org/rescode.html); the low byte of an extended code. */
export const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
/** The index of the write-ahead log, which is a file of its own, cannot grow. */
const SQLITE_IOERR_SHMSIZE = 4874;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** A database file has a format that this version does not read. */
export class OtherFormat extends Error {
  override readonly name = "OtherFormat";

  constructor(path: string, stored: number, version: number) {
    super(`${path} has format ${stored}; this version of the server reads format ${version}`);
  }
}

/** What a database is made of. */
export interface DatabaseOptions {
  readonly pragmas: readonly string[];
  readonly schema: string;
  readonly version: number;
  /** Space for writes that find the disk full. */
  readonly reserve?: DiskReserve | undefined;
}

/**
 * A SQLite database of this product: opened with its pragmas, its schema brought to `version`.
 *
 * Statements are prepared once and run directly. A query builder would rebuild and look up the same dozen texts on each call, on the
 * path of every fragment.
 */
export class Database {
  readonly #db: DatabaseSync;
  readonly #reserve: DiskReserve | undefined;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  /** @throws OtherFormat where another version wrote the file, Error where it is no SQLite database */
  constructor(path: string, options: DatabaseOptions) {
    if (path !== ":memory:") makePrivate(path);
    this.#db = new DatabaseSync(path);
    this.#reserve = options.reserve;
    try {
      for (const pragma of options.pragmas) this.exec(`PRAGMA ${pragma}`);
      this.#begin = this.#db.prepare("BEGIN IMMEDIATE");
      this.#commit = this.#db.prepare("COMMIT");
      this.#migrate(path, options.schema, options.version);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  prepare(sql: string): StatementSync {
    return this.#db.prepare(sql);
  }

  exec(sql: string): void {
    this.#withRoom(() => this.#db.exec(sql));
  }

  /**
   * Runs `body` in one write transaction: all of it is stored, or, where it throws, none. Where there was no space, it runs again with that of
   * the reserve.
   */
  transaction<T>(body: () => T): T {
    return this.#withRoom(() => this.#transaction(body));
  }

  #withRoom<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      if (!isFull(error) || this.#reserve?.release() !== true) throw error;
      return write();
    }
  }

  #transaction<T>(body: () => T): T {
    this.#begin.run();
    try {
      const result = body();
      this.#commit.run();
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Looks through the whole file; returns what is wrong with it, in SQLite's words. */
  check(): string[] {
    const lines = this.#db
      .prepare("PRAGMA integrity_check")
      .all()
      .map((row) => String(row.integrity_check));
    return lines.length === 1 && lines[0] === "ok" ? [] : lines;
  }

  close(): void {
    this.#db.close();
  }

  #migrate(path: string, schema: string, version: number): void {
    const { user_version: stored } = this.#db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (stored === version) return;
    if (stored !== 0) throw new OtherFormat(path, stored, version);
    this.transaction(() => {
      this.#db.exec(schema);
      this.#db.exec(`PRAGMA user_version = ${version}`);
    });
  }
}

/** SQLite's extended result code of an error that node:sqlite threw, undefined for any other error. */
export function resultCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;
}

/** Whether a statement failed because the disk, or the database at its largest size, is full. */
export function isFull(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE;
}

/** Whether a statement failed because a unique column has the value already. */
export function isUniqueViolation(error: unknown): boolean {
  return resultCode(error) === SQLITE_CONSTRAINT_UNIQUE;
}

/** Makes the file, where it does not exist, readable by its owner alone; SQLite gives its log and its index the same mode. */
function makePrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
}
