import type { FragmentRow } from "../../../storage/ports/fragment.ts";
import type { FragmentArchive } from "../../fragments/archive.ts";
import type { FragmentHead } from "../../fragments/layout.ts";
import type { KeyOwner } from "../../keys/data-keys.ts";
import { type LentBytes, releaseAll } from "../../lent-bytes.ts";
import { concatOwned } from "../../own-memory.ts";
import type { PartSource } from "./fragment-parts.ts";

/** A fragment that had arrived, and left memory, before anybody wanted parts of it: read back whole. */
export class StoredSource implements PartSource {
  readonly state = "complete";
  readonly buffered = false;
  readonly media = undefined;
  readonly clusterEnd = undefined;
  readonly identity: FragmentRow;
  readonly row: FragmentRow;
  readonly head: FragmentHead;
  readonly bodyStart: number;
  readonly released: number;
  readonly configuration: number;
  readonly lastDataAt: number;
  readonly log = {
    copy: (from: number, to: number) => this.#body.subarray(from - this.bodyStart, to - this.bodyStart),
  };
  #body: Buffer;

  private constructor(row: FragmentRow, head: FragmentHead, bodyStart: number, body: Buffer) {
    this.identity = row;
    this.row = row;
    this.head = head;
    this.bodyStart = bodyStart;
    this.released = bodyStart + body.length;
    this.configuration = row.configuration;
    this.lastDataAt = row.serverTimestamp;
    this.#body = body;
  }

  /** Rejects with what opening the fragment and reading its body do. */
  static async read(archive: FragmentArchive, owner: KeyOwner, row: FragmentRow): Promise<StoredSource> {
    const stored = await archive.open(owner, row);
    const pieces: LentBytes[] = [];
    try {
      for await (const piece of stored.body()) pieces.push(piece);
      const body = concatOwned(pieces.map(({ bytes }) => bytes));
      return new StoredSource(row, stored.head, stored.bodyStart, body);
    } finally {
      releaseAll(pieces);
      await stored.close();
    }
  }

  holds(offset: number): boolean {
    return this.#body.length > 0 && offset >= this.bodyStart && offset < this.released;
  }

  /** Forgets the bytes. */
  drop(): void {
    this.#body = Buffer.alloc(0);
  }
}
