/** Boxes whose contents are boxes, and how many bytes come before those. */
const CONTAINERS: ReadonlyMap<string, number> = new Map([
  ["moov", 0],
  ["trak", 0],
  ["edts", 0],
  ["mdia", 0],
  ["minf", 0],
  ["dinf", 0],
  ["stbl", 0],
  ["mvex", 0],
  ["moof", 0],
  ["traf", 0],
  ["stsd", 8],
  ["dref", 8],
  ["avc1", 78],
  ["hvc1", 78],
  ["av01", 78],
  ["vp09", 78],
  ["mp4a", 28],
  ["Opus", 28],
  ["alaw", 28],
]);

/** A box of an MP4 file: where it lies, and what it holds behind its header. */
export interface Box {
  type: string;
  start: number;
  /** Path of types from the file's root, such as "moov/trak/tkhd". */
  path: string;
  contents: DataView;
}

/** All boxes of a file, outer before inner. An mdat may reach beyond the bytes, as in a segment's head. */
export function boxesIn(bytes: Uint8Array, start = 0, end = bytes.length, parent = ""): Box[] {
  const boxes: Box[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = start;
  while (at + 8 <= end) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const size = view.getUint32(at) === 1 ? Number(view.getBigUint64(at + 8)) : view.getUint32(at);
    const boxEnd = at + size;
    if (size < 8 || (boxEnd > end && type !== "mdat"))
      throw new Error(`${type} of ${size} bytes at ${at} leaves ${parent}`);
    const path = parent === "" ? type : `${parent}/${type}`;
    const inner = Math.min(boxEnd, end);
    boxes.push({
      type,
      start: at,
      path,
      contents: new DataView(bytes.buffer, bytes.byteOffset + at + 8, inner - at - 8),
    });
    const skipped = CONTAINERS.get(type);
    if (skipped !== undefined) boxes.push(...boxesIn(bytes, at + 8 + skipped, boxEnd, path));
    at = boxEnd;
  }
  if (at < end) throw new Error(`${end - at} bytes behind the last box of ${parent}`);
  return boxes;
}

/** The `index`th box of this path. */
export function boxAt(boxes: readonly Box[], path: string, index = 0): Box {
  const found = boxes.filter((box) => box.path === path)[index];
  if (!found) throw new Error(`no ${path}`);
  return found;
}

/** The numbers of 32 bits that a box's contents are, from byte `from` on; signed where asked. */
export function numbers({ contents }: Box, from = 0, signed = false): number[] {
  return Array.from({ length: Math.floor((contents.byteLength - from) / 4) }, (_, i) =>
    signed ? contents.getInt32(from + 4 * i) : contents.getUint32(from + 4 * i),
  );
}
