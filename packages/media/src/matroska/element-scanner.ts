import type { ChunkWindow } from "../bytes/chunk-window.ts";
import { type ElementHeader, INVALID_HEADER, NEED_MORE, readElementHeader } from "../ebml/element-header.ts";
import { UNKNOWN_SIZE } from "../ebml/vint.ts";
import { MatroskaError } from "./error.ts";
import { elementName, ID } from "./ids.ts";
import { invalidHeader, overrun } from "./master.ts";

/** Finds the next element of a stream and holds what its ID and size say, until the next call. */
export class ElementScanner implements ElementHeader {
  id = 0;
  /** Bytes of data, or `UNKNOWN_SIZE`, which only Segment and Cluster may have. */
  size = 0;
  /** Offset of the element from the first byte of the stream. */
  offset = 0;
  /** Bytes of ID and size. */
  headerLength = 0;
  readonly #window: ChunkWindow;

  constructor(window: ChunkWindow) {
    this.#window = window;
  }

  /** Place in the current chunk where the element begins, 0 where that was in an earlier chunk. */
  get startInChunk(): number {
    return this.#window.joined > 0 ? 0 : this.#window.pos - this.headerLength;
  }

  /** Offset behind the element; Infinity where its size is unknown. */
  get end(): number {
    return this.size === UNKNOWN_SIZE ? Number.POSITIVE_INFINITY : this.offset + this.headerLength + this.size;
  }

  /**
   * Reads the ID and size of the element that is next, within `parent`, which ends at the offset `parentEnd`. Returns
   * whether they were there whole; if not, they are held back. Throws a `MatroskaError` for an element that cannot be.
   */
  next(parent: string, parentEnd: number): boolean {
    const window = this.#window;
    window.look();
    this.offset = window.unitOffset;
    const length = readElementHeader(window.bytes, window.at, window.end, this);
    if (length === NEED_MORE) {
      window.holdBack();
      return false;
    }
    if (length === INVALID_HEADER) throw invalidHeader(parent, this.offset);
    window.advance(length);
    this.headerLength = length;
    if (this.size === UNKNOWN_SIZE) this.#checkUnknownSize();
    else if (window.offset + this.size > parentEnd) throw overrun(elementName(this.id), this.offset, parent);
    return true;
  }

  #checkUnknownSize(): void {
    if (this.id === ID.Segment || this.id === ID.Cluster) return;
    throw new MatroskaError("unknown-size", elementName(this.id), this.offset, "a known size");
  }

  /** The error for this element standing where it may not; `place` says where it may, or that it may not be here. */
  unexpected(place: string): MatroskaError {
    return new MatroskaError("unexpected-element", elementName(this.id), this.offset, place);
  }

  /** The error for this element coming a second time. */
  duplicate(): MatroskaError {
    return new MatroskaError("duplicate-element", elementName(this.id), this.offset, "only once");
  }
}
