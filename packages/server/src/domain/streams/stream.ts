import type { StreamCatalog, StreamPatch, StreamRecord } from "../../storage/ports/stream-catalog.ts";
import { CatalogFull, VersionConflict } from "../../storage/ports/stream-catalog.ts";
import { DomainError } from "../errors.ts";
import type { Caller, Tell } from "../events/events.ts";
import { ReceiptClock } from "./receipt-clock.ts";
import { checkRetentionHours, horizonAfterChange, retentionHorizon } from "./retention.ts";
import { type FragmentSequence, SequenceAllocator } from "./sequences.ts";
import { mergeTags, removeTags, type Tags } from "./tags.ts";
import { newVersion } from "./version.ts";

/** What a stream needs of the process that owns it. */
export interface StreamOwner {
  readonly catalog: StreamCatalog;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly tell?: Tell;
}

/** The error of every request for a stream that does not exist, or exists no more. */
export function streamNotFound(): DomainError {
  return new DomainError("stream-not-found", "The requested stream is not found or not active.");
}

/** The error of every change that finds no space on the server's disk; any other error as it is. */
export function whereFull(error: unknown): unknown {
  if (!(error instanceof CatalogFull)) return error;
  const message = "The server's disk is full. Delete streams, shorten their retention or give it space; then retry.";
  return new DomainError("storage-full", message, { cause: error });
}

/**
 * One existing stream, as this process owns it: its current record, the numbers of its fragments, and the changes to it, one after
 * the other. Each change is durable when its promise resolves. Every method rejects with DomainError `stream-not-found` after deletion, and every
 * change with `storage-full` where the disk is full.
 */
export class Stream {
  /** When its fragments came. */
  readonly receipts = new ReceiptClock();
  readonly #owner: StreamOwner;
  readonly #sequences: SequenceAllocator;
  readonly #deleted = new AbortController();
  #record: StreamRecord;
  #changes: Promise<unknown> = Promise.resolve();

  /** `nextSequence` is the first fragment's number: that which is reserved for a stream that may have had fragments, 1 for a new one. */
  constructor(owner: StreamOwner, record: StreamRecord, nextSequence: number) {
    this.#owner = owner;
    this.#record = record;
    this.#sequences = new SequenceAllocator({
      next: nextSequence,
      reserved: record.reservedSequence,
      reserve: (reservedSequence) => this.#exclusively(() => this.#store({ reservedSequence })),
    });
  }

  get id(): number {
    return this.#record.id;
  }

  get name(): string {
    return this.#record.name;
  }

  get arn(): string {
    return this.#record.arn;
  }

  /** The stream as it is stored now. The object is replaced, never altered. */
  get record(): StreamRecord {
    return this.#record;
  }

  /** Aborted when the stream is deleted: whatever reads or writes it ends then. */
  get signal(): AbortSignal {
    return this.#deleted.signal;
  }

  /** Whether fragments are archived: with retention 0 they only pass through memory. */
  get archives(): boolean {
    return this.#record.retentionHours > 0;
  }

  /** Fragments received before this moment (ms since the epoch) are gone; with retention 0 it lies after every fragment. */
  horizon(now: number = this.#owner.now()): number {
    return retentionHorizon(this.#record, now);
  }

  /** The fragment sequence numbers of a new connection. Never rejects: where the catalog fails, the sequence's `next` throws. */
  beginConnection(): Promise<FragmentSequence> {
    return this.#sequences.beginConnection();
  }

  /** Changes what describes the stream's source; `undefined` leaves a member as it is. */
  update(currentVersion: string, changes: Pick<StreamPatch, "deviceName" | "mediaType">): Promise<void> {
    const { deviceName, mediaType } = changes;
    return this.#changeMetadata(currentVersion, () => ({
      ...(deviceName !== undefined && { deviceName }),
      ...(mediaType !== undefined && { mediaType }),
    }));
  }

  /**
   * Lengthens (or with a negative number shortens) the retention period by `hours`. What the shorter period no longer covers is gone
   * at once and for good. Rejects with `invalid-argument` where the new period would not lie in 0 to 87,600 hours.
   */
  async changeRetention(currentVersion: string, hours: number, caller?: Caller): Promise<void> {
    let toHours = 0;
    await this.#changeMetadata(currentVersion, () => {
      toHours = this.#record.retentionHours + hours;
      checkRetentionHours(toHours);
      return { retentionHours: toHours, horizon: horizonAfterChange(this.#record, toHours, this.#owner.now()) };
    });
    this.#owner.tell?.("data retention changed", { stream: this.name, fromHours: toHours - hours, toHours, ...caller });
  }

  /** Sets the tier that new fragments are meant for. */
  setStorageTier(currentVersion: string, storageTier: StreamRecord["storageTier"]): Promise<void> {
    return this.#changeMetadata(currentVersion, () => ({ storageTier }));
  }

  /** Adds tags, overwriting those of the same key. The version stays. */
  tag(added: Tags): Promise<void> {
    return this.#exclusively(() => this.#store({ tags: mergeTags(this.#record.tags, added) }));
  }

  /** Removes tags by key; unknown keys are ignored. The version stays. */
  untag(keys: readonly string[]): Promise<void> {
    return this.#exclusively(() => this.#store({ tags: removeTags(this.#record.tags, keys) }));
  }

  /**
   * Sets (JSON text) or removes (`undefined`) the image generation configuration. The version stays.
   * Rejects with `no-data-retention` where one is set on a stream that keeps nothing.
   */
  setImageGeneration(imageGeneration: string | undefined): Promise<void> {
    return this.#exclusively(() => {
      if (imageGeneration !== undefined) this.#requireRetention();
      return this.#store({ imageGeneration });
    });
  }

  /** Sets or removes the notification configuration, by the rules of `setImageGeneration`. */
  setNotification(notification: string | undefined): Promise<void> {
    return this.#exclusively(() => {
      if (notification !== undefined) this.#requireRetention();
      return this.#store({ notification });
    });
  }

  /**
   * Ends the stream: aborts `signal`, then destroys its record and its wrapped key in the catalog. Where the catalog fails this
   * object stays dead, and the stream is found again through a new one. The registry calls it; others go through the registry.
   */
  delete(currentVersion: string | undefined): Promise<void> {
    return this.#exclusively(async () => {
      if (currentVersion !== undefined) this.#requireVersion(currentVersion);
      this.#deleted.abort(streamNotFound());
      await this.#owner.catalog.delete(this.id).catch((error: unknown) => Promise.reject(whereFull(error)));
    });
  }

  /** Why a reader failed: that the stream was deleted meanwhile, where it was, since its key and its media are gone then; else `error`. */
  explain(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  #changeMetadata(currentVersion: string, patch: () => StreamPatch): Promise<void> {
    return this.#exclusively(() => {
      this.#requireVersion(currentVersion);
      return this.#store({ ...patch(), version: newVersion() }, currentVersion);
    });
  }

  /** Runs `change` after all earlier changes have ended, so that none reads a record that another is about to replace. */
  #exclusively(change: () => Promise<void>): Promise<void> {
    const run = this.#changes.then(() => {
      this.signal.throwIfAborted();
      return change();
    });
    this.#changes = run.catch(() => undefined);
    return run;
  }

  async #store(patch: StreamPatch, expectedVersion?: string): Promise<void> {
    try {
      const stored = await this.#owner.catalog.update(this.id, patch, expectedVersion);
      if (stored === undefined) throw streamNotFound();
      this.#record = stored;
    } catch (error) {
      throw error instanceof VersionConflict ? versionMismatch(error) : whereFull(error);
    }
  }

  #requireVersion(version: string): void {
    if (version !== this.#record.version) throw versionMismatch();
  }

  #requireRetention(): void {
    if (this.archives) return;
    throw new DomainError(
      "no-data-retention",
      "The stream keeps no data: set a data retention period greater than 0 first.",
    );
  }
}

function versionMismatch(cause?: VersionConflict): DomainError {
  return new DomainError(
    "version-mismatch",
    "The stream version that you specified is not the latest version. Call DescribeStream to get the latest version.",
    { cause },
  );
}
