/** The parts of a fragment number; every fragment's identity holds them. */
export interface FragmentNumber {
  /** Place in the stream's order, from 1 to `Number.MAX_SAFE_INTEGER`. */
  readonly sequence: number;
  /** Milliseconds since the epoch at which the fragment's first byte arrived, from 0 to `Number.MAX_SAFE_INTEGER`. */
  readonly serverTimestamp: number;
  /** 28 random bits. */
  readonly random: number;
}

/** Digits of every fragment number: with the leading bit at 2^156 the largest stays below 10^47. */
export const FRAGMENT_NUMBER_DIGITS = 47;
const RANDOM_BITS = 28n;
const SERVER_TIMESTAMP_BITS = 64n;
const SEQUENCE_SHIFT = RANDOM_BITS + SERVER_TIMESTAMP_BITS;
/** Set in the 65th bit of the sequence's field, so that all numbers have the same width and sort as text as they do as numbers. */
const LEADING_BIT = 1n << 64n;
const MAX_PART = BigInt(Number.MAX_SAFE_INTEGER);
const PATTERN = /^[0-9]{47}$/;

/**
 * Playlists hold tens of thousands of fragment numbers, and a BigInt costs more than all else that a line takes. So numbers are formatted in
 * limbs of seven digits, and their parts are taken in pieces of 24 bits: a piece times a limb, and the sum of seven such products, is a safe
 * integer.
 */
const LIMB_DIGITS = 7;
const LIMB = 10 ** LIMB_DIGITS;
const LIMBS = Math.ceil(FRAGMENT_NUMBER_DIGITS / LIMB_DIGITS);
const PIECE_BITS = 24n;
const PIECE = 2 ** Number(PIECE_BITS);
const [LEADING] = weightsFrom(SEQUENCE_SHIFT + 64n);
const [SEQUENCE_LOW, SEQUENCE_MIDDLE, SEQUENCE_HIGH] = weightsFrom(SEQUENCE_SHIFT);
const [TIME_LOW, TIME_MIDDLE, TIME_HIGH] = weightsFrom(RANDOM_BITS);
/** The ASCII digits of 000 to 999. */
const TRIPLES = Buffer.from(Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0")).join(""));
const SCRATCH = Buffer.alloc(FRAGMENT_NUMBER_DIGITS);
/** What the higher pieces of a sequence and of a time count for, in limbs: numbers that follow one another have them in common for hours. */
const HIGH = new Float64Array(LIMBS);
/** The pieces that it was made of: the sequence's without its lowest one, and the time's. */
let highSequence = Number.NaN;
let highTime = Number.NaN;

/** The limbs, least first, of what each piece of a part counts for whose lowest bit is `shift`. */
function weightsFrom(shift: bigint): [low: Float64Array, middle: Float64Array, high: Float64Array] {
  const weight = (piece: bigint): Float64Array => {
    const digits = (1n << (shift + piece * PIECE_BITS)).toString().padStart(LIMBS * LIMB_DIGITS, "0");
    return Float64Array.from({ length: LIMBS }, (_, limb) => {
      const end = digits.length - limb * LIMB_DIGITS;
      return Number(digits.slice(end - LIMB_DIGITS, end));
    });
  };
  return [weight(0n), weight(1n), weight(2n)];
}

/**
 * The fragment number that clients see: 47 decimal digits of
 * `(2^64 + sequence) * 2^92 + serverTimestamp * 2^28 + random`, as Kinesis Video Streams numbers its fragments.
 * Text order is numeric order is the order in which the fragments of a stream began to arrive.
 * Throws a RangeError where a part is out of its bounds: that is a fault of the caller, never of a client.
 */
export function formatFragmentNumber(number: FragmentNumber): string {
  writeFragmentNumber(number, SCRATCH);
  return SCRATCH.toString("latin1");
}

/** Writes the digits of a fragment number, in ASCII, to the first 47 bytes of `out`. Throws as {@link formatFragmentNumber} does. */
export function writeFragmentNumber({ sequence, serverTimestamp, random }: FragmentNumber, out: Uint8Array): void {
  if (!isPart(sequence, 1, Number.MAX_SAFE_INTEGER)) throw new RangeError(`sequence ${sequence} is out of bounds`);
  if (!isPart(serverTimestamp, 0, Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`server timestamp ${serverTimestamp} is out of bounds`);
  }
  if (!isPart(random, 0, 2 ** 28 - 1)) throw new RangeError(`random ${random} is not 28 bits`);
  const sequenceRest = Math.floor(sequence / PIECE);
  const timeRest = Math.floor(serverTimestamp / PIECE);
  if (sequenceRest !== highSequence || timeRest !== highTime) turnHigh(sequenceRest, timeRest);
  const sequenceLow = sequence - sequenceRest * PIECE;
  const timeLow = serverTimestamp - timeRest * PIECE;
  let carry = random;
  for (let limb = 0; limb < LIMBS; limb++) {
    const sum = carry + HIGH[limb]! + sequenceLow * SEQUENCE_LOW[limb]! + timeLow * TIME_LOW[limb]!;
    carry = Math.floor(sum / LIMB);
    writeLimb(sum - carry * LIMB, out, FRAGMENT_NUMBER_DIGITS - (limb + 1) * LIMB_DIGITS);
  }
}

/** Makes the limbs of other high pieces. */
function turnHigh(sequenceRest: number, timeRest: number): void {
  const sequenceHigh = Math.floor(sequenceRest / PIECE);
  const sequenceMiddle = sequenceRest - sequenceHigh * PIECE;
  const timeHigh = Math.floor(timeRest / PIECE);
  const timeMiddle = timeRest - timeHigh * PIECE;
  for (let limb = 0; limb < LIMBS; limb++) {
    HIGH[limb] =
      LEADING[limb]! +
      sequenceMiddle * SEQUENCE_MIDDLE[limb]! +
      sequenceHigh * SEQUENCE_HIGH[limb]! +
      timeMiddle * TIME_MIDDLE[limb]! +
      timeHigh * TIME_HIGH[limb]!;
  }
  highSequence = sequenceRest;
  highTime = timeRest;
}

/** Writes seven digits to the places from `start` on; what lies before the first place is left out: it is zero. */
function writeLimb(value: number, out: Uint8Array, start: number): void {
  const limb = value | 0;
  const thousands = (limb / 1000) | 0;
  const millions = (thousands / 1000) | 0;
  const high = (thousands - millions * 1000) * 3;
  const low = (limb - thousands * 1000) * 3;
  if (start >= 0) {
    out[start] = TRIPLES[millions * 3 + 2]!;
    out[start + 1] = TRIPLES[high]!;
  }
  out[start + 2] = TRIPLES[high + 1]!;
  out[start + 3] = TRIPLES[high + 2]!;
  out[start + 4] = TRIPLES[low]!;
  out[start + 5] = TRIPLES[low + 1]!;
  out[start + 6] = TRIPLES[low + 2]!;
}

/**
 * The parts of a fragment number, or undefined where `text` is no number that `formatFragmentNumber` makes
 * (clients may ask for any 1 to 128 digits: such a number names no fragment).
 */
export function parseFragmentNumber(text: string): FragmentNumber | undefined {
  if (text.length !== FRAGMENT_NUMBER_DIGITS || !PATTERN.test(text)) return undefined;
  const number = BigInt(text);
  const sequence = (number >> SEQUENCE_SHIFT) - LEADING_BIT;
  const serverTimestamp = BigInt.asUintN(64, number >> RANDOM_BITS);
  if (sequence < 1n || sequence > MAX_PART || serverTimestamp > MAX_PART) return undefined;
  return {
    sequence: Number(sequence),
    serverTimestamp: Number(serverTimestamp),
    random: Number(BigInt.asUintN(28, number)),
  };
}

function isPart(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
