import { readVint, signedVintBias, UNKNOWN_SIZE, vintLength } from "../ebml/vint.ts";
import type { MatroskaLacing } from "./model.ts";

/** Most frames that a block can hold: their number less one is stored in a byte (RFC 9559, section 10.3). */
export const MAX_LACED_FRAMES = 256;

/** The lacing of a block by the two bits 0x06 of its flags (RFC 9559, section 10.1). */
export const LACING_BY_FLAGS: readonly MatroskaLacing[] = ["none", "xiph", "fixed", "ebml"];

/**
 * Reads the table of frame sizes at the start of a laced block (RFC 9559, section 10.3), byte by byte, so that it may
 * be split anywhere. It never takes more bytes than the block has.
 */
export class LacingTable {
  /** Size of each frame in bytes. */
  readonly sizes: Float64Array;
  /** Number of frames; 0 before the first byte. */
  frameCount = 0;
  /** Bytes of the block that follow what has been read of the table. */
  bytesLeft = 0;
  #lacing: MatroskaLacing = "none";
  #index = 0;
  #total = 0;
  #xiphSize = 0;
  readonly #vint = new Uint8Array(8);
  #vintBytes = 0;

  constructor(sizes: Float64Array) {
    this.sizes = sizes;
  }

  /** Begins with the table of a block that has `bytesLeft` bytes behind its flags. */
  begin(lacing: MatroskaLacing, bytesLeft: number): void {
    this.#lacing = lacing;
    this.bytesLeft = bytesLeft;
    this.frameCount = 0;
    this.#index = 0;
    this.#total = 0;
    this.#xiphSize = 0;
    this.#vintBytes = 0;
  }

  /**
   * Takes the next byte. Returns what is still to read: 1 more bytes, 0 nothing (the table is complete), -1 it is
   * damaged.
   */
  push(byte: number): -1 | 0 | 1 {
    if (this.bytesLeft === 0) return -1;
    this.bytesLeft--;
    if (this.frameCount === 0) {
      this.frameCount = byte + 1;
      return this.#lacing === "fixed" ? this.#splitEvenly() : this.#next();
    }
    if (this.#lacing === "xiph") return this.#pushXiph(byte);
    return this.#pushEbml(byte);
  }

  #splitEvenly(): -1 | 0 {
    const size = this.bytesLeft / this.frameCount;
    this.sizes.fill(size, 0, this.frameCount);
    return Number.isInteger(size) ? 0 : -1;
  }

  #pushXiph(byte: number): -1 | 0 | 1 {
    this.#xiphSize += byte;
    if (byte === 0xff) return this.#expectMore();
    const size = this.#xiphSize;
    this.#xiphSize = 0;
    return this.#add(size);
  }

  #pushEbml(byte: number): -1 | 0 | 1 {
    this.#vint[this.#vintBytes++] = byte;
    const length = vintLength(this.#vint[0]!);
    if (length > 8) return -1;
    if (this.#vintBytes < length) return this.#expectMore();
    this.#vintBytes = 0;
    const raw = readVint(this.#vint, 0, length);
    const value = raw === UNKNOWN_SIZE ? 2 ** (7 * length) - 1 : raw;
    return this.#add(this.#index === 0 ? value : this.sizes[this.#index - 1]! + value - signedVintBias(length));
  }

  #add(size: number): -1 | 0 | 1 {
    if (size < 0) return -1;
    this.sizes[this.#index++] = size;
    this.#total += size;
    return this.#next();
  }

  /** The last frame has what the others leave. */
  #next(): -1 | 0 | 1 {
    if (this.#index < this.frameCount - 1) return this.#expectMore();
    const last = this.bytesLeft - this.#total;
    this.sizes[this.#index] = last;
    return last < 0 ? -1 : 0;
  }

  #expectMore(): -1 | 1 {
    return this.bytesLeft === 0 ? -1 : 1;
  }
}
