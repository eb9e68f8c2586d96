import type { FragmentIdentity, FragmentRow, FragmentSummary } from "../../ports/fragment.ts";
import {
  type FragmentWriter,
  JournalUnavailable,
  MAX_PART_BYTES,
  MAX_PARTS,
  MAX_TABLE_BYTES,
  releasePart,
  type SealedPart,
  type SealedTable,
  type SealingPart,
} from "../../ports/journal.ts";
import type { OpenSegment, PlacedRecord } from "./open-segment.ts";
import { encodeRecordStart, type RecordContent, recordBytes, tableBytes } from "./record.ts";

/** What a writer needs of its journal. */
export interface WriterHost {
  /** Throws `JournalUnavailable` where the journal takes no `bytes` more; a failed device does not stop fragments in healthy segments. */
  admit(segment: OpenSegment | undefined, bytes: number): void;
  /** The segment that takes new fragments of this class; counts the fragment in. */
  acquire(retentionClass: number): OpenSegment;
  /** Counts a fragment out that was given up. */
  release(segment: OpenSegment): void;
  /** Waits until the fragment is durable and visible, and counts it out. */
  commit(segment: OpenSegment, row: FragmentRow): Promise<FragmentRow>;
  /** Undefined where the next part may follow at once, else a promise to wait for. */
  room(): Promise<void> | undefined;
}

/** What ends a fragment, known with its last part. */
interface FragmentEnd {
  readonly summary: FragmentSummary;
  readonly table: SealedTable | undefined;
}

/** Writes one fragment into the segment that it was given with its first part. */
export class FileFragmentWriter implements FragmentWriter {
  readonly #host: WriterHost;
  readonly #identity: FragmentIdentity;
  readonly #retentionClass: number;
  readonly #extents: number[] = [];
  #segment: OpenSegment | undefined;
  #ended = false;
  /** What the fragment was lost by: its caller may have more of it on the way. */
  #loss: JournalUnavailable | undefined;

  constructor(host: WriterHost, identity: FragmentIdentity, retentionClass: number) {
    this.#host = host;
    this.#identity = identity;
    this.#retentionClass = retentionClass;
  }

  append(part: SealedPart | SealingPart): Promise<void> | undefined {
    let segment: OpenSegment;
    try {
      segment = this.#place(part, undefined);
    } catch (failure) {
      return Promise.reject(failure);
    }
    const room = this.#host.room();
    return room && this.#when(room, segment);
  }

  async commit(part: SealedPart | SealingPart, summary: FragmentSummary, table?: SealedTable): Promise<FragmentRow> {
    const segment = this.#place(part, { summary, table });
    this.#ended = true;
    return this.#host.commit(segment, { ...this.#identity, ...summary, segment: segment.id, extents: this.#extents });
  }

  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#segment !== undefined) this.#host.release(this.#segment);
  }

  /** Waits for room. Where the segment fails meanwhile the fragment is lost, and ended. */
  async #when(room: Promise<void>, segment: OpenSegment): Promise<void> {
    await room;
    if (segment.failure === undefined) return;
    this.#loss = segment.failure;
    this.abort();
    throw segment.failure;
  }

  /** Gives the part its place in the segment. Where that fails the fragment is lost, and ended. */
  #place(part: SealedPart | SealingPart, end: FragmentEnd | undefined): OpenSegment {
    try {
      return this.#placeAdmitted(part, end);
    } catch (failure) {
      if (failure instanceof JournalUnavailable) this.#loss = failure;
      this.abort();
      releasePart(part);
      throw failure;
    }
  }

  #placeAdmitted(part: SealedPart | SealingPart, end: FragmentEnd | undefined): OpenSegment {
    if (this.#ended) throw this.#loss ?? new Error("the fragment was committed or given up");
    const index = this.#extents.length / 2;
    if (index === MAX_PARTS) throw new RangeError(`a fragment has at most ${MAX_PARTS} parts`);
    const length = "sealed" in part ? part.length : lengthOf(part);
    if (length > MAX_PART_BYTES) throw new RangeError(`a part has at most ${MAX_PART_BYTES} bytes`);
    const table = end?.table;
    if (table !== undefined && table.ciphertext.length > MAX_TABLE_BYTES) {
      throw new RangeError(`a table has at most ${MAX_TABLE_BYTES} bytes`);
    }
    const content: RecordContent = { identity: this.#identity, part: index, summary: end?.summary, table, length };
    const recordLength = recordBytes({ tableLength: tableBytes(table), length });
    const segment = this.#admitted(recordLength);
    const toRecord = (sealed: SealedPart): PlacedRecord => ({
      pieces: [encodeRecordStart(segment.seed, content, sealed), ...sealed.ciphertext],
      release: sealed.release,
    });
    const record = "sealed" in part ? part.sealed.then(toRecord) : toRecord(part);
    this.#extents.push(segment.place(record, recordLength), recordLength);
    return segment;
  }

  #admitted(bytes: number): OpenSegment {
    if (this.#segment?.failure !== undefined) throw this.#segment.failure;
    this.#host.admit(this.#segment, bytes);
    this.#segment ??= this.#host.acquire(this.#retentionClass);
    return this.#segment;
  }
}

function lengthOf({ ciphertext }: SealedPart): number {
  return ciphertext.reduce((length, piece) => length + piece.length, 0);
}
