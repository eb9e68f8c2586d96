/**
 * A fragment's extents behind the first, as the index stores them: the numbers in order, each as little-endian base-128 (seven bits a byte, the
 * high bit set on all but the last). An extent takes some seven bytes.
 */

/** @param extents non-negative safe integers */
export function encodeExtents(extents: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (const extent of extents) {
    let rest = extent;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

export function decodeExtents(bytes: Uint8Array): number[] {
  const extents: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    if (byte >= 0x80) {
      scale *= 0x80;
    } else {
      extents.push(value);
      value = 0;
      scale = 1;
    }
  }
  return extents;
}
