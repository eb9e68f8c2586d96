import type { SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import {
  CatalogFull,
  NameTaken,
  type NewStream,
  type StreamCatalog,
  type StreamPatch,
  type StreamRecord,
  type StreamStatus,
  VersionConflict,
  type WrappedKey,
} from "../../ports/stream-catalog.ts";
import { SYNCS_OF_CHECKPOINT } from "./checkpointer.ts";
import { Database, isFull, isUniqueViolation } from "./database.ts";
import type { DiskReserve } from "./disk-reserve.ts";

/** Format of the catalog. */
export const CATALOG_VERSION = 1;

/** AUTOINCREMENT never gives out an id twice, also after the row with the highest id was deleted: journal records carry the id. */
const SCHEMA = `
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL UNIQUE,
    creation_time INTEGER NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    device_name TEXT,
    media_type TEXT,
    kms_key_id TEXT,
    retention_hours INTEGER NOT NULL,
    storage_tier TEXT NOT NULL,
    tags TEXT NOT NULL,
    image_generation TEXT,
    notification TEXT,
    horizon INTEGER NOT NULL,
    reserved_sequence INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE data_keys (
    stream_id INTEGER PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    wrapped_by TEXT NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
`;

/** FULL syncs each commit; secure_delete overwrites what is deleted, so that a destroyed key leaves no copy in a free page. */
const PRAGMAS = ["journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"];

const COLUMNS = [
  "name",
  "arn",
  "creation_time",
  "version",
  "status",
  "device_name",
  "media_type",
  "kms_key_id",
  "retention_hours",
  "storage_tier",
  "tags",
  "image_generation",
  "notification",
  "horizon",
  "reserved_sequence",
];

/** Above every code point that a name may hold: the end of a prefix's range. */
const LAST_CODE_POINT = "\u{10ffff}";

type Row = Record<string, SQLOutputValue>;

/** The values of `COLUMNS`, in their order. */
function toColumns(stream: NewStream): SQLInputValue[] {
  return [
    stream.name,
    stream.arn,
    stream.creationTime,
    stream.version,
    stream.status,
    stream.deviceName ?? null,
    stream.mediaType ?? null,
    stream.kmsKeyId ?? null,
    stream.retentionHours,
    stream.storageTier,
    JSON.stringify(stream.tags),
    stream.imageGeneration ?? null,
    stream.notification ?? null,
    stream.horizon,
    stream.reservedSequence,
  ];
}

/** Members that a stream may lack are left out of its record, not set to undefined. */
function optional<K extends string>(member: K, value: SQLOutputValue | undefined): { [P in K]?: string } {
  return typeof value === "string" ? ({ [member]: value } as { [P in K]: string }) : {};
}

function toRecord(row: Row): StreamRecord {
  return {
    id: row.id as number,
    name: row.name as string,
    arn: row.arn as string,
    creationTime: row.creation_time as number,
    version: row.version as string,
    status: row.status as StreamStatus,
    ...optional("deviceName", row.device_name),
    ...optional("mediaType", row.media_type),
    ...optional("kmsKeyId", row.kms_key_id),
    retentionHours: row.retention_hours as number,
    storageTier: row.storage_tier as StreamRecord["storageTier"],
    tags: JSON.parse(row.tags as string) as Record<string, string>,
    ...optional("imageGeneration", row.image_generation),
    ...optional("notification", row.notification),
    horizon: row.horizon as number,
    reservedSequence: row.reserved_sequence as number,
  };
}

/** Throws CatalogFull where what is written finds no space. */
function inSpace<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw isFull(error) ? new CatalogFull("the catalog's disk is full", { cause: error }) : error;
  }
}

/** Streams and wrapped keys in one SQLite file. Each write is synced before its promise resolves. */
export class SqliteStreamCatalog implements StreamCatalog {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #byName: StatementSync;
  readonly #byArn: StatementSync;
  readonly #byId: StatementSync;
  readonly #list: StatementSync;
  readonly #count: StatementSync;
  readonly #key: StatementSync;
  #syncs = 0;

  /**
   * @param path the database file, made where it does not exist; `:memory:` keeps the catalog in memory
   * @param reserve space for writes that find the disk full
   */
  constructor(path: string, reserve?: DiskReserve) {
    const database = new Database(path, { pragmas: PRAGMAS, schema: SCHEMA, version: CATALOG_VERSION, reserve });
    this.#database = database;
    const places = COLUMNS.map(() => "?").join(", ");
    this.#insert = database.prepare(`INSERT INTO streams (${COLUMNS.join(", ")}) VALUES (${places})`);
    this.#insertKey = database.prepare("INSERT INTO data_keys (stream_id, wrapped_by, bytes) VALUES (?, ?, ?)");
    this.#update = database.prepare(`UPDATE streams SET (${COLUMNS.join(", ")}) = (${places}) WHERE id = ?`);
    this.#delete = database.prepare("DELETE FROM streams WHERE id = ?");
    this.#byName = database.prepare("SELECT * FROM streams WHERE name = ?");
    this.#byArn = database.prepare("SELECT * FROM streams WHERE arn = ?");
    this.#byId = database.prepare("SELECT * FROM streams WHERE id = ?");
    this.#list = database.prepare(
      "SELECT * FROM streams WHERE name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?",
    );
    this.#count = database.prepare("SELECT count(*) AS streams FROM streams");
    this.#key = database.prepare("SELECT wrapped_by, bytes FROM data_keys WHERE stream_id = ?");
  }

  /** One for each transaction, and those of the checkpoints that deletions ask for; SQLite's own, one in a thousand pages, are not seen. */
  syncs(): number {
    return this.#syncs;
  }

  async create(stream: NewStream, wrappedKey: WrappedKey): Promise<StreamRecord> {
    try {
      const id = this.#write(() => {
        const { lastInsertRowid } = this.#insert.run(...toColumns(stream));
        this.#insertKey.run(lastInsertRowid, wrappedKey.wrappedBy, wrappedKey.bytes);
        return Number(lastInsertRowid);
      });
      return toRecord(this.#byId.get(id)!);
    } catch (error) {
      if (isUniqueViolation(error)) throw new NameTaken(`a stream named ${stream.name} exists`, { cause: error });
      throw error;
    }
  }

  async byName(name: string): Promise<StreamRecord | undefined> {
    return this.#one(this.#byName, name);
  }

  async byArn(arn: string): Promise<StreamRecord | undefined> {
    return this.#one(this.#byArn, arn);
  }

  async byId(id: number): Promise<StreamRecord | undefined> {
    return this.#one(this.#byId, id);
  }

  async list(query: { prefix?: string; after?: string; limit: number }): Promise<StreamRecord[]> {
    const prefix = query.prefix ?? "";
    return this.#list.all(query.after ?? "", prefix, prefix + LAST_CODE_POINT, query.limit).map(toRecord);
  }

  async count(): Promise<number> {
    return this.#count.get()!.streams as number;
  }

  async update(id: number, patch: StreamPatch, expectedVersion?: string): Promise<StreamRecord | undefined> {
    return this.#write(() => {
      const stored = this.#one(this.#byId, id);
      if (stored === undefined) return undefined;
      if (expectedVersion !== undefined && stored.version !== expectedVersion) {
        throw new VersionConflict(`the stream's version is not ${expectedVersion}`);
      }
      this.#update.run(...toColumns({ ...stored, ...patch } as NewStream), id);
      return this.#one(this.#byId, id);
    });
  }

  async delete(id: number): Promise<void> {
    this.#write(() => this.#delete.run(id));
    // The write-ahead log still holds the page with the key as it was: moved into the database file, where it is overwritten, and cut off.
    inSpace(() => this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    this.#syncs += SYNCS_OF_CHECKPOINT;
  }

  async wrappedKey(id: number): Promise<WrappedKey | undefined> {
    const row = this.#key.get(id);
    return row && { wrappedBy: row.wrapped_by as string, bytes: row.bytes as Uint8Array };
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** Looks through the database's own structure; returns what is wrong with it, in words. */
  check(): string[] {
    return this.#database.check();
  }

  #write<T>(body: () => T): T {
    const result = inSpace(() => this.#database.transaction(body));
    this.#syncs++;
    return result;
  }

  #one(statement: StatementSync, key: string | number): StreamRecord | undefined {
    const row = statement.get(key);
    return row && toRecord(row);
  }
}
