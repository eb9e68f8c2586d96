import { MatroskaError } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import { FragmentGone, type StoredFragment } from "../fragments/archive.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import { type LentBytes, releaseAll, toSend } from "../lent-bytes.ts";
import { ClipTable } from "./clip-table.ts";
import { framesByTrack, packFrames, type TrackFrames } from "./frames.ts";
import { openAhead, type ReadPlaces } from "./open-ahead.ts";
import { packetsOf } from "./packets.ts";
import type { PlannedFragment } from "./plan.ts";
import type { ClipTrack } from "./tracks.ts";

/** The media of a clip up to this size stays in memory while it is sent; that of a larger one is read a second time. */
const KEPT_BYTES = 4 * 2 ** 20;
/** Fragments that are opened ahead of the one in use, up to 2 MiB each: three while nobody has to be waited for, else two. */
const AHEAD_MEASURING = 3;
const AHEAD_SENDING = 2;
/** The tables are handed over in pieces of this size. */
const HEAD_PIECE_BYTES = 2 ** 20;

/** What a clip is made of. */
export interface ClipParts extends ReadPlaces {
  readonly plan: readonly PlannedFragment[];
  readonly tracks: readonly ClipTrack[];
  /** Throws where nobody wants the clip any more. */
  readonly check: () => void;
}

interface KeptPiece extends LentBytes {
  readonly frames: TrackFrames;
}

/**
 * One clip in the making: an MP4 file whose header comes first. All fragments are read once for the tables of the header, and again to be
 * sent, so that the clip is never in memory as a whole.
 */
export class Clip {
  readonly #parts: ClipParts;
  readonly #rows: readonly FragmentRow[];
  readonly #table: ClipTable;
  readonly #fragments: AsyncGenerator<StoredFragment, void>;
  readonly #kept: KeptPiece[] | undefined;
  #measured = 0;

  constructor(parts: ClipParts) {
    this.#parts = parts;
    this.#rows = parts.plan.map(({ row }) => row);
    this.#table = new ClipTable(parts.tracks);
    this.#fragments = openAhead(parts, this.#rows, AHEAD_MEASURING);
    const bytes = this.#rows.reduce((sum, { size }) => sum + size, 0);
    this.#kept = bytes <= KEPT_BYTES ? [] : undefined;
  }

  /** The file's first box: known before anything is measured. */
  fileType(): Uint8Array {
    return this.#table.layout.fileType();
  }

  /**
   * Reads fragments for the tables, as many as begin within the next `bytes` bytes.
   * @throws DomainError `invalid-media-frame` where a fragment cannot be parsed, `not-found` where it has left the archive,
   *   `invalid-argument` where there are more frames than a file holds; RecordDamaged, LayoutError, KeyUnavailable
   */
  async measure(bytes: number): Promise<void> {
    for (let left = bytes; left > 0 && this.#measured < this.#rows.length; ) {
      const planned = this.#parts.plan[this.#measured]!;
      try {
        const { value } = await this.#fragments.next();
        if (value !== undefined) await this.#measureFragment(planned, value);
      } catch (error) {
        throw explain(error, planned.row);
      }
      this.#measured++;
      left -= planned.row.size;
    }
  }

  /** The file behind its first box, in pieces. Only once everything is measured. Throws what reading throws. */
  async *rest(): AsyncGenerator<Uint8Array, void> {
    const head = this.#table.head();
    for (let at = this.fileType().length; at < head.length; at += HEAD_PIECE_BYTES) {
      yield head.subarray(at, at + HEAD_PIECE_BYTES);
    }
    if (this.#kept === undefined) yield* this.#readAgain();
    else yield* sendKept(this.#kept);
  }

  /** Lets go of a clip that is not read to its end. */
  async close(): Promise<void> {
    await this.#fragments.return();
    this.#table.release();
    releaseAll(this.#kept?.splice(0) ?? []);
  }

  async #measureFragment(planned: PlannedFragment, fragment: StoredFragment): Promise<void> {
    const { tracks, check } = this.#parts;
    let begun = false;
    for await (const piece of packetsOf(fragment)) {
      try {
        check();
        if (!begun) this.#table.beginFragment(planned, piece.clusterUs);
        begun = true;
        const frames = framesByTrack(piece, tracks, planned.row);
        this.#table.add(frames, this.#kept === undefined ? piece : undefined);
        this.#kept?.push({ bytes: piece.bytes, release: piece.release, frames });
      } catch (error) {
        piece.release();
        throw error;
      }
    }
  }

  async *#readAgain(): AsyncGenerator<Uint8Array, void> {
    const { tracks, check } = this.#parts;
    let index = 0;
    for await (const fragment of openAhead(this.#parts, this.#rows, AHEAD_SENDING)) {
      let left = this.#table.fragmentBytes[index++]!;
      for await (const piece of packetsOf(fragment)) {
        try {
          for (const bytes of packFrames(piece.bytes, framesByTrack(piece, tracks, fragment.row))) {
            check();
            left -= bytes.length;
            yield toSend(bytes);
          }
        } finally {
          piece.release();
        }
      }
      if (left !== 0) throw new Error(`fragment ${fragment.row.sequence} is not what it was when it was measured`);
    }
  }
}

function* sendKept(kept: KeptPiece[]): Generator<Uint8Array, void> {
  for (let piece = kept.shift(); piece !== undefined; piece = kept.shift()) {
    try {
      for (const bytes of packFrames(piece.bytes, piece.frames)) yield toSend(bytes);
    } finally {
      piece.release();
    }
  }
}

/** The error of the API for a failure to read a fragment; `error` itself where the server is at fault. */
export function explain(error: unknown, row: FragmentRow): unknown {
  const number = formatFragmentNumber(row);
  if (error instanceof MatroskaError) {
    return new DomainError("invalid-media-frame", `Fragment ${number} cannot be read: ${error.message}.`, {
      cause: error,
    });
  }
  if (!(error instanceof FragmentGone)) return error;
  return new DomainError("not-found", `Fragment ${number} has expired in the meantime.`, { cause: error });
}
