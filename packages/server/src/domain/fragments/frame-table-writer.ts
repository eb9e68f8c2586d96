import {
  LengthPrefixCheck,
  type MatroskaBlock,
  type MatroskaHeader,
  type MatroskaTrack,
  nalLengthBytesOf,
} from "@kvass/media";
import { MAX_TABLE_BYTES } from "../../storage/ports/journal.ts";
import {
  HAS_DURATION,
  KEYFRAME,
  LACED,
  LATER_PART,
  TABLE_START_BYTES,
  TABLE_VERSION,
  TRACK_PLACE,
} from "./frame-table.ts";
import { PART_BYTES } from "./layout.ts";

/** A table has no place for more tracks. */
const MAX_TRACKS = TRACK_PLACE + 1;
/** Room for a table at first: some fifty frames, as idle producers are many. */
const FIRST_BYTES = 256;
/** Up to here an integer is taken apart by bits, which is faster. */
const MAX_INT32 = 0x7fff_ffff;
/** Longest integer: 53 bits. */
const MAX_INTEGER_BYTES = 8;
/** Longest description of a track: size of lengths, default duration, number. */
const MAX_TRACK_BYTES = 1 + 8 + MAX_INTEGER_BYTES;
/** Longest block without its sizes: flags, part, timecode, duration, number of frames. */
const MAX_BLOCK_BYTES = 1 + 4 * MAX_INTEGER_BYTES;

class Column {
  readonly number: number;
  /** Its place among the table's tracks. */
  readonly place: number;
  readonly nalLengthBytes: number;
  /** Where the size of lengths stands in the table. */
  readonly offset: number;
  /** Whether all frames so far are NAL units behind lengths. */
  isPrefixed = false;
  /** Timecode of the last block, in ticks from that of the Cluster. */
  last = 0;

  constructor(track: MatroskaTrack, place: number, offset: number) {
    this.number = track.number;
    this.place = place;
    this.nalLengthBytes = nalLengthBytesOf(track);
    this.offset = offset;
  }
}

/**
 * Writes the tables of the fragments of one Matroska header, each while the fragment arrives, into memory that is used again. A fragment that no
 * table can tell of has none: its frames are then to be read for what they are.
 */
export class FrameTableWriter {
  readonly #columns: Column[] = [];
  readonly #check = new LengthPrefixCheck();
  /** What all tables begin with. */
  readonly #start: Uint8Array;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #isOpen = false;
  /** Whether the frame in progress has had bytes. */
  #inFrame = false;
  #last: Column | undefined;
  #bodyStart = 0;
  #part = 0;

  constructor({ tracks, timecodeScaleNs }: MatroskaHeader) {
    if (tracks.length <= MAX_TRACKS) this.#describe(tracks, timecodeScaleNs);
    this.#start = this.#bytes.slice(0, this.#length);
  }

  /** Begins with a fragment whose Cluster has this timecode and lies at offset `bodyStart` of the stored fragment. */
  begin(timecode: number, bodyStart: number): void {
    this.#isOpen = this.#start.length > 0;
    if (!this.#isOpen) return;
    this.#bytes.set(this.#start);
    this.#view.setFloat64(2, timecode);
    this.#length = this.#start.length;
    this.#bodyStart = bodyStart;
    this.#part = 0;
    this.#inFrame = false;
    for (const column of this.#columns) {
      column.last = 0;
      column.isPrefixed = column.nalLengthBytes > 0;
    }
  }

  /** Takes the next bytes of a block's frames; see `MatroskaStreamHandler.onBlockPayload`. */
  addPayload(chunk: Uint8Array, start: number, end: number, block: MatroskaBlock): void {
    if (!this.#isOpen) return;
    const column = this.#columnOf(block.trackNumber);
    if (column?.isPrefixed !== true) return;
    if (!this.#inFrame) this.#check.begin(column.nalLengthBytes);
    this.#inFrame = true;
    this.#check.add(chunk, start, end);
  }

  /** Takes a block whose frames have been added. */
  add(block: MatroskaBlock): void {
    if (!this.#isOpen) return;
    const column = this.#columnOf(block.trackNumber);
    if (column === undefined || !this.#reserve(MAX_BLOCK_BYTES + block.frameCount * MAX_INTEGER_BYTES)) {
      this.#isOpen = false;
      return;
    }
    const isPrefixed = this.#inFrame && block.frameCount === 1 && this.#check.holds;
    if (!isPrefixed) column.isPrefixed = false;
    this.#inFrame = false;
    this.#write(column, block);
  }

  /** The table of the fragment, which is complete; undefined where it has none. */
  end(): Uint8Array | undefined {
    const isWhole = this.#isOpen && this.#length <= MAX_TABLE_BYTES;
    this.#isOpen = false;
    if (!isWhole) return undefined;
    for (const { offset, isPrefixed, nalLengthBytes } of this.#columns) {
      this.#bytes[offset] = isPrefixed ? nalLengthBytes : 0;
    }
    return this.#bytes.slice(0, this.#length);
  }

  #describe(tracks: readonly MatroskaTrack[], timecodeScaleNs: number): void {
    this.#reserve(TABLE_START_BYTES + tracks.length * MAX_TRACK_BYTES);
    this.#bytes[0] = TABLE_VERSION;
    this.#bytes[1] = tracks.length;
    this.#view.setFloat64(10, timecodeScaleNs);
    this.#length = TABLE_START_BYTES;
    for (const track of tracks) {
      this.#columns.push(new Column(track, this.#columns.length, this.#length++));
      this.#view.setFloat64(this.#length, track.defaultDurationNs ?? Number.NaN);
      this.#length += 8;
      this.#integer(track.number);
    }
  }

  #columnOf(number: number): Column | undefined {
    if (this.#last?.number === number) return this.#last;
    for (const column of this.#columns) {
      if (column.number === number) this.#last = column;
    }
    return this.#last?.number === number ? this.#last : undefined;
  }

  #write(column: Column, block: MatroskaBlock): void {
    const { relativeTimecode, duration, frameCount, frameSizes } = block;
    const part = Math.floor((this.#bodyStart + block.clusterEndOffset - 1) / PART_BYTES);
    const further = part - this.#part;
    this.#part = part;
    this.#bytes[this.#length++] =
      column.place |
      (block.keyframe ? KEYFRAME : 0) |
      (duration === undefined ? 0 : HAS_DURATION) |
      (frameCount === 1 ? 0 : LACED) |
      (further === 0 ? 0 : LATER_PART);
    if (further !== 0) this.#integer(further);
    const step = relativeTimecode - column.last;
    column.last = relativeTimecode;
    this.#integer(((step << 1) ^ (step >> 31)) >>> 0);
    if (duration !== undefined) this.#integer(duration);
    if (frameCount !== 1) this.#integer(frameCount);
    for (let i = 0; i < frameCount; i++) this.#integer(frameSizes[i]!);
  }

  /** See `decodeFrameTable`. */
  #integer(value: number): void {
    let high = value;
    for (; high > MAX_INT32; high = Math.floor(high / 0x80)) this.#bytes[this.#length++] = (high % 0x80) | 0x80;
    let rest = high | 0;
    for (; rest >= 0x80; rest >>= 7) this.#bytes[this.#length++] = rest | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** Makes room for so many bytes more; false where the table would grow beyond its bound by more than them. */
  #reserve(bytes: number): boolean {
    if (this.#length > MAX_TABLE_BYTES) return false;
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return true;
    const grown = new Uint8Array(Math.max(FIRST_BYTES, 2 * this.#bytes.length, needed));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
    return true;
  }
}
