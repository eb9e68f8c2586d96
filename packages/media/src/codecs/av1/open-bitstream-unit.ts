import { BitstreamError } from "../bit-reader.ts";

/** Bytes of a leb128 number (AV1 Bitstream & Decoding Process Specification, section 4.10.5). */
const MAX_LEB128_BYTES = 8;
const SEQUENCE_HEADER = 1;

function readLeb128(data: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < MAX_LEB128_BYTES; i++) {
    const byte = data[at + i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  throw new BitstreamError("an open bitstream unit has no valid size");
}

/**
 * The first sequence header of `data`, a run of open bitstream units: the whole unit with a size field, and its contents
 * (AV1 specification, section 5.3). Undefined where there is none. Throws a `BitstreamError` where a unit is damaged.
 */
export function findSequenceHeader(data: Uint8Array): { unit: Uint8Array; contents: Uint8Array } | undefined {
  let at = 0;
  while (at < data.length) {
    const header = data[at]!;
    const bodyAt = at + (header & 4 ? 2 : 1);
    const sized = (header & 2) !== 0;
    const { value, end: start } = sized ? readLeb128(data, bodyAt) : { value: data.length - bodyAt, end: bodyAt };
    const end = start + value;
    if (value < 0 || end > data.length) throw new BitstreamError("an open bitstream unit exceeds its frame");
    if (((header >> 3) & 0xf) === SEQUENCE_HEADER && sized) {
      return { unit: data.subarray(at, end), contents: data.subarray(start, end) };
    }
    at = end;
  }
  return undefined;
}
