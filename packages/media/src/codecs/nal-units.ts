/** Size of the lengths before NAL units where a track does not say it: what producers use that adapt NAL units. */
export const USUAL_NAL_LENGTH_BYTES = 4;
const LONG_START_CODE = 4;

/** Where one NAL unit lies in its buffer. */
interface NalRange {
  start: number;
  end: number;
}

function bigEndian(data: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) value = value * 256 + data[i]!;
  return value;
}

/**
 * Whether `data` is one or more NAL units with a length of `nalLengthBytes` before each, and nothing behind the last
 * (ISO/IEC 14496-15, section 5.3.3).
 */
export function isLengthPrefixed(data: Uint8Array, nalLengthBytes: number): boolean {
  let at = 0;
  while (at + nalLengthBytes <= data.length) at += nalLengthBytes + bigEndian(data, at, nalLengthBytes);
  return at === data.length && at > 0;
}

/** Whether `data` begins with a start code (ITU-T H.264, Annex B). */
export function startsWithStartCode(data: Uint8Array): boolean {
  if (data.length < 4 || data[0] !== 0 || data[1] !== 0) return false;
  return data[2] === 1 || (data[2] === 0 && data[3] === 1);
}

function lengthPrefixedRanges(data: Uint8Array, nalLengthBytes: number): NalRange[] {
  const ranges: NalRange[] = [];
  let at = 0;
  while (at + nalLengthBytes < data.length) {
    const start = at + nalLengthBytes;
    at = Math.min(start + bigEndian(data, at, nalLengthBytes), data.length);
    if (at > start) ranges.push({ start, end: at });
  }
  return ranges;
}

/** Position of the next 00 00 01 from `from` on, or -1. */
function findStartCode(data: Uint8Array, from: number): number {
  for (let one = data.indexOf(1, from + 2); one !== -1; one = data.indexOf(1, one + 1)) {
    if (data[one - 1] === 0 && data[one - 2] === 0) return one - 2;
  }
  return -1;
}

/** NAL units between start codes, without the zero bytes that may trail each (ITU-T H.264, section B.1.1). */
function annexBRanges(data: Uint8Array): NalRange[] {
  const ranges: NalRange[] = [];
  for (let code = findStartCode(data, 0); code !== -1; ) {
    const start = code + 3;
    const next = findStartCode(data, start);
    let end = next === -1 ? data.length : next;
    while (end > start && data[end - 1] === 0) end--;
    if (end > start) ranges.push({ start, end });
    code = next;
  }
  return ranges;
}

function splitLengthPrefixed(data: Uint8Array, nalLengthBytes: number): Uint8Array[] {
  return lengthPrefixedRanges(data, nalLengthBytes).map(({ start, end }) => data.subarray(start, end));
}

/** The NAL units of a byte stream with start codes (ITU-T H.264, Annex B), as views. */
export function splitAnnexB(data: Uint8Array): Uint8Array[] {
  return annexBRanges(data).map(({ start, end }) => data.subarray(start, end));
}

/** Bytes of a frame in which sets that precede its picture are looked for: sets of all kinds take some hundred. */
export const LEADING_BYTES = 2048;

/** What `isLengthPrefixed` tells of a frame of `frameBytes` bytes, as far as its beginning shows. */
function beginsLengthPrefixed(start: Uint8Array, frameBytes: number, nalLengthBytes: number): boolean {
  let at = 0;
  while (at + nalLengthBytes <= start.length) {
    at += nalLengthBytes + bigEndian(start, at, nalLengthBytes);
    if (at > frameBytes) return false;
  }
  return at > 0 && (at === frameBytes || start.length < frameBytes);
}

/**
 * The first NAL units of a frame in either form, as views: those that lie within its first `LEADING_BYTES` bytes. `frame` may be no more than
 * these of a frame that has `frameBytes`.
 */
export function leadingNalUnits(frame: Uint8Array, frameBytes: number, nalLengthBytes: number): Uint8Array[] {
  const start = frame.subarray(0, LEADING_BYTES);
  const ranges = beginsLengthPrefixed(start, frameBytes, nalLengthBytes)
    ? lengthPrefixedRanges(start, nalLengthBytes)
    : annexBRanges(start);
  // One that reaches to the end of the beginning may go on.
  const whole = ranges.filter(({ end }) => end < start.length || start.length === frameBytes);
  return whole.map((range) => start.subarray(range.start, range.end));
}

/** The NAL units of a frame in either form, as views; the first ones of a frame that has `frameBytes`, where no more than its beginning is there. */
export function splitFrame(data: Uint8Array, nalLengthBytes: number, frameBytes = data.length): Uint8Array[] {
  if (data.length < frameBytes) return leadingNalUnits(data, frameBytes, nalLengthBytes);
  // Lengths first: those of 256 to 511 bytes look like a start code.
  return isLengthPrefixed(data, nalLengthBytes) ? splitLengthPrefixed(data, nalLengthBytes) : splitAnnexB(data);
}

/**
 * Replaces the length before each NAL unit by a start code of four bytes (ITU-T H.264, Annex B), in a copy.
 * `nalLengthBytes` is the length's size, 1 to 4; a last unit that is cut short stays so.
 */
export function toAnnexB(data: Uint8Array, nalLengthBytes: number): Uint8Array {
  const ranges = lengthPrefixedRanges(data, nalLengthBytes);
  const written = new Uint8Array(ranges.reduce((sum, { start, end }) => sum + LONG_START_CODE + end - start, 0));
  let at = 0;
  for (const { start, end } of ranges) {
    written[at + LONG_START_CODE - 1] = 1;
    written.set(data.subarray(start, end), at + LONG_START_CODE);
    at += LONG_START_CODE + end - start;
  }
  return written;
}

/**
 * Replaces the start codes of a byte stream by lengths of `nalLengthBytes` bytes, in a copy. Undefined where it holds no
 * NAL unit, or one that is too large for such a length.
 */
export function toLengthPrefixed(data: Uint8Array, nalLengthBytes: number): Uint8Array | undefined {
  const ranges = annexBRanges(data);
  if (ranges.length === 0) return undefined;
  if (ranges.some(({ start, end }) => end - start >= 256 ** nalLengthBytes)) return undefined;
  const written = new Uint8Array(ranges.reduce((sum, { start, end }) => sum + nalLengthBytes + end - start, 0));
  let at = 0;
  for (const { start, end } of ranges) {
    let length = end - start;
    for (let i = nalLengthBytes - 1; i >= 0; i--, length = Math.floor(length / 256)) written[at + i] = length & 0xff;
    written.set(data.subarray(start, end), at + nalLengthBytes);
    at += nalLengthBytes + end - start;
  }
  return written;
}

/**
 * What a NAL unit holds behind its header of `headerBytes`, without the bytes that keep start codes out of it (ITU-T
 * H.264, section 7.4.1). A copy.
 */
export function rbspOf(nal: Uint8Array, headerBytes: number): Uint8Array {
  const rbsp = new Uint8Array(Math.max(nal.length - headerBytes, 0));
  let length = 0;
  let zeros = 0;
  for (let i = headerBytes; i < nal.length; i++) {
    const byte = nal[i]!;
    const inserted = byte === 3 && zeros >= 2;
    zeros = byte === 0 ? zeros + 1 : 0;
    if (!inserted) rbsp[length++] = byte;
  }
  return rbsp.subarray(0, length);
}
