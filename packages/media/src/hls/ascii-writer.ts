/** First allocation in bytes where the writer is not told better. */
const INITIAL_CAPACITY = 4096;
const ZERO = 0x30;

/** Codes up to here are ASCII. */
const ASCII_MASK = 0x7f;
/** 1 for each ASCII character that the text of a playlist cannot have, and that a URI cannot. */
const NOT_IN_TEXT = refusals(/[^\n -~]/);
const NOT_IN_URI = refusals(/[^!#-~]/);

function refusals(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: ASCII_MASK + 1 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/**
 * Gathers ASCII text as bytes. A playlist of a day has tens of thousands of lines that differ in a few characters: to
 * copy the rest as bytes takes a third of the time that strings take, and they need no encoding.
 */
export class AsciiWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity bytes that are expected; more are taken too */
  constructor(capacity = INITIAL_CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Appends printable text, blanks and line feeds. Throws a `RangeError` for any other character. */
  text(text: string): void {
    this.#append(text, NOT_IN_TEXT);
  }

  /** Appends a URI or a part of one. Throws a `RangeError` where it has blanks, quotes or what is not ASCII. */
  uri(uri: string): void {
    this.#append(uri, NOT_IN_URI);
  }

  /** Appends bytes that a writer has made before. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends the last `count` decimal digits of a whole number. */
  digits(value: number, count: number): void {
    this.#reserve(count);
    let left = value;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      this.#bytes[at] = ZERO + (left % 10);
      left = Math.floor(left / 10);
    }
    this.#length += count;
  }

  /** All that was appended: a view, that a later append may or may not change. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #append(text: string, refused: Uint8Array): void {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    const start = this.#length;
    let bad = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      bytes[start + i] = code;
      // One test at the end is cheaper than one for each character.
      bad |= refused[code & ASCII_MASK]! | (code & ~ASCII_MASK);
    }
    if (bad !== 0) throw new RangeError(`not for a playlist: ${JSON.stringify(text)}`);
    this.#length = start + length;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes));
    grown.set(this.finish());
    this.#bytes = grown;
  }
}

/** The bytes of one URI part, for `AsciiWriter.bytes`. Throws as `AsciiWriter.uri` does. */
export function uriBytes(before: string, uri: string, after: string): Uint8Array {
  const writer = new AsciiWriter(before.length + uri.length + after.length);
  writer.text(before);
  writer.uri(uri);
  writer.text(after);
  return writer.finish();
}

/** The WHATWG Encoding Standard's, which every engine has beside the language. */
declare const TextDecoder: new (label: string) => { decode(bytes: Uint8Array): string };

/** The text of ASCII bytes. */
export function asciiText(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
