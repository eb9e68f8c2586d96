/** Integers up to 2^53 - 1 in eight little-endian bytes, without BigInt. */

export function writeInteger(target: Buffer, value: number, offset: number): void {
  target.writeUInt32LE(value >>> 0, offset);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

export function readInteger(source: Buffer, offset: number): number {
  return source.readUInt32LE(offset) + source.readUInt32LE(offset + 4) * 2 ** 32;
}
