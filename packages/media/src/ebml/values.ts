import { decodeUtf8 } from "../bytes/utf8.ts";

/** Longest unsigned or signed integer element, in bytes (RFC 8794, section 7). */
export const MAX_INTEGER_LENGTH = 8;

/**
 * Reads an unsigned integer of 0 to 8 bytes; none are 0. Values beyond 2^53-1 lose their low bits: compare before
 * trusting.
 */
export function readUint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 256 + bytes[at]!;
  return value;
}

/** Reads an unsigned integer of 0 to 8 bytes without loss. */
export function readBigUint(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let at = start; at < end; at++) value = value * 256n + BigInt(bytes[at]!);
  return value;
}

/** Reads a float of 0 (which is 0.0), 4 or 8 bytes; undefined for any other length (RFC 8794, section 7.3). */
export function readFloat(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end === start) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  if (end - start === 4) return view.getFloat32(0);
  return end - start === 8 ? view.getFloat64(0) : undefined;
}

/** Reads a string, which ends at its first zero byte where it has one (RFC 8794, sections 7.4 and 13). */
export function readString(bytes: Uint8Array, start: number, end: number): string {
  const zero = bytes.subarray(start, end).indexOf(0);
  return decodeUtf8(bytes, start, zero < 0 ? end : start + zero);
}
