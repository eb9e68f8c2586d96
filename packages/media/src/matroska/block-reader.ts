import type { ChunkWindow } from "../bytes/chunk-window.ts";
import { readVint, vintLength } from "../ebml/vint.ts";
import { MatroskaError } from "./error.ts";
import type { MatroskaStreamHandler } from "./handler.ts";
import { elementName } from "./ids.ts";
import { LACING_BY_FLAGS, LacingTable, MAX_LACED_FRAMES } from "./lacing.ts";
import type { MatroskaBlock } from "./model.ts";

/** Timestamp and flags behind the track number of a block, in bytes (RFC 9559, section 10.1). */
const FIXED_LENGTH = 3;
/** Shortest block header in bytes: a track number of one byte. */
const MIN_HEADER_LENGTH = 1 + FIXED_LENGTH;
/** Longest block header in bytes, without a lacing table. */
export const MAX_BLOCK_HEADER_LENGTH = 8 + FIXED_LENGTH;

/** Track numbers of one byte, 1 to 126, with their marker bit. */
const SHORT_TRACK_ONE = 0x81;
const SHORT_TRACK_LAST = 0xfe;

/** Flags of SimpleBlock and Block (RFC 9559, sections 10.1 and 10.2). */
const KEYFRAME = 0x80;
const INVISIBLE = 0x08;
const LACING = 0x06;
const DISCARDABLE = 0x01;

/** Reads the data of one SimpleBlock or Block at a time into a block object that is used again for each. */
export class BlockReader {
  readonly block: MatroskaBlock;
  readonly #window: ChunkWindow;
  readonly #handler: MatroskaStreamHandler;
  readonly #tellsPayload: boolean;
  readonly #lacing: LacingTable;
  #id = 0;
  #offset = 0;
  #bytesLeft = 0;

  constructor(window: ChunkWindow, handler: MatroskaStreamHandler) {
    const frameSizes = new Float64Array(MAX_LACED_FRAMES);
    this.#window = window;
    this.#handler = handler;
    this.#tellsPayload = handler.onBlockPayload !== undefined;
    this.#lacing = new LacingTable(frameSizes);
    this.block = {
      trackNumber: 0,
      relativeTimecode: 0,
      timecode: 0,
      keyframe: false,
      discardable: false,
      invisible: false,
      lacing: "none",
      frameCount: 0,
      frameSizes,
      payloadBytes: 0,
      duration: undefined,
      clusterOffset: 0,
      clusterEndOffset: 0,
    };
  }

  /** Begins with the element `id`, found at `offset`, whose data of `size` bytes comes next. */
  begin(id: number, offset: number, size: number): void {
    this.#id = id;
    this.#offset = offset;
    this.#bytesLeft = size;
    if (size < MIN_HEADER_LENGTH) throw this.#invalid(`at least ${MIN_HEADER_LENGTH} bytes, not ${size}`);
  }

  /**
   * Reads the block header for a Cluster at `clusterTimecode`. Returns whether it was there whole; if not, it is held
   * back.
   */
  readHeader(clusterTimecode: number): boolean {
    const window = this.#window;
    window.look();
    const { bytes, at } = window;
    const trackLength = vintLength(bytes[at]!);
    const length = trackLength + FIXED_LENGTH;
    if (length > MAX_BLOCK_HEADER_LENGTH) throw this.#invalid("a track number of 1 to 8 bytes");
    if (length > this.#bytesLeft) throw this.#invalid(`a block header of ${length} bytes`);
    if (at + length > window.end) {
      window.holdBack();
      return false;
    }
    const fixed = at + trackLength;
    this.#fill(
      readVint(bytes, at, trackLength),
      ((bytes[fixed]! << 24) >> 16) | bytes[fixed + 1]!,
      bytes[fixed + 2]!,
      clusterTimecode,
    );
    this.#bytesLeft -= length;
    window.advance(length);
    return true;
  }

  /** Begins with the frames, or with the lacing table before them; returns whether there is one. */
  beginFrames(): boolean {
    const { block } = this;
    if (block.lacing !== "none") {
      this.#lacing.begin(block.lacing, this.#bytesLeft);
      if (this.#bytesLeft === 0) throw this.#invalid("a frame count behind the flags of a laced block");
      return true;
    }
    block.frameCount = 1;
    block.frameSizes[0] = this.#bytesLeft;
    block.payloadBytes = this.#bytesLeft;
    return false;
  }

  /** Reads of the lacing table what the chunk has; returns whether it is complete. */
  readLacing(): boolean {
    const window = this.#window;
    const { chunk } = window;
    while (window.pos < chunk.length) {
      const outcome = this.#lacing.push(chunk[window.pos++]!);
      if (outcome > 0) continue;
      if (outcome < 0) throw this.#invalid(`${this.block.lacing} lacing whose frame sizes fit the block`);
      this.#bytesLeft = this.#lacing.bytesLeft;
      this.block.frameCount = this.#lacing.frameCount;
      this.block.payloadBytes = this.#bytesLeft;
      return true;
    }
    return false;
  }

  /** Passes over what the chunk has of the frames; returns whether they are complete. */
  readFrames(): boolean {
    const window = this.#window;
    const start = window.pos;
    const available = window.chunk.length - start;
    const taken = Math.min(this.#bytesLeft, available);
    window.pos = start + taken;
    this.#bytesLeft -= taken;
    if (this.#tellsPayload && taken > 0) {
      this.#handler.onBlockPayload!(window.chunk, start, start + taken, this.#bytesLeft, this.block);
    }
    return this.#bytesLeft === 0;
  }

  /**
   * Reads a block whose data is `chunk[at]` to `chunk[end - 1]`, in one step. Returns false, and tells nothing, where it is not of the simple
   * kind that nearly all are, or not sound: then it is to be read step by step.
   */
  readWhole(chunk: Uint8Array, at: number, end: number, clusterTimecode: number): boolean {
    const frames = at + MIN_HEADER_LENGTH;
    if (end < frames) return false;
    const track = chunk[at]!;
    const flags = chunk[at + 3]!;
    if (track < SHORT_TRACK_ONE || track > SHORT_TRACK_LAST || (flags & LACING) !== 0) return false;
    this.#fill(track & 0x7f, ((chunk[at + 1]! << 24) >> 16) | chunk[at + 2]!, flags, clusterTimecode);
    const { block } = this;
    block.frameCount = 1;
    block.frameSizes[0] = end - frames;
    block.payloadBytes = end - frames;
    if (this.#tellsPayload && end > frames) this.#handler.onBlockPayload!(chunk, frames, end, 0, block);
    return true;
  }

  #fill(trackNumber: number, relativeTimecode: number, flags: number, clusterTimecode: number): void {
    if (trackNumber < 1) throw this.#invalid("a track number above 0");
    const { block } = this;
    block.trackNumber = trackNumber;
    block.relativeTimecode = relativeTimecode;
    block.timecode = clusterTimecode + relativeTimecode;
    block.keyframe = (flags & KEYFRAME) !== 0;
    block.invisible = (flags & INVISIBLE) !== 0;
    block.lacing = LACING_BY_FLAGS[(flags & LACING) >> 1]!;
    block.discardable = (flags & DISCARDABLE) !== 0;
    block.duration = undefined;
  }

  #invalid(expectation: string): MatroskaError {
    return new MatroskaError("invalid-block", elementName(this.#id), this.#offset, expectation);
  }
}
