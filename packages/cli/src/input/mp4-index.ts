/** A box's size and type (ISO/IEC 14496-12, section 4.2); 8 bytes more where the size does not fit into 32 bits. */
const BOX_HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** What an MP4 or QuickTime file may begin with. */
const FIRST_BOXES = new Set(["ftyp", "wide", "free", "skip", "mdat", "pnot"]);

/** Whether `head`, of 8 bytes or more, begins an MP4 or QuickTime file. */
export const beginsMp4 = (head: Uint8Array): boolean =>
  head.length >= BOX_HEADER_BYTES && FIRST_BOXES.has(String.fromCharCode(...head.subarray(4, BOX_HEADER_BYTES)));

/**
 * Whether `head` begins an MP4 or QuickTime file whose frames (mdat) lie before the index (moov) that tells where they are: who reads it from the
 * beginning to the end, as from a pipe, cannot know what it reads.
 */
export function hasIndexBehindMedia(head: Uint8Array): boolean {
  if (!beginsMp4(head)) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (let at = 0; at + BOX_HEADER_BYTES <= head.length; ) {
    const type = String.fromCharCode(...head.subarray(at + 4, at + BOX_HEADER_BYTES));
    if (type === "mdat" || type === "moov") return type === "mdat";
    const size = boxSize(view, at);
    // 0 is a box that reaches to the end, and less than a header is damage.
    if (size === undefined || size < BOX_HEADER_BYTES) return false;
    at += size;
  }
  return false;
}

/** Undefined where the head ends before it is told. */
function boxSize(view: DataView, at: number): number | undefined {
  const size = view.getUint32(at);
  if (size !== 1) return size;
  return at + LARGE_HEADER_BYTES <= view.byteLength ? Number(view.getBigUint64(at + BOX_HEADER_BYTES)) : undefined;
}
