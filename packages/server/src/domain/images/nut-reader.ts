/**
 * Reads the frames of a NUT stream (NUT Open Container Format, "nut.txt" of the MPlayer and FFmpeg projects) of one video track: the
 * container that ffmpeg writes without holding a frame back, and that says of each its time and its length.
 */

/** "nut/multimedia container" and a zero. */
const FILE_ID = Buffer.from("nut/multimedia container\0");
/** Startcodes begin with this; no frame code is the same byte. */
const LETTER_N = 0x4e;
const STARTCODE_BYTES = 8;
const MAIN_STARTCODE = 0x4e4d7a561f5f04adn;
const STREAM_STARTCODE = 0x4e5311405bf2f9dbn;
const SYNCPOINT_STARTCODE = 0x4e4be4adeeca4569n;
/** A packet whose length is above this has a checksum of its header as well. */
const LONG_PACKET = 4096;
const CHECKSUM_BYTES = 4;

/** Bits of a frame's flags. */
const FLAG = {
  codedPts: 1 << 3,
  streamId: 1 << 4,
  sizeMsb: 1 << 5,
  checksum: 1 << 6,
  reserved: 1 << 7,
  headerIndex: 1 << 10,
  matchTime: 1 << 11,
  coded: 1 << 12,
  invalid: 1 << 13,
} as const;

/** A file's own headers take some hundred bytes; what has not made sense by this many never will. */
const MAX_HEADER_BYTES = 64 * 1024;
/** A variable-length value of more bytes than this is beyond 2^53. */
const MAX_VALUE_BYTES = 7;
const FRAME_CODES = 256;
/** Most bits of a time that is coded by its lowest bits alone; no muxer may write more (FFmpeg, libavformat/nutdec.c). */
const MAX_PTS_SHIFT = 15;

/** The stream is no NUT stream that this reader knows. */
export class NutError extends Error {
  override readonly name = "NutError";
}

/** What a frame code stands for. */
interface FrameCode {
  readonly flags: number;
  readonly sizeMul: number;
  readonly sizeLsb: number;
  readonly ptsDelta: number;
  readonly reserved: number;
  readonly headerIndex: number;
}

/** The end of what has come so far lies within a header. */
const NEED_MORE = Symbol("need more");

/** Reads values off the front of a buffer; throws `NEED_MORE` at its end. */
class Cursor {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw NEED_MORE;
    return byte;
  }

  take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw NEED_MORE;
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  /** Seven bits a byte, the highest bit set on all but the last ("v"). */
  value(): number {
    let value = 0;
    for (let i = 0; i < MAX_VALUE_BYTES; i++) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
    throw new NutError("a value is too large");
  }

  /** 0, 1, -1, 2, -2, ... ("s"). */
  signed(): number {
    const value = this.value() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  }
}

/** Reads frames as they come; `feed` calls `onFrame` from within. */
export class NutReader {
  readonly #onFrame: (seconds: number, data: Buffer) => void;
  readonly #maxFrameBytes: number;
  readonly #allocate: (bytes: number) => Buffer;
  /** Bytes of a header that has not come whole. */
  #pending: Buffer = Buffer.alloc(0);
  #started = false;
  #frameCodes: readonly FrameCode[] = [];
  #elisions: readonly Buffer[] = [];
  #timeBases: readonly { readonly num: number; readonly den: number }[] = [];
  #timeBase = 0;
  #msbPtsShift = 0;
  #lastPts = 0;
  /** The frame that is coming, and how much of it has come. */
  #frame: Buffer | undefined;
  #filled = 0;
  #seconds = 0;

  /**
   * @param onFrame gets each frame's time in seconds and its bytes
   * @param maxFrameBytes a frame that claims more makes `feed` throw
   * @param allocate gives the buffer that a frame of so many bytes is put into
   */
  constructor(
    onFrame: (seconds: number, data: Buffer) => void,
    maxFrameBytes: number,
    allocate: (bytes: number) => Buffer = Buffer.allocUnsafe,
  ) {
    this.#onFrame = onFrame;
    this.#maxFrameBytes = maxFrameBytes;
    this.#allocate = allocate;
  }

  /** Reads the next bytes, and keeps none of `chunk`. Throws {@link NutError} where they make no sense; the reader is of no use then. */
  feed(chunk: Buffer): void {
    let rest = this.#fill(chunk);
    if (rest.length === 0) return;
    if (this.#pending.length > 0) rest = Buffer.concat([this.#pending, rest]);
    while (rest.length > 0) {
      const taken = this.#readHeader(rest);
      if (taken === undefined) break;
      rest = this.#fill(rest.subarray(taken));
    }
    if (rest.length > MAX_HEADER_BYTES) throw new NutError("a header has no end");
    this.#pending = Buffer.from(rest);
  }

  /** Moves bytes into the frame that is coming; returns what is left of them. */
  #fill(bytes: Buffer): Buffer {
    const frame = this.#frame;
    if (frame === undefined) return bytes;
    const taken = bytes.copy(frame, this.#filled);
    this.#filled += taken;
    if (this.#filled === frame.length) {
      this.#frame = undefined;
      this.#onFrame(this.#seconds, frame);
    }
    return bytes.subarray(taken);
  }

  /** Reads one packet, or the head of one frame; returns how many bytes it took, undefined where it has not come whole. */
  #readHeader(bytes: Buffer): number | undefined {
    const cursor = new Cursor(bytes);
    try {
      if (!this.#started) this.#readFileId(cursor);
      else if (bytes[0] === LETTER_N) this.#readPacket(cursor);
      else this.#beginFrame(cursor);
    } catch (error) {
      if (error === NEED_MORE) return undefined;
      throw error;
    }
    return cursor.at;
  }

  #readFileId(cursor: Cursor): void {
    if (!cursor.take(FILE_ID.length).equals(FILE_ID)) throw new NutError("not a NUT stream");
    this.#started = true;
  }

  #readPacket(cursor: Cursor): void {
    const startcode = cursor.take(STARTCODE_BYTES).readBigUInt64BE();
    const length = cursor.value();
    if (length > MAX_HEADER_BYTES) throw new NutError(`a packet has ${length} bytes`);
    if (length > LONG_PACKET) cursor.take(CHECKSUM_BYTES);
    const content = new Cursor(cursor.take(length));
    if (startcode === MAIN_STARTCODE) this.#readMainHeader(content);
    else if (startcode === STREAM_STARTCODE) this.#readStreamHeader(content);
    else if (startcode === SYNCPOINT_STARTCODE) this.#readSyncpoint(content);
  }

  #readMainHeader(cursor: Cursor): void {
    const version = cursor.value();
    if (version > 3) cursor.value();
    cursor.value();
    cursor.value();
    const timeBases = Array.from({ length: bounded(cursor.value()) }, () => ({
      num: cursor.value(),
      den: cursor.value(),
    }));
    this.#timeBases = timeBases;
    this.#frameCodes = readFrameCodes(cursor);
    const count = bounded(cursor.value());
    this.#elisions = [
      Buffer.alloc(0),
      ...Array.from({ length: count }, () => Buffer.from(cursor.take(cursor.value()))),
    ];
  }

  #readStreamHeader(cursor: Cursor): void {
    cursor.value();
    cursor.value();
    cursor.take(cursor.value());
    this.#timeBase = cursor.value();
    this.#msbPtsShift = cursor.value();
    if (this.#msbPtsShift > MAX_PTS_SHIFT) throw new NutError(`times are coded in ${this.#msbPtsShift} bits`);
  }

  /** Times that are coded in few bits count from here on. */
  #readSyncpoint(cursor: Cursor): void {
    const coded = cursor.value();
    const count = Math.max(1, this.#timeBases.length);
    const seconds = Math.floor(coded / count) * this.#unit(coded % count);
    this.#lastPts = Math.floor(seconds / this.#unit(this.#timeBase));
  }

  /** Seconds of one tick of a time base. */
  #unit(id: number): number {
    const base = this.#timeBases[id];
    if (base === undefined || base.num === 0 || base.den === 0) throw new NutError(`there is no time base ${id}`);
    return base.num / base.den;
  }

  #beginFrame(cursor: Cursor): void {
    const code = this.#frameCodes[cursor.byte()];
    if (code === undefined) throw new NutError("a frame comes before the headers");
    const flags = code.flags & FLAG.coded ? code.flags ^ cursor.value() : code.flags;
    if (flags & FLAG.invalid) throw new NutError("a frame has an invalid code");
    if (flags & FLAG.streamId) cursor.value();
    const pts = flags & FLAG.codedPts ? this.#decodePts(cursor.value()) : this.#lastPts + code.ptsDelta;
    const size = code.sizeLsb + (flags & FLAG.sizeMsb ? code.sizeMul * cursor.value() : 0);
    if (flags & FLAG.matchTime) cursor.signed();
    const elision = this.#elisions[flags & FLAG.headerIndex ? cursor.value() : code.headerIndex];
    for (let left = flags & FLAG.reserved ? cursor.value() : code.reserved; left > 0; left--) cursor.value();
    if (flags & FLAG.checksum) cursor.take(CHECKSUM_BYTES);
    if (elision === undefined || elision.length > size) throw new NutError("a frame has no such head");
    if (size > this.#maxFrameBytes) throw new NutError(`a frame has ${size} bytes, at most ${this.#maxFrameBytes}`);
    this.#lastPts = pts;
    this.#seconds = pts * this.#unit(this.#timeBase);
    this.#frame = this.#allocate(size);
    this.#filled = elision.copy(this.#frame);
  }

  /** A time in full, or the lowest bits of one that lies near the last. */
  #decodePts(coded: number): number {
    const range = 2 ** this.#msbPtsShift;
    if (coded >= range) return coded - range;
    const least = this.#lastPts - Math.floor((range - 1) / 2);
    return least + ((((coded - least) % range) + range) % range);
  }
}

/** The run-length coded table of frame codes in the main header. */
function readFrameCodes(cursor: Cursor): FrameCode[] {
  const codes: FrameCode[] = [];
  const run = { flags: 0, ptsDelta: 0, sizeMul: 1, headerIndex: 0 };
  while (codes.length < FRAME_CODES) {
    run.flags = cursor.value();
    const fields = cursor.value();
    if (fields > 0) run.ptsDelta = cursor.signed();
    if (fields > 1) run.sizeMul = cursor.value();
    if (fields > 2) cursor.value();
    const size = fields > 3 ? cursor.value() : 0;
    const reserved = fields > 4 ? cursor.value() : 0;
    const count = fields > 5 ? cursor.value() : run.sizeMul - size;
    if (fields > 6) cursor.signed();
    if (fields > 7) run.headerIndex = cursor.value();
    for (let extra = 8; extra < fields; extra++) cursor.value();
    for (let i = 0; i < count && codes.length < FRAME_CODES; i++) {
      if (codes.length === LETTER_N) codes.push({ ...run, flags: FLAG.invalid, reserved: 0, sizeLsb: 0 });
      if (codes.length < FRAME_CODES) codes.push({ ...run, reserved, sizeLsb: size + i });
    }
    if (count < 1) throw new NutError("the table of frame codes does not advance");
  }
  return codes;
}

function bounded(count: number): number {
  if (count > FRAME_CODES) throw new NutError(`a header counts ${count} entries`);
  return count;
}
