/** First allocation in bytes where the writer is not told better. */
const INITIAL_CAPACITY = 4096;
const ZERO = 0x30;

/** Codes up to here are ASCII. */
const ASCII_MASK = 0x7f;
/** A character that the text of a playlist cannot have (RFC 8216, section 4.1; nothing that Kvass writes is beyond ASCII). */
export const NO_TEXT = /[^\n -~]/;
/** One that a URI in it cannot. */
export const NO_URI = /[^!#-~]/;
/** 1 for each ASCII character that the text of a playlist cannot have, and that a URI cannot. */
const NOT_IN_TEXT = refusals(NO_TEXT);
const NOT_IN_URI = refusals(NO_URI);

/** Says that a text has characters that no playlist, or no URI, can have. */
export const notForPlaylists = (text: string): RangeError =>
  new RangeError(`not for a playlist: ${JSON.stringify(text)}`);

function refusals(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: ASCII_MASK + 1 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** What a playlist is written to: ASCII text, as bytes or as a string. */
export interface PlaylistOutput<Form> {
  /** Appends printable text, blanks and line feeds. Throws a `RangeError` for any other character, at the latest when it is finished. */
  text(text: string): void;
  /** Appends a URI or a part of one. Throws a `RangeError` where it has blanks, quotes or what is not ASCII. */
  uri(uri: string): void;
  /** Appends what was made before. */
  piece(piece: Piece): void;
  /** Appends bytes that a writer has made before. */
  bytes(bytes: Uint8Array): void;
  /** Appends the last `count` decimal digits of a whole number. */
  digits(value: number, count: number): void;
  /** All that was appended. */
  finish(): Form;
}

/** A part of a URI with what stands around it, made once to be appended often. */
export class Piece {
  readonly text: string;
  #bytes: Uint8Array | undefined;

  /** Throws as {@link AsciiWriter} does. */
  constructor(before: string, uri: string, after: string) {
    this.text = before + uri + after;
    if (NO_URI.test(uri) || NO_TEXT.test(this.text)) throw notForPlaylists(this.text);
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      const writer = new AsciiWriter(this.text.length);
      writer.text(this.text);
      this.#bytes = writer.finish();
    }
    return this.#bytes;
  }
}

/**
 * Gathers ASCII text as bytes. A playlist of a day has tens of thousands of lines that differ in a few characters: to
 * copy the rest as bytes takes a third of the time that strings take, and they need no encoding.
 */
export class AsciiWriter implements PlaylistOutput<Uint8Array> {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity bytes that are expected; more are taken too */
  constructor(capacity = INITIAL_CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Throws a `RangeError` at once for a character that no playlist has. */
  text(text: string): void {
    this.#append(text, NOT_IN_TEXT);
  }

  uri(uri: string): void {
    this.#append(uri, NOT_IN_URI);
  }

  piece(piece: Piece): void {
    this.bytes(piece.bytes);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

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
    if (bad !== 0) throw notForPlaylists(text);
    this.#length = start + length;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes));
    grown.set(this.finish());
    this.#bytes = grown;
  }
}

/** The WHATWG Encoding Standard's, which every engine has beside the language. */
declare const TextDecoder: new (label: string) => { decode(bytes: Uint8Array): string };

/** The text of ASCII bytes. */
export function asciiText(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
