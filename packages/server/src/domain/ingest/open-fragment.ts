import type { KeyObject } from "node:crypto";
import type { FragmentRow, FragmentSummary } from "../../storage/ports/fragment.ts";
import type { FragmentWriter, Journal, SealedPart, SealingPart } from "../../storage/ports/journal.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import { encodeFooter, PART_BYTES } from "../fragments/layout.ts";
import { encryptionOf, sealTable } from "../keys/seal.ts";
import type { Sealer } from "../keys/sealer.ts";
import type { LiveFragment } from "../live/live-fragment.ts";
import type { AckedFragment } from "./ack.ts";

/** Where a fragment is archived. */
export interface ArchiveTarget {
  readonly journal: Journal;
  readonly key: KeyObject;
  readonly sealer: Sealer;
  readonly retentionClass: number;
}

/** A fragment between its Cluster's first byte and its end: what has arrived is in `live`, and goes from there to the archive. */
export class OpenFragment implements AckedFragment {
  readonly live: LiveFragment;
  readonly number: string;
  /** Metadata tags so far. */
  tags: number;
  /** The table of its frames (`frame-table.ts`), where it is to be stored with one; to be set before `commit`. */
  frameTable: Uint8Array | undefined;
  #tagsBytes = 0;
  /** Undefined where the stream has no retention. */
  readonly #target: ArchiveTarget | undefined;
  #writer: FragmentWriter | undefined;
  #parts = 0;
  /** Offset up to which the fragment has been sealed. */
  #sealed = 0;

  constructor(live: LiveFragment, tags: number, target: ArchiveTarget | undefined) {
    this.live = live;
    this.number = formatFragmentNumber(live.identity);
    this.tags = tags;
    this.#target = target;
  }

  get timecode(): number | bigint {
    return this.live.cluster.timecode;
  }

  /** The journal that it goes to; undefined where the stream has no retention. */
  get journal(): Journal | undefined {
    return this.#target?.journal;
  }

  /** Bytes so far. */
  get size(): number {
    return this.live.log.length;
  }

  /** Offset up to which the archive has taken its bytes. */
  get sealed(): number {
    return this.#sealed;
  }

  /** Appends a Tags element that followed the Cluster. */
  appendTags(bytes: Uint8Array): void {
    this.#tagsBytes += bytes.length;
    this.live.append(bytes);
  }

  /** Whether bytes have come that `archiveParts` would hand over. */
  get hasParts(): boolean {
    return this.#target !== undefined && this.size - this.#sealed >= PART_BYTES;
  }

  /**
   * Hands whole parts to the archive. Undefined where it can take more at once, else a promise that resolves when it can and rejects with
   * `JournalUnavailable`. Only with retention.
   */
  archiveParts(): Promise<void> | undefined {
    const { journal, retentionClass } = this.#target!;
    this.#writer ??= journal.begin(this.live.identity, retentionClass);
    let accepted: Promise<void> | undefined;
    while (this.hasParts) {
      const previous = accepted;
      accepted = this.#writer.append(this.#seal(this.#sealed + PART_BYTES, undefined));
      if (previous !== undefined) accepted = Promise.all([previous, accepted]).then(() => undefined);
    }
    return accepted;
  }

  /** Closes the fragment's bytes. Readers do not see the footer: `released` stays before it. */
  complete(media: Omit<FragmentSummary, "size">): void {
    this.live.media = media;
    this.live.append(encodeFooter({ frames: this.live.frames, tagsBytes: this.#tagsBytes }));
    this.live.state = "complete";
  }

  /** Hands the rest to the archive; resolves when the fragment is durable and indexed. Only after `complete`, and with retention. */
  commit(): Promise<FragmentRow> {
    const { journal, key, retentionClass } = this.#target!;
    const { identity, media } = this.live;
    this.#writer ??= journal.begin(identity, retentionClass);
    const summary = { ...media!, size: this.size };
    const table = this.frameTable && sealTable(key, identity, summary, this.frameTable);
    return this.#writer.commit(this.#seal(this.size, summary), summary, table);
  }

  abort(): void {
    this.#writer?.abort();
  }

  #seal(end: number, summary: FragmentSummary | undefined): SealedPart | SealingPart {
    const { key, sealer } = this.#target!;
    const length = end - this.#sealed;
    const loan = this.live.log.lend(this.#sealed, end);
    this.#sealed = end;
    return sealer.seal(encryptionOf(key, this.live.identity, this.#parts++, summary), { ...loan, length });
  }
}
