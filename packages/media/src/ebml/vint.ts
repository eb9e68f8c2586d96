/** Longest variable-size integer that EBML sizes use here, in bytes (RFC 8794, section 11.2.5: EBMLMaxSizeLength). */
export const MAX_VINT_LENGTH = 8;

/** Value of `readVint` for a size of all one bits: unknown (RFC 8794, section 6.2). */
export const UNKNOWN_SIZE = -1;

/** Length in bytes of the variable-size integer that begins with `first`: 1 to 8, or 9 where the byte begins none. */
export function vintLength(first: number): number {
  return Math.clz32(first) - 23;
}

/**
 * Reads the data bits of the variable-size integer of `length` bytes at `at` (RFC 8794, section 4). The caller has
 * checked that the bytes are there. Values beyond 2^53 lose their low bits; all one bits give `UNKNOWN_SIZE`.
 */
export function readVint(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at]! & (0xff >> length);
  if (length === 1) return first === 0x7f ? UNKNOWN_SIZE : first;
  let ones = first === 0xff >> length;
  let value = first;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]!;
    value = value * 256 + byte;
    ones &&= byte === 0xff;
  }
  return ones ? UNKNOWN_SIZE : value;
}

/**
 * What a signed variable-size integer of `length` bytes is below its unsigned reading: 2^(7 * length - 1) - 1 (RFC
 * 9559, section 10.3.3).
 */
export function signedVintBias(length: number): number {
  return 2 ** (7 * length - 1) - 1;
}

/** The fewest bytes that can hold `value` as a known size; all one bits are kept for "unknown". */
export function vintLengthFor(value: number): number {
  let length = 1;
  while (value >= 2 ** (7 * length) - 1) length++;
  if (length > MAX_VINT_LENGTH) throw new RangeError(`an EBML size is below 2^56-1, not ${value}`);
  return length;
}

/** Writes `value` as a variable-size integer of exactly `length` bytes, which must be enough for it. */
export function writeVint(target: Uint8Array, at: number, value: number, length: number): void {
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    target[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  target[at] = target[at]! | (0x100 >> length);
}
