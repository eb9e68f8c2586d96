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
const FRAGMENT_NUMBER_DIGITS = 47;
const RANDOM_BITS = 28n;
const SERVER_TIMESTAMP_BITS = 64n;
const SEQUENCE_SHIFT = RANDOM_BITS + SERVER_TIMESTAMP_BITS;
/** Set in the 65th bit of the sequence's field, so that all numbers have the same width and sort as text as they do as numbers. */
const LEADING_BIT = 1n << 64n;
const MAX_PART = BigInt(Number.MAX_SAFE_INTEGER);
const PATTERN = /^[0-9]{47}$/;

/**
 * The fragment number that clients see: 47 decimal digits of
 * `(2^64 + sequence) * 2^92 + serverTimestamp * 2^28 + random`, as Kinesis Video Streams numbers its fragments.
 * Text order is numeric order is the order in which the fragments of a stream began to arrive.
 * Throws a RangeError where a part is out of its bounds: that is a fault of the caller, never of a client.
 */
export function formatFragmentNumber({ sequence, serverTimestamp, random }: FragmentNumber): string {
  if (!isPart(sequence, 1, Number.MAX_SAFE_INTEGER)) throw new RangeError(`sequence ${sequence} is out of bounds`);
  if (!isPart(serverTimestamp, 0, Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`server timestamp ${serverTimestamp} is out of bounds`);
  }
  if (!isPart(random, 0, 2 ** 28 - 1)) throw new RangeError(`random ${random} is not 28 bits`);
  const high = (LEADING_BIT + BigInt(sequence)) << SEQUENCE_SHIFT;
  return (high + (BigInt(serverTimestamp) << RANDOM_BITS) + BigInt(random)).toString();
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
