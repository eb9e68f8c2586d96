import { encodeUtf8 } from "../bytes/utf8.ts";
import { MAX_ELEMENT_HEADER_LENGTH } from "../ebml/element-header.ts";
import { vintLengthFor, writeVint } from "../ebml/vint.ts";
import { ID } from "./ids.ts";

/**
 * Bytes that the sizes of the elements in Tags of Kinesis Video Streams take (AWS, observed in GetMedia responses): `10
 * 00 00 xx`.
 */
const KVS_SIZE_LENGTH = 4;

/** The Segment's ID and an unknown size in 8 bytes, as each chunk of GetMedia has it (RFC 8794, section 6.2). */
const SEGMENT_HEADER = [0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

function idLength(id: number): number {
  if (id > 0xffffff) return 4;
  if (id > 0xffff) return 3;
  return id > 0xff ? 2 : 1;
}

function writeId(target: Uint8Array, at: number, id: number): number {
  const length = idLength(id);
  for (let i = 0; i < length; i++) target[at + i] = id >>> (8 * (length - 1 - i));
  return at + length;
}

/** Joins the parts in one new buffer. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * The ID and size that precede `size` bytes of data of the element `id`. The size takes `sizeLength` bytes, by default
 * as few as hold it. Throws a `RangeError` where it does not fit.
 */
export function elementHeader(id: number, size: number, sizeLength = vintLengthFor(size)): Uint8Array {
  if (vintLengthFor(size) > sizeLength) throw new RangeError(`${sizeLength} bytes do not hold the size ${size}`);
  const header = new Uint8Array(idLength(id) + sizeLength);
  writeVint(header, writeId(header, 0, id), size, sizeLength);
  return header;
}

/** An element of the given data, or of children that are written already. */
export function element(id: number, data: Uint8Array | readonly Uint8Array[], sizeLength?: number): Uint8Array {
  const parts = data instanceof Uint8Array ? [data] : data;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return concatBytes([elementHeader(id, size, sizeLength), ...parts]);
}

/** An unsigned integer element (RFC 8794, section 7.2) in as few bytes as hold it, or in `length` bytes. */
export function uintElement(id: number, value: number | bigint, length?: number): Uint8Array {
  let digits = BigInt(value).toString(16);
  if (value < 0) throw new RangeError(`an unsigned integer is not ${value}`);
  digits = digits.padStart(Math.max(length ?? 0, Math.ceil(digits.length / 2)) * 2, "0");
  const data = Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
  return element(id, data);
}

/** A float element of 8 bytes (RFC 8794, section 7.3). */
export function floatElement(id: number, value: number): Uint8Array {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setFloat64(0, value);
  return element(id, data);
}

/** A string element in UTF-8 (RFC 8794, section 7.5). */
export function stringElement(id: number, text: string, sizeLength?: number): Uint8Array {
  return element(id, encodeUtf8(text), sizeLength);
}

/**
 * The start of a Segment: its ID and its size in 8 bytes, without `dataBytes` unknown: `01 FF FF FF FF FF FF FF`. Both forms are equally
 * long, so that the size can be written over when it is known.
 */
export function segmentHeader(dataBytes?: number): Uint8Array {
  return dataBytes === undefined ? Uint8Array.from(SEGMENT_HEADER) : elementHeader(ID.Segment, dataBytes, 8);
}

/**
 * A Void element of exactly `totalBytes`, ID and size included, to fill a gap that a player must skip (RFC 8794,
 * section 11.3.2). Throws a `RangeError` below 2 bytes, which no element is.
 */
export function voidElement(totalBytes: number): Uint8Array {
  if (!Number.isSafeInteger(totalBytes) || totalBytes < 2)
    throw new RangeError(`a Void takes 2 bytes or more, not ${totalBytes}`);
  // One byte holds sizes up to 126; all larger Voids take the longest form, so that no total is out of reach.
  const sizeLength = totalBytes - 2 <= 126 ? 1 : MAX_ELEMENT_HEADER_LENGTH - 4;
  const filler = new Uint8Array(totalBytes);
  filler.set(elementHeader(ID.Void, totalBytes - 1 - sizeLength, sizeLength));
  return filler;
}

/** One name and value of Tags. */
export type TagPair = readonly [name: string, value: string];

function tagsElement(pairs: readonly TagPair[], sizeLength?: number): Uint8Array {
  const simpleTags = pairs.map(([name, value]) =>
    element(
      ID.SimpleTag,
      [stringElement(ID.TagName, name, sizeLength), stringElement(ID.TagString, value, sizeLength)],
      sizeLength,
    ),
  );
  return element(ID.Tags, [element(ID.Tag, simpleTags, sizeLength)], sizeLength);
}

/** Tags of one Tag without Targets, a SimpleTag for each pair (RFC 9559, section 5.1.8). */
export function tags(pairs: readonly TagPair[]): Uint8Array {
  return tagsElement(pairs);
}

/** The same in the form that Kinesis Video Streams gives its own Tags: each element's size takes 4 bytes. */
export function kvsTags(pairs: readonly TagPair[]): Uint8Array {
  return tagsElement(pairs, KVS_SIZE_LENGTH);
}
