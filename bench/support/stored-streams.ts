import type { Storage } from "../../packages/server/src/app/storage.ts";
import { DataKeys } from "../../packages/server/src/domain/keys/data-keys.ts";
import type { StreamRecord } from "../../packages/server/src/storage/ports/stream-catalog.ts";

/** What a bench says of a stream that it puts into a store without a server. */
export interface StoredStream {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly creationTime: number;
  readonly retentionHours: number;
  /** How many fragments it will be given, from sequence 1 on. */
  readonly fragments: number;
}

/** Makes a stream with its key in a store. */
export async function createStoredStream(
  { catalog, keyEncryption }: Storage,
  stream: StoredStream,
): Promise<StreamRecord> {
  const { fragments, ...own } = stream;
  const arn = `arn:aws:kinesisvideo:us-east-1:000000000000:stream/${own.name}/${own.creationTime}`;
  const key = await new DataKeys(catalog, keyEncryption).create(arn);
  const fresh = { version: "1", status: "ACTIVE", storageTier: "HOT", tags: {}, horizon: 0 } as const;
  return catalog.create({ ...own, ...fresh, arn, reservedSequence: fragments + 1 }, key);
}
