import { type ElementHeader, INVALID_HEADER, NEED_MORE, readElementHeader } from "../ebml/element-header.ts";
import { MAX_INTEGER_LENGTH, readBigUint, readFloat, readString, readUint } from "../ebml/values.ts";
import { UNKNOWN_SIZE } from "../ebml/vint.ts";
import { MatroskaError } from "./error.ts";
import { elementName } from "./ids.ts";

/** An element that lies whole in memory: its data is `bytes[start]` to `bytes[end - 1]`. */
export interface ElementSlice {
  id: number;
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Offset in the input of `bytes[0]`, to name places in errors. */
  base: number;
}

/** The element that fills `bytes` exactly, its header included; the bytes begin at the offset `base` of the input. */
export function wholeElement(bytes: Uint8Array, base: number): ElementSlice {
  const header: ElementHeader = { id: 0, size: 0 };
  const start = readElementHeader(bytes, 0, bytes.length, header);
  return { id: header.id, bytes, start, end: bytes.length, base };
}

/**
 * Calls `visit` for each child of a master element in order.. Throws a `MatroskaError` where
 * the children do not fill the element exactly.
 */
export function visitChildren(parent: ElementSlice, visit: (child: ElementSlice) => void): void {
  const { bytes, base } = parent;
  const header: ElementHeader = { id: 0, size: 0 };
  for (let at = parent.start; at < parent.end; ) {
    const length = readElementHeader(bytes, at, parent.end, header);
    if (length === INVALID_HEADER) throw invalidHeader(elementName(parent.id), base + at);
    if (length === NEED_MORE) {
      throw new MatroskaError(
        "overrun",
        elementName(parent.id),
        base + at,
        "a child's ID and size end within their parent",
      );
    }
    const name = elementName(header.id);
    if (header.size === UNKNOWN_SIZE) throw new MatroskaError("unknown-size", name, base + at, "a known size");
    const start = at + length;
    if (header.size > parent.end - start) throw overrun(name, base + at, elementName(parent.id));
    at = start + header.size;
    visit({ id: header.id, bytes, start, end: at, base });
  }
}

/** The error for an ID or size, somewhere within the element `parent`, that is no variable-size integer. */
export function invalidHeader(parent: string, offset: number): MatroskaError {
  return new MatroskaError("invalid-vint", parent, offset, "an element ID of 1 to 4 bytes and a size of 1 to 8 bytes");
}

/** The error for an element that reaches beyond its parent's end. */
export function overrun(name: string, offset: number, parent: string): MatroskaError {
  return new MatroskaError("overrun", name, offset, `an element that ends within its ${parent}`);
}

function invalid(element: ElementSlice, expectation: string): MatroskaError {
  return new MatroskaError("invalid-value", elementName(element.id), element.base + element.start, expectation);
}

/** The value of an unsigned integer element, 0 to 2^53-1. */
export function uintOf(element: ElementSlice): number {
  const value = readUint(element.bytes, element.start, element.end);
  if (element.end - element.start > MAX_INTEGER_LENGTH) throw invalid(element, "an integer of at most 8 bytes");
  if (value > Number.MAX_SAFE_INTEGER) throw invalid(element, "an integer below 2^53");
  return value;
}

/** The value of an unsigned integer element of up to 64 bits. */
export function bigUintOf(element: ElementSlice): bigint {
  if (element.end - element.start > MAX_INTEGER_LENGTH) throw invalid(element, "an integer of at most 8 bytes");
  return readBigUint(element.bytes, element.start, element.end);
}

/** The value of a float element. */
export function floatOf(element: ElementSlice): number {
  const value = readFloat(element.bytes, element.start, element.end);
  if (value === undefined) throw invalid(element, "a float of 0, 4 or 8 bytes");
  return value;
}

/** The value of a string element. */
export function stringOf(element: ElementSlice): string {
  return readString(element.bytes, element.start, element.end);
}

/** A copy of the data of a binary element. */
export function binaryOf(element: ElementSlice): Uint8Array {
  return element.bytes.slice(element.start, element.end);
}
