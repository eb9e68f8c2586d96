/**
 * Memory that holds nothing else. Node cuts small buffers out of pieces of 64 KiB: one of them that is kept for long keeps its whole piece, and
 * a cache of such takes many times what it counts.
 */

/** The part of its memory that a piece may leave unused, at most: less than it costs to copy it. */
const SPARE = 1 / 16;

/** The bytes where they are, or a copy in memory of its own where they are a part of a larger piece. */
export function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength >= bytes.buffer.byteLength * (1 - SPARE) ? bytes : new Uint8Array(bytes);
}

/** The pieces one behind the other, in memory of their own. */
export function concatOwned(pieces: readonly Uint8Array[]): Buffer {
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const piece of pieces) {
    whole.set(piece, length);
    length += piece.length;
  }
  return whole;
}
