/** Bytes `start` to `end - 1` of a resource. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const SINGLE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * The part of a resource of `length` bytes that a Range header asks for (RFC 9110, section 14): undefined for all of it, as where there is
 * no header, or one that may be ignored, such as one of several ranges; "unsatisfiable" where it lies outside.
 */
export function byteRange(header: string | undefined, length: number): ByteRange | "unsatisfiable" | undefined {
  const match = header === undefined ? null : SINGLE.exec(header);
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const last = match[2] === "" ? length - 1 : Number(match[2]);
  if (match[1] === "") return last === 0 ? "unsatisfiable" : { start: Math.max(0, length - last), end: length };
  const start = Number(match[1]);
  if (match[2] !== "" && last < start) return undefined;
  return start >= length ? "unsatisfiable" : { start, end: Math.min(last + 1, length) };
}

/** The bytes of a range of what lies in several pieces, as views. */
export function slicePieces(pieces: readonly Uint8Array[], { start, end }: ByteRange): Uint8Array[] {
  const views: Uint8Array[] = [];
  let offset = 0;
  for (const piece of pieces) {
    const view = piece.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
    if (view.length > 0) views.push(view);
    offset += piece.length;
  }
  return views;
}
