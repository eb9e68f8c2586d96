import { MAX_VINT_LENGTH, readVint, vintLength } from "./vint.ts";

/** Longest element ID in bytes that Matroska uses (RFC 9559, section 5: EBMLMaxIDLength is 4). */
export const MAX_ID_LENGTH = 4;

/** Longest ID and size together, in bytes. */
export const MAX_ELEMENT_HEADER_LENGTH = MAX_ID_LENGTH + MAX_VINT_LENGTH;

/** Values of `readElementHeader` that are no length. */
export const NEED_MORE = 0;
export const INVALID_HEADER = -1;

/**
 * An element's ID with its marker bits, as specifications print it, and the size of its data in bytes or
 * `UNKNOWN_SIZE`.
 */
export interface ElementHeader {
  id: number;
  size: number;
}

/** The ID of `length` bytes at `at`, or -1 where its data bits are all zeros or all ones (RFC 8794, section 5). */
function readId(bytes: Uint8Array, at: number, length: number): number {
  let id = bytes[at]!;
  for (let i = 1; i < length; i++) id = id * 256 + bytes[at + i]!;
  const ones = 2 ** (7 * length) - 1;
  const data = id - (ones + 1);
  return data === 0 || data === ones ? -1 : id;
}

/**
 * Reads the ID and size of the element at `at` into `header`, looking at no byte from `end` on. Returns how many bytes
 * they take, `NEED_MORE` where they reach beyond `end`, or `INVALID_HEADER` where they are no valid variable-size
 * integers (RFC 8794, sections 4 to 6).
 */
export function readElementHeader(bytes: Uint8Array, at: number, end: number, header: ElementHeader): number {
  if (at >= end) return NEED_MORE;
  const first = bytes[at]!;
  const idLength = vintLength(first);
  if (idLength > MAX_ID_LENGTH) return INVALID_HEADER;
  const sizeAt = at + idLength;
  if (sizeAt >= end) return NEED_MORE;
  const sizeLength = vintLength(bytes[sizeAt]!);
  if (sizeLength > MAX_VINT_LENGTH) return INVALID_HEADER;
  if (sizeAt + sizeLength > end) return NEED_MORE;
  const id = idLength === 1 && first !== 0x80 && first !== 0xff ? first : readId(bytes, at, idLength);
  if (id < 0) return INVALID_HEADER;
  header.id = id;
  header.size = readVint(bytes, sizeAt, sizeLength);
  return idLength + sizeLength;
}
