const MAX_UINT32 = 0xffff_ffff;
const BOX_HEADER_BYTES = 8;
const FULL_BOX_FIELDS_BYTES = 4;

/** Writes big-endian values one behind the other into a buffer that has room for them. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Offset of the next byte to be written. */
  at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Writes the low 8 bits of `value`. */
  u8(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** Writes the low 16 bits of `value`; negative values as two's complement. */
  u16(value: number): void {
    this.#view.setUint16(this.at, value);
    this.at += 2;
  }

  /** Writes `value`, or the greatest there is where it is greater: a duration must not wrap to a short one. */
  u32(value: number): void {
    this.#view.setUint32(this.at, Math.min(value, MAX_UINT32));
    this.at += 4;
  }

  /** Writes a signed value. */
  i32(value: number): void {
    this.#view.setInt32(this.at, value);
    this.at += 4;
  }

  /** Writes an integer of 0 to 2^53-1. */
  u64(value: number): void {
    this.#view.setBigUint64(this.at, BigInt(value));
    this.at += 8;
  }

  /** Writes text of ASCII characters. */
  ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
  }

  /** Writes a copy of `data`. */
  copy(data: Uint8Array): void {
    this.bytes.set(data, this.at);
    this.at += data.length;
  }

  /** Leaves `count` bytes zero. */
  zeros(count: number): void {
    this.at += count;
  }
}

/** A part of a file whose size is known before it is written. */
export interface Piece {
  readonly bytes: number;
  write(out: Cursor): void;
}

/** Fields of `bytes` bytes in all. */
export function fields(bytes: number, write: (out: Cursor) => void): Piece {
  return { bytes, write };
}

function total(pieces: readonly Piece[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.bytes;
  return bytes;
}

/** A box of this four-character type (ISO/IEC 14496-12, section 4.2). */
export function box(type: string, ...pieces: readonly Piece[]): Piece {
  const bytes = BOX_HEADER_BYTES + total(pieces);
  const write = (out: Cursor): void => {
    const end = out.at + bytes;
    out.u32(bytes);
    out.ascii(type);
    for (const piece of pieces) piece.write(out);
    if (out.at !== end) throw new Error(`${type} is ${out.at - end} bytes off its size`);
  };
  return { bytes, write };
}

/** A box that begins with a version and 24 bits of flags (ISO/IEC 14496-12, section 4.2). */
export function fullBox(type: string, version: number, flags: number, ...pieces: readonly Piece[]): Piece {
  const versionAndFlags = fields(FULL_BOX_FIELDS_BYTES, (out) => out.u32(version * 2 ** 24 + flags));
  return box(type, versionAndFlags, ...pieces);
}

/** The header of an mdat of `payloadBytes` bytes that follow it. */
export function mediaDataHeader(payloadBytes: number): Piece {
  const bytes = payloadBytes + BOX_HEADER_BYTES;
  if (bytes <= MAX_UINT32) {
    return fields(8, (out) => {
      out.u32(bytes);
      out.ascii("mdat");
    });
  }
  return fields(16, (out) => {
    out.u32(1); // the size follows in 64 bits
    out.ascii("mdat");
    out.u64(bytes + 8);
  });
}

/** Writes the pieces one behind the other into one buffer of exactly their size. */
export function serialize(...pieces: readonly Piece[]): Uint8Array {
  const out = new Cursor(total(pieces));
  for (const piece of pieces) piece.write(out);
  return out.bytes;
}
