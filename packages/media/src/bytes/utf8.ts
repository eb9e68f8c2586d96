/** Code units that are turned into a string at once; well below the argument limit of any engine. */
const UNITS_AT_ONCE = 4096;
const REPLACEMENT = 0xfffd;

/**
 * Smallest code point that a sequence of 2, 3 or 4 bytes may stand for: shorter forms are overlong (RFC 3629, section
 * 3).
 */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

function sequenceLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

/** The code point of the multi-byte sequence at `at`, or -1 where it is not well-formed. */
function decodeSequence(bytes: Uint8Array, at: number, length: number, end: number): number {
  if (length === 1 || at + length > end) return -1;
  let point = bytes[at]! & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i]!;
    if ((next & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (next & 0x3f);
  }
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < SMALLEST[length]! || point > 0x10ffff || surrogate ? -1 : point;
}

/**
 * Decodes the bytes from `start` up to `end` as UTF-8 (RFC 3629). Each byte that is part of no well-formed sequence
 * becomes U+FFFD; a byte order mark is kept.
 */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  let units: number[] = [];
  for (let at = start; at < end; ) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : sequenceLength(lead);
    const point = lead < 0x80 ? lead : decodeSequence(bytes, at, length, end);
    at += point < 0 ? 1 : length;
    if (point > 0xffff) units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
    else units.push(point < 0 ? REPLACEMENT : point);
    if (units.length >= UNITS_AT_ONCE) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** Encodes text as UTF-8 (RFC 3629); an unpaired surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const raw = character.codePointAt(0)!;
    const point = raw >= 0xd800 && raw <= 0xdfff ? REPLACEMENT : raw;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else {
      bytes.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 0x3f),
        0x80 | ((point >> 6) & 0x3f),
        0x80 | (point & 0x3f),
      );
    }
  }
  return Uint8Array.from(bytes);
}
