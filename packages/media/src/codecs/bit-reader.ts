/** Most leading zeros of an Exp-Golomb code: values have up to 32 bits (ITU-T H.264, section 9.1). */
const MAX_GOLOMB_ZEROS = 32;

/** A codec's set-up data is damaged. Internal to the codecs: `describeTrack` turns it into a `CodecError`. */
export class BitstreamError extends Error {
  override readonly name = "BitstreamError";
}

/** Throws a `BitstreamError` that names `what` unless `value` is at most `limit`; returns the value. */
export function atMost(limit: number, value: number, what: string): number {
  if (value > limit) throw new BitstreamError(`${what} is ${value}, at most ${limit} is allowed`);
  return value;
}

/** Reads bits, most significant first. Each read throws a `BitstreamError` where the bytes end before it. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits that have not been read. */
  get bitsLeft(): number {
    return this.#bytes.length * 8 - this.#position;
  }

  /** Whether the next bit is 1. */
  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** The next `count` bits, 0 to 32, as an unsigned number. */
  bits(count: number): number {
    const end = this.#position + count;
    if (end > this.#bytes.length * 8) throw new BitstreamError("the data end too early");
    let value = 0;
    while (this.#position < end) {
      const used = this.#position & 7;
      const taken = Math.min(8 - used, end - this.#position);
      const chunk = (this.#bytes[this.#position >> 3]! >> (8 - used - taken)) & ((1 << taken) - 1);
      value = value * 2 ** taken + chunk;
      this.#position += taken;
    }
    return value;
  }

  /** Passes over `count` bits. */
  skip(count: number): void {
    if (count > this.bitsLeft) throw new BitstreamError("the data end too early");
    this.#position += count;
  }

  /** An unsigned Exp-Golomb code, ue(v) of ITU-T H.264, section 9.1. */
  unsigned(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros++;
      if (zeros > MAX_GOLOMB_ZEROS) throw new BitstreamError("an Exp-Golomb code of more than 32 bits");
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** A signed Exp-Golomb code, se(v) of ITU-T H.264, section 9.1.1. */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2;
  }
}
