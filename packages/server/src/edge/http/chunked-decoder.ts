const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const TAB = 0x09;
const SPACE = 0x20;

/** Digits of a chunk's size: 2^52 bytes are more than any chunk has, and a number still holds them exactly. */
const MAX_SIZE_DIGITS = 13;
/** Bytes that a chunk's line may have behind the size, for extensions: nobody is known to send any, and the signatures that AWS puts there for S3 take 85. */
const MAX_EXTENSION_BYTES = 1024;
/** Bytes of all trailers together, which are left out. */
const MAX_TRAILER_BYTES = 8192;

/** A body is not chunked as HTTP says, so that nobody can tell what is media and what is not. */
export class MalformedChunk extends Error {
  override readonly name = "MalformedChunk";
}

/** What the next byte belongs to. */
type Part =
  | "size"
  | "extension"
  | "size end"
  | "data"
  | "data end"
  | "data line end"
  | "trailer start"
  | "trailer"
  | "trailer end"
  | "last line end"
  | "over";

/** The value of a hexadecimal digit, -1 for any other byte. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Takes the chunked transfer coding (RFC 9112, section 7.1) off a body that comes in any pieces. A line ends with CR and LF, nothing else. */
export class ChunkedDecoder {
  #part: Part = "size";
  #size = 0;
  #digits = 0;
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** Bytes of this line's extensions, or of the trailers. */
  #aside = 0;

  /**
   * Takes the next bytes. Gives every run of data in them to `take`, as a view; ignores what follows the body.
   * @returns whether the body is over
   * @throws MalformedChunk, after which nothing may be fed
   */
  feed(bytes: Buffer, take: (data: Buffer) => void): boolean {
    for (let at = 0; at < bytes.length && this.#part !== "over"; ) {
      if (this.#part !== "data") {
        this.#part = this.#next(bytes[at++]!);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.#left -= end - at;
      if (this.#left === 0) this.#part = "data end";
      take(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      at = end;
    }
    return this.#part === "over";
  }

  /** The part behind a byte that is no data. */
  #next(byte: number): Part {
    switch (this.#part) {
      case "size":
        return this.#ofSize(byte);
      case "extension":
        if (byte === CR) return "size end";
        return this.#putAside(byte, MAX_EXTENSION_BYTES, "extension");
      case "size end":
        return this.#ofLine(byte);
      case "data end":
        return expect(byte, CR, "data line end");
      case "data line end":
        return expect(byte, LF, "size");
      case "trailer start":
        if (byte === CR) return "last line end";
        return this.#putAside(byte, MAX_TRAILER_BYTES, "trailer");
      case "trailer":
        if (byte === CR) return "trailer end";
        return this.#putAside(byte, MAX_TRAILER_BYTES, "trailer");
      case "trailer end":
        return expect(byte, LF, "trailer start");
      default:
        return expect(byte, LF, "over");
    }
  }

  #ofSize(byte: number): Part {
    const digit = digitOf(byte);
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw new MalformedChunk("a chunk's size has too many digits");
      this.#size = this.#size * 16 + digit;
      return "size";
    }
    if (this.#digits === 0) throw new MalformedChunk("a chunk has no size");
    if (byte === CR) return "size end";
    if (byte === SEMICOLON || byte === SPACE || byte === TAB) return "extension";
    throw new MalformedChunk("a chunk's size is no hexadecimal number");
  }

  #ofLine(byte: number): Part {
    const part = expect(byte, LF, this.#size === 0 ? "trailer start" : "data");
    this.#left = this.#size;
    this.#size = 0;
    this.#digits = 0;
    this.#aside = 0;
    return part;
  }

  #putAside(byte: number, limit: number, part: Part): Part {
    if (byte === LF) throw new MalformedChunk("a line ends without a carriage return");
    if (++this.#aside > limit) throw new MalformedChunk(`more than ${limit} bytes stand beside the data`);
    return part;
  }
}

function expect(byte: number, wanted: number, part: Part): Part {
  if (byte !== wanted) throw new MalformedChunk("a line of the chunked coding does not end where it must");
  return part;
}
