/**
 * What is wrong with the input, for callers that branch:
 * - `missing-ebml-header`: the input does not begin with an EBML header
 * - `invalid-vint`: an element ID or size is no valid variable-size integer (RFC 8794, section 4)
 * - `invalid-value`: a well-placed element holds a value that cannot be used
 * - `invalid-block`: a block's header or lacing is damaged (RFC 9559, section 10)
 * - `overrun`: an element reaches beyond the end of its parent
 * - `unknown-size`: an element other than Segment and Cluster leaves its size unknown
 * - `unexpected-element`: a known element where it may not be
 * - `duplicate-element`: a second element where one is allowed (EBML header, Segment, Tracks, ...)
 * - `missing-element`: a mandatory element did not come (Tracks, Timestamp, Block, ...)
 * - `limit-exceeded`: one of the reader's named limits
 * - `unsupported`: well-formed, but of a kind that this library does not read (DocType, versions)
 * - `truncated`: the input ended inside an element
 */
export type MatroskaErrorCode =
  | "missing-ebml-header"
  | "invalid-vint"
  | "invalid-value"
  | "invalid-block"
  | "overrun"
  | "unknown-size"
  | "unexpected-element"
  | "duplicate-element"
  | "missing-element"
  | "limit-exceeded"
  | "unsupported"
  | "truncated";

/** The input is not the EBML or Matroska that it should be. After this a reader is dead and repeats the same error. */
export class MatroskaError extends Error {
  override readonly name = "MatroskaError";
  readonly code: MatroskaErrorCode;
  /** Name of the element at fault, as in RFC 9559, or its hexadecimal ID where it has none. */
  readonly element: string;
  /** Offset in bytes from the first byte fed, of the element at fault or near it. */
  readonly offset: number;

  constructor(code: MatroskaErrorCode, element: string, offset: number, expectation: string) {
    super(`${element} at byte ${offset}: ${expectation}`);
    this.code = code;
    this.element = element;
    this.offset = offset;
  }
}
