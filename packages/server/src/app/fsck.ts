import type { KeyObject } from "node:crypto";
import { decodeFrameTable } from "../domain/fragments/frame-table.ts";
import { LayoutError } from "../domain/fragments/layout.ts";
import { DataKeys } from "../domain/keys/data-keys.ts";
import { openPart, openTable } from "../domain/keys/seal.ts";
import { nodeFileSystem } from "../storage/journal/file/file-system.ts";
import {
  ciphertextIn,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  toStoredPart,
  toStoredTable,
} from "../storage/journal/file/record.ts";
import type { RecoverySummary } from "../storage/journal/file/recover.ts";
import { SegmentFiles } from "../storage/journal/file/segment-files.ts";
import { type Damage, fragmentOf, type Verified, verifyJournal } from "../storage/journal/file/verify.ts";
import { RecordDamaged } from "../storage/ports/journal.ts";
import { KeyUnavailable } from "../storage/ports/key-encryption.ts";
import { openStorage, type Storage, storagePaths } from "./storage.ts";

/** Damages that a report lists; those beyond are only counted. */
const DAMAGES_LISTED = 10_000;

/** What to check. */
export interface FsckOptions {
  readonly dataDir: string;
  /** Makes the fragment index anew from the journal before checking. */
  readonly rebuildIndex?: boolean;
  /** Told after each segment. */
  readonly onProgress?: (verified: Readonly<Verified>) => void;
}

/** A damage, with the name of the stream, unless that is deleted. */
export interface NamedDamage extends Damage {
  readonly streamName?: string;
}

/** What a check found. */
export interface FsckReport extends Readonly<Verified> {
  readonly ok: boolean;
  /** The first of the damages. */
  readonly damages: readonly NamedDamage[];
  /** All of them, those not listed too. */
  readonly damageCount: number;
  /** How many of them are tables of frames, whose fragments are read instead: they cost time, and no media. */
  readonly damagedTables: number;
  /** What opening the store found and mended, as every start does. With `rebuildIndex`, the fragments that came back into the index. */
  readonly recovery: RecoverySummary;
  /** Whether the index was made anew from the journal: told to, or since there was none, or one of another format. */
  readonly isIndexNew: boolean;
}

/**
 * Checks a data folder that no server uses: every record's checksum and seal, the index both ways, the databases' structure. It repairs nothing
 * but what every start does, unless told to rebuild the index.
 *
 * @throws FolderLocked where a server uses the folder
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { dataDir, rebuildIndex = false, onProgress = () => undefined } = options;
  const storage = await openStorage({ dataDir, rebuildIndex });
  const damages: NamedDamage[] = [];
  let damageCount = 0;
  let damagedTables = 0;
  const report = (damage: Damage) => {
    damageCount++;
    if (damage.kind === "table") damagedTables++;
    if (damages.length < DAMAGES_LISTED) damages.push(named(damage, storage));
  };
  const files = new SegmentFiles(nodeFileSystem, storagePaths(dataDir).journal);
  try {
    reportRecovery(storage.recovery, report);
    for (const { file, message } of storage.check()) report({ kind: "database", file, message });
    const verified = await verifyJournal({
      files,
      ledger: storage.ledger,
      survives: storage.survives,
      checkSeals: sealCheck(storage),
      report,
      progress: onProgress,
    });
    const { recovery, isIndexNew } = storage;
    const lostFragments = verified.lostFragments + recovery.lostRows;
    return {
      ...verified,
      lostFragments,
      ok: damageCount === 0,
      damages,
      damageCount,
      damagedTables,
      recovery,
      isIndexNew,
    };
  } finally {
    await files.close();
    await storage.close();
  }
}

function named(damage: Damage, { streams }: Storage): NamedDamage {
  const stream = damage.streamId === undefined ? undefined : streams.get(damage.streamId);
  return stream === undefined ? damage : { ...damage, streamName: stream.name };
}

function reportRecovery({ lostSegments, lostRows }: RecoverySummary, report: (damage: Damage) => void): void {
  for (const segment of lostSegments) report({ kind: "segment", segment, message: "the file is missing" });
  if (lostRows > 0) report({ kind: "dangling", message: `${lostRows} fragments were lost with missing segments` });
}

/** Opens each record's seals with its stream's key. A key that cannot be had is told once; records of deleted streams cannot be opened by anyone. */
function sealCheck({ catalog, keyEncryption, streams }: Storage) {
  const keys = new DataKeys(catalog, keyEncryption);
  const keyless = new Set<number>();
  return async (header: RecordHeader, record: Uint8Array, isTableWhole: boolean): Promise<Damage[]> => {
    const stream = streams.get(header.streamId);
    if (stream === undefined || keyless.has(stream.id)) return [];
    try {
      const key = await keys.get(stream);
      return [partDamage(key, header, record), isTableWhole ? tableDamage(key, header, record) : undefined].filter(
        (damage) => damage !== undefined,
      );
    } catch (error) {
      if (!(error instanceof KeyUnavailable)) throw error;
      keyless.add(stream.id);
      return [{ kind: "key", streamId: stream.id, message: error.message }];
    }
  };
}

function partDamage(key: KeyObject, header: RecordHeader, record: Uint8Array): Damage | undefined {
  return damageOf("seal", header, () => {
    openPart(key, toStoredPart(header, new Uint8Array(ciphertextIn(header, record))));
  });
}

/** What is wrong with a table whose checksum holds. */
function tableDamage(key: KeyObject, header: RecordHeader, record: Uint8Array): Damage | undefined {
  const table = toStoredTable(header, record.subarray(RECORD_HEADER_BYTES));
  if (table === undefined) return undefined;
  return damageOf("table", header, () => decodeFrameTable(openTable(key, table), table.summary.size));
}

/** What a check of a record throws that finds it damaged. */
function damageOf(kind: "seal" | "table", header: RecordHeader, check: () => unknown): Damage | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof RecordDamaged || error instanceof LayoutError)) throw error;
    return { kind, ...fragmentOf(header), message: error.message };
  }
}
