import { MatroskaError } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import { type FragmentArchive, FragmentGone, type StoredFragment } from "../fragments/archive.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import type { KeyOwner } from "../keys/data-keys.ts";
import { type LentBytes, releaseAll, toSend } from "../lent-bytes.ts";
import { ClipTable } from "./clip-table.ts";
import { FrameSum, framesByTrack, packFrames, type TrackFrames } from "./frames.ts";
import { isMeasuredBySize, type MeasuredFrames, measureFrames, measureTable } from "./measure.ts";
import { type Openable, openAhead } from "./open-ahead.ts";
import { packetsOf } from "./packets.ts";
import type { PlannedFragment } from "./plan.ts";
import type { SetUps } from "./set-ups.ts";

/** The media of a clip up to this size is read once and stays in memory until it is sent; that of a larger one is read to be sent. */
const KEPT_BYTES = 4 * 2 ** 20;
/** Fragments, or tables of them, that are opened ahead of the one in use, up to 2 MiB each: three while nobody has to be waited for, else two. */
const AHEAD_MEASURING = 3;
const AHEAD_SENDING = 2;
/** The tables are handed over in pieces of this size. */
const HEAD_PIECE_BYTES = 2 ** 20;

/** What a clip is made of. */
export interface ClipParts {
  readonly archive: FragmentArchive;
  readonly owner: KeyOwner;
  readonly plan: readonly PlannedFragment[];
  readonly setUps: SetUps;
  /** Throws where nobody wants the clip any more. */
  readonly check: () => void;
}

interface KeptPiece extends LentBytes {
  readonly frames: TrackFrames;
}

/** What a fragment is measured by: its frames as its table tells them, by the pieces in which they will be read; else the fragment itself. */
type Measurable =
  | { readonly clusterUs: number; readonly pieces: readonly MeasuredFrames[] }
  | { readonly fragment: StoredFragment };

/**
 * One clip in the making: an MP4 file whose header comes first. The tables of all fragments are read for those of the header, or the fragments
 * where that does not do, and then the fragments to be sent, so that the clip is never in memory as a whole.
 */
export class Clip {
  readonly #parts: ClipParts;
  readonly #rows: readonly FragmentRow[];
  readonly #table: ClipTable;
  readonly #measurables: AsyncGenerator<Measurable, void>;
  readonly #kept: KeptPiece[] | undefined;
  #measured = 0;

  constructor(parts: ClipParts) {
    this.#parts = parts;
    this.#rows = parts.plan.map(({ row }) => row);
    this.#table = new ClipTable(parts.setUps);
    const bytes = this.#rows.reduce((sum, { size }) => sum + size, 0);
    this.#kept = bytes <= KEPT_BYTES ? [] : undefined;
    const byTables = this.#kept === undefined && isMeasuredBySize(parts.setUps.first);
    this.#measurables = openAhead(measurablesOf(parts, byTables), this.#rows, AHEAD_MEASURING);
  }

  /** The file's first box: known before anything is measured. */
  fileType(): Uint8Array {
    return this.#table.layout.fileType();
  }

  /**
   * Reads the tables of fragments, or fragments, for those of the header: as many as begin within the next `bytes` bytes of media.
   * @throws DomainError `invalid-media-frame` where a fragment cannot be parsed, `not-found` where it has left the archive,
   *   `invalid-argument` where there are more frames than a file holds; RecordDamaged, LayoutError, KeyUnavailable
   */
  async measure(bytes: number): Promise<void> {
    for (let left = bytes; left > 0 && this.#measured < this.#rows.length; ) {
      const planned = this.#parts.plan[this.#measured]!;
      try {
        const { value } = await this.#measurables.next();
        if (value === undefined) return;
        if ("fragment" in value) await this.#measureFragment(planned, value.fragment);
        else this.#measureTable(planned, value);
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
    await this.#measurables.return();
    releaseAll(this.#kept?.splice(0) ?? []);
  }

  #measureTable(planned: PlannedFragment, { clusterUs, pieces }: Exclude<Measurable, { fragment: unknown }>): void {
    this.#parts.check();
    this.#table.beginFragment(planned, clusterUs);
    for (const piece of pieces) this.#table.add(piece);
  }

  async #measureFragment(planned: PlannedFragment, fragment: StoredFragment): Promise<void> {
    const { setUps, check } = this.#parts;
    const tracks = setUps.first;
    let begun = false;
    for await (const piece of packetsOf(fragment)) {
      try {
        check();
        if (!begun) this.#table.beginFragment(planned, piece.clusterUs);
        begun = true;
        const frames = framesByTrack(piece, tracks, planned.row);
        this.#table.add(measureFrames(frames, tracks));
        if (this.#kept === undefined) piece.release();
        else this.#kept.push({ bytes: piece.bytes, release: piece.release, frames });
      } catch (error) {
        piece.release();
        throw error;
      }
    }
  }

  async *#readAgain(): AsyncGenerator<Uint8Array, void> {
    const { setUps, check } = this.#parts;
    const tracks = setUps.first;
    let index = 0;
    for await (const fragment of openAhead(fragmentsOf(this.#parts), this.#rows, AHEAD_SENDING)) {
      const sum = new FrameSum();
      for await (const piece of packetsOf(fragment)) {
        try {
          const frames = framesByTrack(piece, tracks, fragment.row);
          sum.add(frames);
          for (const bytes of packFrames(piece.bytes, frames)) {
            check();
            yield toSend(bytes);
          }
        } finally {
          piece.release();
        }
      }
      if (sum.equals(this.#table.sums[index++]!)) continue;
      throw new Error(`fragment ${fragment.row.sequence} is not what it was when it was measured`);
    }
  }
}

const fragmentsOf = ({ archive, owner }: ClipParts): Openable<FragmentRow, StoredFragment> => ({
  open: (row) => archive.open(owner, row),
  close: (fragment) => fragment.close(),
});

/** What fragments are measured by: their tables where they will do, if `byTables`. */
function measurablesOf({ archive, owner, setUps }: ClipParts, byTables: boolean): Openable<FragmentRow, Measurable> {
  return {
    open: async (row) => {
      const table = byTables ? await archive.frameTable(owner, row) : undefined;
      const pieces = table && measureTable(table, setUps.first);
      if (pieces !== undefined) return { clusterUs: table!.clusterUs, pieces };
      return { fragment: await archive.open(owner, row) };
    },
    close: (opened) => ("fragment" in opened ? opened.fragment.close() : undefined),
  };
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
