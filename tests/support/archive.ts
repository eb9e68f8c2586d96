import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { openStorage, type Storage, type StorageOptions } from "../../packages/server/src/app/storage.ts";
import { DataKeys } from "../../packages/server/src/domain/keys/data-keys.ts";
import { encryptionOf, openPart, openTable, sealPart, sealTable } from "../../packages/server/src/domain/keys/seal.ts";
import type { FragmentIdentity, FragmentRow } from "../../packages/server/src/storage/ports/fragment.ts";
import { type FragmentWriter, RecordGone, retentionClassOf } from "../../packages/server/src/storage/ports/journal.ts";
import type { StreamRecord } from "../../packages/server/src/storage/ports/stream-catalog.ts";

/** Fragments of a test begin here and last a second each: far enough in the past that none lies in the future, within any retention used. */
const FIRST_FRAGMENT = Date.now() - 3_600_000;

/** Distinct bytes for a fragment, `bytes` long. */
export function payloadOf(streamId: number, sequence: number, bytes: number): Buffer {
  const payload = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) payload[i] = (streamId * 31 + sequence * 7 + i * (1 + (sequence % 5))) & 0xff;
  return payload;
}

/** A table of empty frames, distinct by its Cluster's timecode. */
function tableOf(streamId: number, sequence: number): Buffer {
  const start = Buffer.alloc(18 + 10);
  start[0] = 1;
  start[1] = 1;
  start.writeDoubleBE(streamId * 1e6 + sequence, 2);
  start.writeDoubleBE(1e6, 10);
  start.writeDoubleBE(Number.NaN, 19);
  start[27] = 1;
  return Buffer.concat([start, ...Array.from({ length: 1 + (sequence % 9) }, () => Uint8Array.of(0x10, 0, 0))]);
}

/** A fragment of which every part but the last has been appended. */
export interface BegunFragment {
  readonly writer: FragmentWriter;
  /** Seals and commits the last part. */
  commit(): Promise<FragmentRow>;
}

/** The embedded store as ingest and readers use it, without streams' rules: payloads in, sealed in parts, and out again. */
export class TestArchive {
  readonly storage: Storage;
  readonly keys: DataKeys;

  private constructor(storage: Storage) {
    this.storage = storage;
    this.keys = new DataKeys(storage.catalog, storage.keyEncryption);
  }

  static async open(options: StorageOptions): Promise<TestArchive> {
    return new TestArchive(await openStorage(options));
  }

  async createStream(name: string, retentionHours = 24): Promise<StreamRecord> {
    const creationTime = Date.now();
    const arn = `arn:aws:kinesisvideo:us-east-1:000000000000:stream/${name}/${creationTime}`;
    const stream = {
      name,
      arn,
      creationTime,
      version: "1",
      status: "ACTIVE" as const,
      retentionHours,
      storageTier: "HOT" as const,
      tags: {},
      horizon: 0,
      reservedSequence: 1,
    };
    return this.storage.catalog.create(stream, await this.keys.create(arn));
  }

  identity(streamId: number, sequence: number): FragmentIdentity {
    const serverTimestamp = FIRST_FRAGMENT + sequence * 1000;
    return { streamId, sequence, serverTimestamp, producerTimestamp: serverTimestamp - 5.5, random: sequence };
  }

  /** Appends all parts of a fragment but the last; parts are cut evenly. */
  async begin(
    stream: StreamRecord,
    sequence: number,
    payload: Buffer,
    parts = 1,
    table = tableOf(stream.id, sequence),
  ): Promise<BegunFragment> {
    const key = await this.keys.get(stream);
    const identity = this.identity(stream.id, sequence);
    const writer = this.storage.journal.begin(identity, retentionClassOf(stream.retentionHours));
    const cut = (part: number) => {
      const from = Math.floor((payload.length * part) / parts);
      return [payload.subarray(from, Math.floor((payload.length * (part + 1)) / parts))];
    };
    for (let part = 0; part < parts - 1; part++) {
      await writer.append(sealPart(encryptionOf(key, identity, part, undefined), cut(part)));
    }
    const summary = { duration: 1000, size: payload.length, startsClean: true, lacksPictures: false, configuration: 1 };
    const commit = () => {
      const last = sealPart(encryptionOf(key, identity, parts - 1, summary), cut(parts - 1));
      return writer.commit(last, summary, sealTable(key, identity, summary, table));
    };
    return { writer, commit };
  }

  async put(...fragment: Parameters<TestArchive["begin"]>): Promise<FragmentRow> {
    const { commit } = await this.begin(...fragment);
    return commit();
  }

  /** Reads a fragment and its table as readers do: where its segment has gone, it looks the row up again. */
  async get(stream: StreamRecord, row: FragmentRow): Promise<Buffer> {
    try {
      return await this.#read(stream, row);
    } catch (error) {
      if (!(error instanceof RecordGone)) throw error;
      const moved = await this.storage.index.bySequence({ streamId: stream.id, horizon: 0 }, row.sequence);
      if (moved === undefined) throw error;
      return this.#read(stream, moved);
    }
  }

  /** All rows of a stream, ascending by sequence. */
  rows(stream: StreamRecord): Promise<FragmentRow[]> {
    return this.storage.index.after({ streamId: stream.id, horizon: 0 }, 0, 100_000);
  }

  /** Ends as `kill -9` does: a copy of the folder as it is now goes on, and nothing is told to stop. */
  killInto(dataDir: string, copy: string): void {
    cpSync(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith("-shm") && !path.includes("lock.db") });
  }

  close(): Promise<void> {
    return this.storage.close();
  }

  async #read(stream: StreamRecord, row: FragmentRow): Promise<Buffer> {
    const key = await this.keys.get(stream);
    const parts: Buffer[] = [];
    for await (const part of this.storage.journal.read(row)) parts.push(openPart(key, part));
    const table = await this.storage.journal.readTable(row);
    assert.deepEqual(openTable(key, table!), tableOf(stream.id, row.sequence));
    return Buffer.concat(parts);
  }
}
