/**
 * The stored form of a fragment before sealing (docs/reference/storage-format.md, "Fragment"). It carries all that a chunk of GetMedia
 * needs, so a fragment can be read alone, and it can be written while the fragment is still arriving:
 *
 *     preamble   u8 version (1), 3 bytes 0, u32 length of the EBML header, u32 length of the Segment elements, u32 length of the tags before
 *     ...        EBML header, Segment elements (SeekHead, Void, Info, Tracks), Tags elements before the Cluster
 *     body       the Cluster, byte for byte as the producer sent it, then the Tags elements that followed it
 *     footer     u32 number of frames, u32 length of the Tags elements behind the Cluster
 *
 * All integers are big-endian.
 */

/** The only layout that exists so far; a reader refuses others. */
const VERSION = 1;
/** Bytes of the preamble's fixed part. */
const PREAMBLE_BYTES = 16;
/** Bytes of the footer. */
export const FOOTER_BYTES = 8;

/**
 * A fragment is sealed and handed to the journal in parts of this size, but for the last one, so that a long one is held neither then nor when it is
 * read back.
 */
export const PART_BYTES = 2 ** 20;

/** What precedes a fragment's Cluster, each as the producer's exact bytes. */
export interface FragmentHead {
  readonly ebmlHeader: Uint8Array;
  /** Elements of the Segment before its first Cluster, Tags apart. */
  readonly segmentElements: Uint8Array;
  /** Tags elements that came before the Cluster, in order. */
  readonly tags: readonly Uint8Array[];
}

/** What is known only at a fragment's end. */
export interface FragmentFooter {
  readonly frames: number;
  /** Bytes of the Tags elements behind the Cluster. */
  readonly tagsBytes: number;
}

/** A stored fragment that does not have the layout: damage that no checksum saw, or a later version of the product. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** The bytes before a fragment's Cluster, as views to append one after the other. */
export function encodeHead(head: FragmentHead): Uint8Array[] {
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  preamble.writeUInt8(VERSION, 0);
  preamble.writeUInt32BE(head.ebmlHeader.length, 4);
  preamble.writeUInt32BE(head.segmentElements.length, 8);
  preamble.writeUInt32BE(totalLength(head.tags), 12);
  return [preamble, head.ebmlHeader, head.segmentElements, ...head.tags];
}

/**
 * The head of a stored fragment, copied out of its first bytes, and the offset at which its Cluster begins; undefined where `bytes` do not
 * reach that far yet. Throws {@link LayoutError}.
 */
export function decodeHead(bytes: Uint8Array): { head: FragmentHead; bodyStart: number } | undefined {
  if (bytes.length < PREAMBLE_BYTES) return undefined;
  const preamble = new DataView(bytes.buffer, bytes.byteOffset, PREAMBLE_BYTES);
  const version = preamble.getUint8(0);
  if (version !== VERSION) throw new LayoutError(`fragment layout ${version} is not known, expected ${VERSION}`);
  const segmentStart = PREAMBLE_BYTES + preamble.getUint32(4);
  const tagsStart = segmentStart + preamble.getUint32(8);
  const bodyStart = tagsStart + preamble.getUint32(12);
  if (bytes.length < bodyStart) return undefined;
  const copy = Buffer.from(bytes.subarray(0, bodyStart));
  const head = {
    ebmlHeader: copy.subarray(PREAMBLE_BYTES, segmentStart),
    segmentElements: copy.subarray(segmentStart, tagsStart),
    tags: tagsStart === bodyStart ? [] : [copy.subarray(tagsStart, bodyStart)],
  };
  return { head, bodyStart };
}

/** The last bytes of a stored fragment. */
export function encodeFooter(footer: FragmentFooter): Uint8Array {
  const bytes = Buffer.alloc(FOOTER_BYTES);
  bytes.writeUInt32BE(footer.frames, 0);
  bytes.writeUInt32BE(footer.tagsBytes, 4);
  return bytes;
}

/** Reads the last {@link FOOTER_BYTES} of a stored fragment. */
export function decodeFooter(bytes: Buffer): FragmentFooter {
  return { frames: bytes.readUInt32BE(0), tagsBytes: bytes.readUInt32BE(4) };
}

/** Bytes of all views together. */
export function totalLength(views: readonly Uint8Array[]): number {
  let length = 0;
  for (const view of views) length += view.length;
  return length;
}
