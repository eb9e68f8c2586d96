/** The durable record of a stream, as DescribeStream and its sister operations show it. */
export interface StreamRecord {
  /** Never reused, even after the stream is gone: journal records carry it. */
  readonly id: number;
  readonly name: string;
  readonly arn: string;
  /** Milliseconds since the epoch; also the last segment of the ARN. */
  readonly creationTime: number;
  /** Changes with every change of the stream's metadata. */
  readonly version: string;
  readonly status: StreamStatus;
  readonly deviceName?: string;
  readonly mediaType?: string;
  readonly kmsKeyId?: string;
  readonly retentionHours: number;
  readonly storageTier: "HOT" | "WARM";
  readonly tags: Readonly<Record<string, string>>;
  /** ImageGenerationConfiguration as JSON text, where one is set. */
  readonly imageGeneration?: string;
  /** NotificationConfiguration as JSON text, where one is set. */
  readonly notification?: string;
  /**
   * Fragments that the server received before this moment (ms since the epoch) are gone for good, whatever the retention is now:
   * it moves to `now - old retention` (or `now - new retention`, where that is later) whenever retention changes, and never back, so that
   * neither a longer retention nor a rebuilt index can resurrect what was deleted.
   */
  readonly horizon: number;
  /** Sequence numbers below this one may have been given to fragments; a restart goes on from here. */
  readonly reservedSequence: number;
}

export type StreamStatus = "CREATING" | "ACTIVE" | "UPDATING" | "DELETING";

export type NewStream = Omit<StreamRecord, "id">;

/** What an update may change; an `undefined` value removes the member. */
export type StreamPatch = {
  -readonly [K in Exclude<keyof StreamRecord, "id" | "name" | "arn" | "creationTime">]?: StreamRecord[K] | undefined;
};

/**
 * Streams and their wrapped data keys. Each write is durable (synced) when its promise resolves, and rejects with `CatalogFull` where there is
 * no space for it.
 * Names are unique among the streams that exist.
 */
export interface StreamCatalog {
  /** Syncs of the catalog's own files since the start. */
  syncs(): number;
  /** Stores a new stream with its wrapped data key in one transaction. Rejects with `NameTaken` where the name exists. */
  create(stream: NewStream, wrappedKey: WrappedKey): Promise<StreamRecord>;
  byName(name: string): Promise<StreamRecord | undefined>;
  byArn(arn: string): Promise<StreamRecord | undefined>;
  byId(id: number): Promise<StreamRecord | undefined>;
  /** Ascending by name, names > `after` that begin with `prefix`, at most `limit`. */
  list(query: { prefix?: string; after?: string; limit: number }): Promise<StreamRecord[]>;
  count(): Promise<number>;
  /**
   * Applies a patch. With `expectedVersion`, rejects with `VersionConflict` where the stored version differs.
   * Resolves to the new record, or undefined where the stream is gone.
   */
  update(id: number, patch: StreamPatch, expectedVersion?: string): Promise<StreamRecord | undefined>;
  /** Removes the stream and destroys its wrapped key so that it cannot be read back from the database's files. */
  delete(id: number): Promise<void>;
  wrappedKey(id: number): Promise<WrappedKey | undefined>;
  close(): Promise<void>;
}

/** A stream's data key, sealed by a key-encryption key that a key provider knows by `wrappedBy`. */
export interface WrappedKey {
  readonly wrappedBy: string;
  readonly bytes: Uint8Array;
}

/** There is no space for the write; nothing of it is stored, and what was stored before can still be read. */
export class CatalogFull extends Error {
  override readonly name = "CatalogFull";
}

/** A stream of that name exists. */
export class NameTaken extends Error {
  override readonly name = "NameTaken";
}

/** The stored version is not the one that the caller expected. */
export class VersionConflict extends Error {
  override readonly name = "VersionConflict";
}
