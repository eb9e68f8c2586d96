import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";

const deflate = promisify(deflateRaw);

/** A piece that is compressed at once: some two milliseconds of a thread, of which there are few for all that files and keys want of them. */
const PIECE_BYTES = 512 * 1024;
/** Room for a compressed piece, which has some 80 KiB: one that needs more than it first has takes turns of the event loop for it. */
const OUTPUT_BYTES = 128 * 1024;
/**
 * What deflate looks back at: 4 KiB of the 32 that it might (RFC 1951, section 2). The lines of a playlist are like the one before: with a small
 * window they take a quarter less time, and a tenth less space, for distances are short.
 */
const WINDOW_BITS = 12;
const WINDOW_BYTES = 2 ** WINDOW_BITS;
/** No name, no time, made for speed, by nobody in particular (RFC 1952, section 2.3.1). */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** An empty block with fixed codes that says that no other follows (RFC 1951, section 3.2.3). */
const LAST_BLOCK = Buffer.from([3, 0]);
const TAIL_BYTES = 8;

/** Gives memory back at once that nobody reads any more, where it is zlib's own: V8 would mark its heap for the sake of some MB of it. */
function giveBack(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= OUTPUT_BYTES) buffer.transfer(0);
}

/**
 * Compresses a long text into one member of gzip (RFC 1952) while it is written, in pieces that the threads of the pool compress side by side;
 * each is told what precedes it, and ends at a whole byte.
 */
export class ParallelGzip {
  readonly #level: number;
  readonly #pieces: Promise<Uint8Array>[] = [];
  /** Bytes that the pieces have. */
  #taken = 0;
  #crc = 0;

  /** @param level as zlib's */
  constructor(level: number) {
    this.#level = level;
  }

  /** Whether there is a piece that is, or has been, compressed. */
  get begun(): boolean {
    return this.#pieces.length > 0;
  }

  /** Takes the whole pieces of the text so far, which it has all of from its beginning; they must not change any more. */
  take(text: Uint8Array): void {
    while (text.length - this.#taken >= PIECE_BYTES) this.#compress(text, this.#taken + PIECE_BYTES);
  }

  /** Takes the rest of the text; resolves to all of it, compressed. */
  async finish(text: Uint8Array): Promise<Uint8Array> {
    this.take(text);
    if (text.length > this.#taken) this.#compress(text, text.length);
    const tail = Buffer.alloc(TAIL_BYTES);
    tail.writeUInt32LE(this.#crc, 0);
    tail.writeUInt32LE(text.length % 2 ** 32, 4);
    const pieces = await Promise.all(this.#pieces);
    const whole = Buffer.concat([HEAD, ...pieces, LAST_BLOCK, tail]);
    for (const { buffer } of pieces) giveBack(buffer);
    return whole;
  }

  #compress(text: Uint8Array, end: number): void {
    const start = this.#taken;
    const piece = text.subarray(start, end);
    const dictionary = start === 0 ? {} : { dictionary: text.subarray(Math.max(0, start - WINDOW_BYTES), start) };
    const finishFlush = constants.Z_SYNC_FLUSH;
    const options = { level: this.#level, windowBits: WINDOW_BITS, finishFlush, chunkSize: OUTPUT_BYTES };
    const compressing = deflate(piece, { ...options, ...dictionary });
    // Whoever waits for all of them is told of what fails.
    compressing.catch(() => undefined);
    this.#pieces.push(compressing);
    this.#crc = crc32(piece, this.#crc);
    this.#taken = end;
  }
}
