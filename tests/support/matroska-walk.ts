/**
 * A strict walk over Matroska files as RFC 9559 and RFC 8794 lay them out, which shares no code with `@kvass/media`: what that library
 * writes wrongly and reads wrongly in the same way is found here.
 */

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TAGS = 0x1254c367;
const CLUSTER = 0x1f43b675;
const BLOCK_GROUP = 0xa0;
/** SeekHead, Info, Tracks, Cues, Attachments, Chapters, Tags, Cluster: what ends a Cluster of unknown size. */
const TOP_LEVEL = new Set([0x114d9b74, 0x1549a966, TRACKS, 0x1c53bb6b, 0x1941a469, 0x1043a770, TAGS, CLUSTER]);

interface Element {
  readonly id: number;
  readonly dataAt: number;
  /** Undefined where the size is unknown. */
  readonly end: number | undefined;
}

/** A SimpleBlock or Block. Its data lies from `at` to `end` of the walked bytes: track, timecode, flags, lacing table and frames. */
export interface WalkedBlock {
  readonly track: number;
  /** In ticks, the Cluster's included. */
  readonly timecode: number;
  readonly frames: number;
  readonly at: number;
  readonly end: number;
}

/** One file: an EBML header and its Segment. */
export interface WalkedFile {
  readonly tracks: number[];
  readonly clusters: number[];
  readonly blocks: WalkedBlock[];
  /** Names and values of all Tags in the file's order; a name that comes twice has its last value. */
  readonly tags: Map<string, string>;
}

class Malformed extends Error {
  override readonly name = "Malformed";
}

function insist(condition: boolean, what: string, at: number): asserts condition {
  if (!condition) throw new Malformed(`${what} at ${at}`);
}

function elementAt(bytes: Buffer, at: number, limit: number): Element {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  insist(idLength <= 4 && at + idLength < limit, "no element ID", at);
  const sizeAt = at + idLength;
  const sizeLength = Math.clz32(bytes[sizeAt]!) - 23;
  insist(sizeLength <= 8 && sizeAt + sizeLength <= limit, "no element size", sizeAt);
  const coded = BigInt(`0x${bytes.toString("hex", sizeAt, sizeAt + sizeLength)}`);
  const unknown = (1n << BigInt(7 * sizeLength)) - 1n;
  const size = coded & unknown;
  const dataAt = sizeAt + sizeLength;
  const id = bytes.readUIntBE(at, idLength);
  if (size === unknown) return { id, dataAt, end: undefined };
  insist(size <= BigInt(limit - dataAt), `element ${id.toString(16)} is larger than what holds it`, at);
  return { id, dataAt, end: dataAt + Number(size) };
}

/** Calls `visit` for each child; it returns the end of a child of unknown size. */
function children(bytes: Buffer, from: number, limit: number, visit: (child: Element) => number | undefined): void {
  for (let at = from; at < limit; ) {
    const child = elementAt(bytes, at, limit);
    const end = visit(child) ?? child.end;
    insist(end !== undefined, `element ${child.id.toString(16)} may not have an unknown size`, at);
    at = end;
  }
}

/** The last child of that ID within an element, as players take it; undefined where there is none. */
function childOf(bytes: Buffer, { dataAt, end }: Element, id: number): Element | undefined {
  let found: Element | undefined;
  children(bytes, dataAt, end!, (child) => {
    if (child.id === id) found = child;
    return undefined;
  });
  return found;
}

const uintOf = (bytes: Buffer, { dataAt, end }: Element): number =>
  dataAt === end ? 0 : Number(BigInt(`0x${bytes.toString("hex", dataAt, end)}`));

function readTracks(bytes: Buffer, tracks: Element, file: WalkedFile): void {
  children(bytes, tracks.dataAt, tracks.end!, (entry) => {
    if (entry.id !== TRACK_ENTRY) return undefined;
    const number = childOf(bytes, entry, 0xd7);
    insist(
      number !== undefined && childOf(bytes, entry, 0x86) !== undefined,
      "track without number or codec",
      entry.dataAt,
    );
    file.tracks.push(uintOf(bytes, number));
    return undefined;
  });
}

function readTags(bytes: Buffer, tags: Element, file: WalkedFile): void {
  const text = (element: Element | undefined): string =>
    element === undefined ? "" : bytes.toString("utf8", element.dataAt, element.end);
  children(bytes, tags.dataAt, tags.end!, (tag) => {
    if (tag.id !== 0x7373) return undefined;
    children(bytes, tag.dataAt, tag.end!, (simple) => {
      if (simple.id === 0x67c8)
        file.tags.set(text(childOf(bytes, simple, 0x45a3)), text(childOf(bytes, simple, 0x4487)));
      return undefined;
    });
    return undefined;
  });
}

/** Length of a lacing vint, and its value without the marker. */
function lacingNumber(payload: Buffer, at: number): { length: number; value: number } {
  const length = Math.clz32(payload[at] ?? 0) - 23;
  insist(length <= 8 && at + length <= payload.length, "no lace size", at);
  return {
    length,
    value: Number(BigInt(`0x${payload.toString("hex", at, at + length)}`) & ((1n << BigInt(7 * length)) - 1n)),
  };
}

/** Sizes of all laced frames but the last, and where the first frame begins (RFC 9559, section 10.3). */
function laceSizes(payload: Buffer, kind: number, count: number, from: number): { total: number; at: number } {
  let at = from;
  let total = 0;
  let size = 0;
  for (let frame = 0; frame < count - 1; frame++) {
    if (kind === 0x02) {
      size = 0;
      for (let byte = 255; byte === 255; size += byte) {
        insist(at < payload.length, "lacing table ends early", at);
        byte = payload[at++]!;
      }
    } else {
      const { length, value } = lacingNumber(payload, at);
      size = frame === 0 ? value : size + value - (2 ** (7 * length - 1) - 1);
      at += length;
    }
    insist(size >= 0, "negative lace size", at);
    total += size;
  }
  return { total, at };
}

function frameCount(payload: Buffer, headLength: number): number {
  const kind = payload[headLength - 1]! & 0x06;
  if (kind === 0) return 1;
  insist(headLength < payload.length, "no frame count", headLength);
  const count = payload[headLength]! + 1;
  if (kind === 0x04) {
    insist((payload.length - headLength - 1) % count === 0, "frames of fixed size do not fit", headLength);
    return count;
  }
  const { total, at } = laceSizes(payload, kind, count, headLength + 1);
  insist(at + total <= payload.length, "laced frames do not fit", headLength);
  return count;
}

function readBlock(bytes: Buffer, block: Element, file: WalkedFile): void {
  const payload = bytes.subarray(block.dataAt, block.end);
  const number = lacingNumber(payload, 0);
  insist(payload.length >= number.length + 3, "block without head", block.dataAt);
  insist(file.tracks.includes(number.value), `block of track ${number.value}, which is not declared`, block.dataAt);
  const timecode = file.clusters.at(-1)! + payload.readInt16BE(number.length);
  const frames = frameCount(payload, number.length + 3);
  file.blocks.push({ track: number.value, timecode, frames, at: block.dataAt, end: block.end! });
}

/** Reads a Cluster to its end, which is returned. */
function readCluster(bytes: Buffer, cluster: Element, limit: number, file: WalkedFile): number {
  const before = file.clusters.length;
  for (let at = cluster.dataAt; ; ) {
    if (at === (cluster.end ?? limit)) return at;
    const child = elementAt(bytes, at, cluster.end ?? limit);
    if (cluster.end === undefined && (TOP_LEVEL.has(child.id) || child.id === EBML)) return at;
    insist(child.end !== undefined, "child of a Cluster with an unknown size", at);
    if (child.id === 0xe7) file.clusters.push(uintOf(bytes, child));
    const isBlock = child.id === 0xa3 || child.id === BLOCK_GROUP;
    if (isBlock) insist(file.clusters.length === before + 1, "block without one Timestamp before it", at);
    if (child.id === 0xa3) readBlock(bytes, child, file);
    if (child.id === BLOCK_GROUP) {
      const block = childOf(bytes, child, 0xa1);
      insist(block !== undefined, "BlockGroup without Block", at);
      readBlock(bytes, block, file);
    }
    at = child.end;
  }
}

/** Reads a Segment to its end, which is returned. */
function readSegment(bytes: Buffer, segment: Element, file: WalkedFile): number {
  const limit = segment.end ?? bytes.length;
  for (let at = segment.dataAt; at < limit; ) {
    const child = elementAt(bytes, at, limit);
    if (child.id === EBML) return at;
    if (child.id === TRACKS) readTracks(bytes, child, file);
    if (child.id === TAGS) readTags(bytes, child, file);
    const end = child.id === CLUSTER ? readCluster(bytes, child, limit, file) : child.end;
    insist(end !== undefined, `element ${child.id.toString(16)} may not have an unknown size`, at);
    at = end;
  }
  return limit;
}

/** Reads files that follow one another, as GetMedia answers. Throws where any is not faultless. */
export function walkMatroska(bytes: Buffer): WalkedFile[] {
  const files: WalkedFile[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = elementAt(bytes, at, bytes.length);
    insist(header.id === EBML && header.end !== undefined, "no EBML header", at);
    const docType = childOf(bytes, header, 0x4282);
    insist(
      docType !== undefined && /^(matroska|webm)(\0|$)/.test(bytes.toString("latin1", docType.dataAt, docType.end)),
      "not Matroska",
      at,
    );
    const segment = elementAt(bytes, header.end, bytes.length);
    insist(segment.id === SEGMENT, "no Segment", header.end);
    const file: WalkedFile = { tracks: [], clusters: [], blocks: [], tags: new Map() };
    at = readSegment(bytes, segment, file);
    files.push(file);
  }
  return files;
}
