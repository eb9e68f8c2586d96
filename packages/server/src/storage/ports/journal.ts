import type { FragmentIdentity, FragmentPlace, FragmentRow, FragmentSummary } from "./fragment.ts";

/** Largest ciphertext of one part, in bytes: bounds what one read allocates. Writers seal in parts of about 1 MiB. */
export const MAX_PART_BYTES = 16 * 1024 * 1024;

/** Largest ciphertext of a fragment's table, in bytes: that of some fifteen thousand frames. */
export const MAX_TABLE_BYTES = 64 * 1024;

/** Most parts of one fragment: bounds the extents of a row. With parts of 1 MiB this is a fragment of 4 GiB. */
export const MAX_PARTS = 4096;

/**
 * The group of streams whose fragments share journal segments, so that a segment expires as a whole, or nearly so: the power of two
 * at or above the retention in hours. From 0 (one hour) to 17 (ten years).
 */
export function retentionClassOf(retentionHours: number): number {
  return Math.ceil(Math.log2(Math.max(1, retentionHours)));
}

/** One sealed part of a fragment: AES-256-GCM ciphertext with its nonce and tag. */
export interface SealedPart {
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
  /** In pieces, together at most `MAX_PART_BYTES`; they belong to the journal from `append` or `commit` on. */
  readonly ciphertext: readonly Uint8Array[];
  /** `ciphertextChecksum`, where the sealer has it. */
  readonly checksum?: number;
  /** Called once when the journal no longer reads the ciphertext, written or not, so that its memory can be used again. */
  readonly release?: () => void;
}

/** A sealed table of a fragment's frames, which can be read without its parts. */
export interface SealedTable {
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
  /** At most `MAX_TABLE_BYTES`. */
  readonly ciphertext: Uint8Array;
}

/** A part whose seal is in the making: it takes its place by its length. Where `sealed` rejects, the part is lost, and the fragment with it. */
export interface SealingPart {
  /** Bytes of ciphertext. */
  readonly length: number;
  readonly sealed: Promise<SealedPart>;
}

/** Gives back the memory of a part that is not written after all, once it is sealed. */
export function releasePart(part: SealedPart | SealingPart): void {
  if ("sealed" in part) {
    part.sealed.then(
      ({ release }) => release?.(),
      () => undefined,
    );
  } else {
    part.release?.();
  }
}

/** A part as it is read back; the caller opens the seal. */
export interface StoredPart extends FragmentIdentity {
  /** From 0 within the fragment. */
  readonly part: number;
  /** Set on the fragment's last part. */
  readonly summary?: FragmentSummary;
  readonly nonce: Uint8Array;
  readonly tag: Uint8Array;
  /** Belongs to the reader, who may write over it, or hand its memory, an ArrayBuffer of its own, to another thread. */
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  /**
   * Called when the ciphertext is of no use any more, so that its memory can be used again, with a view of it as it is by then; it may be left
   * out.
   */
  readonly release?: (bytes: Uint8Array) => void;
}

/** A fragment's table as it is read back; the caller opens the seal. */
export interface StoredTable extends FragmentIdentity, SealedTable {
  readonly summary: FragmentSummary;
}

/** A file that holds records, open for reading by any thread of this process. */
export interface RecordFile {
  readonly descriptor: number;
  /** What the checksums of its records begin with. */
  readonly seed: number;
}

/** How a fragment is read. */
export interface ReadOptions {
  /** Whether the caller opens the seals, which show altered bytes too: their checksums are then not verified. False if not given. */
  readonly opensSeals?: boolean;
}

/** Writes one fragment. All of its parts go to one segment. Nothing of it is visible before `commit` resolves. */
export interface FragmentWriter {
  /**
   * Queues a part that is not the last. Undefined where the journal can take more at once, else a promise that resolves when it can
   * (back-pressure), or rejects with `JournalUnavailable` where the segment has failed or the disk is full; the fragment is then lost and must
   * be sent again, and what follows of it is refused for the same reason. It rejects with a RangeError or an Error, caller's mistakes, for parts
   * of more than `MAX_PART_BYTES`, a part beyond `MAX_PARTS`, and any part after `commit` or `abort`.
   */
  append(part: SealedPart | SealingPart): Promise<void> | undefined;
  /**
   * Queues the last part; resolves when the whole fragment is durable AND has its row in the fragment index. Fragments become visible
   * in the order of their commits. Rejects with `JournalUnavailable` as `append` does: the fragment is then not visible, though after a
   * restart it may be, whole, as if it had been sent twice. A table of more than `MAX_TABLE_BYTES` throws a RangeError.
   */
  commit(part: SealedPart | SealingPart, summary: FragmentSummary, table?: SealedTable): Promise<FragmentRow>;
  /** Gives the fragment up. What was written of it is garbage for compaction. Idempotent; a no-op after commit. */
  abort(): void;
}

/**
 * The append-only store of sealed parts that all streams share. Many fragments become durable with one sync (group commit).
 */
export interface Journal {
  /** Starts a fragment in the segment that is open for `retentionClass`. Does no I/O. */
  begin(identity: FragmentIdentity, retentionClass: number): FragmentWriter;
  /**
   * Reads the parts of one fragment in order, verifying that each record is the one that the row means, and its checksums as `options` say.
   * Throws `RecordDamaged` where it is not, `RecordGone` where the segment no longer exists (the row may have moved: look it up again).
   */
  read(row: FragmentIdentity & FragmentPlace, options?: ReadOptions): AsyncIterable<StoredPart>;
  /**
   * Reads the table of one fragment, undefined where it was committed without one. Throws what `read` throws; whether the table's bytes are what
   * was written shows when its seal is opened.
   */
  readTable(row: FragmentIdentity & FragmentPlace): Promise<StoredTable | undefined>;
  /**
   * Runs `use` with the files of these fragments, one for each, in order, so that another thread reads them: they are open until `use` has come to its
   * end. Resolves to undefined, and runs nothing, where fragments do not lie in files that other threads can read, or in many. Rejects with what
   * `read` throws where a file cannot be opened, and as `use` does.
   */
  lendFiles<Result>(
    rows: readonly FragmentPlace[],
    use: (files: readonly RecordFile[]) => Promise<Result>,
  ): Promise<Result | undefined>;
  /** False while the disk is full, the quota is reached or the disk fails: appends are refused, reads go on, and it recovers by itself. */
  readonly writable: boolean;
  /** Why it is not writable, for an operator. */
  readonly unavailable: JournalUnavailable | undefined;
  stats(): JournalStats;
  /**
   * Gives space back: unlinks the segments without live fragments and moves the live fragments out of segments that are mostly dead.
   * A bounded amount of work per call, paced so that ingest goes on; calls while one runs join it. Rejects with `JournalUnavailable` where
   * the device fails; nothing is lost then.
   */
  collect(): Promise<CollectSummary>;
  /** Resolves when everything queued is durable; refuses new fragments from then on. */
  close(): Promise<void>;
}

/** Counters since the start, for metrics and benches. */
export interface JournalStats {
  readonly bytesWritten: number;
  readonly syncs: number;
  readonly fragments: number;
  /** Bytes that are queued or written but not yet durable. */
  readonly pendingBytes: number;
  /** Bytes of all segment files. */
  readonly storedBytes: number;
  readonly segments: number;
}

/** What one `collect` did. */
export interface CollectSummary {
  /** Segments unlinked because nothing in them was live. */
  readonly dropped: number;
  /** Segments whose live fragments were moved, and which were then unlinked. */
  readonly compacted: number;
  readonly freedBytes: number;
  readonly copiedBytes: number;
  /** True where the bound on one call was reached and another call would find work at once. */
  readonly more: boolean;
}

/** The journal takes no data now. `reason` tells whether space (disk, quota) or the device is at fault. */
export class JournalUnavailable extends Error {
  override readonly name = "JournalUnavailable";
  readonly reason: "disk-full" | "quota" | "io-error" | "closed";

  constructor(reason: JournalUnavailable["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A record's bytes are not what was written: checksum, seal or identity do not match. */
export class RecordDamaged extends Error {
  override readonly name = "RecordDamaged";
}

/** A record cannot be read at the moment, whatever it is: the system has no file descriptor left for its file. */
export class RecordUnavailable extends Error {
  override readonly name = "RecordUnavailable";
}

/** The segment that held the record no longer exists. */
export class RecordGone extends Error {
  override readonly name = "RecordGone";
}
