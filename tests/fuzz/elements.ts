import { type ElementHeader, readElementHeader } from "../../packages/media/src/ebml/element-header.ts";
import { UNKNOWN_SIZE, vintLength } from "../../packages/media/src/ebml/vint.ts";
import { ID, isTopLevelElement } from "../../packages/media/src/matroska/ids.ts";

/**
 * Where an element of a faultless body lies: its ID from `at`, its size from `sizeAt`, its data from `dataAt` to `end`.
 */
export interface Place {
  id: number;
  at: number;
  sizeAt: number;
  dataAt: number;
  end: number;
}

const MASTERS: ReadonlySet<number> = new Set([
  ID.EBML,
  ID.Segment,
  ID.Info,
  ID.Tracks,
  ID.TrackEntry,
  ID.Video,
  ID.Audio,
  ID.Tags,
  ID.Tag,
  ID.SimpleTag,
  ID.Cluster,
  ID.BlockGroup,
]);

function headerAt(bytes: Uint8Array, at: number): ElementHeader & { length: number } {
  const header = { id: 0, size: 0 };
  return { length: readElementHeader(bytes, at, bytes.length, header), ...header };
}

/**
 * Where an element of unknown size ends: a Cluster before the next top-level element, a Segment before the next EBML
 * header.
 */
function unknownEnd(bytes: Uint8Array, id: number, dataAt: number, limit: number): number {
  for (let at = dataAt; at < limit; ) {
    const { id: child, size, length } = headerAt(bytes, at);
    if (id === ID.Cluster ? isTopLevelElement(child) : child === ID.EBML) return at;
    at = size === UNKNOWN_SIZE ? unknownEnd(bytes, child, at + length, limit) : at + length + size;
  }
  return limit;
}

/** All elements from `at` to `limit` and within them, parents before children. */
export function placesOf(bytes: Uint8Array, at = 0, limit = bytes.length): Place[] {
  const places: Place[] = [];
  for (let next = at; next < limit; ) {
    const { id, size, length } = headerAt(bytes, next);
    const dataAt = next + length;
    const end = size === UNKNOWN_SIZE ? unknownEnd(bytes, id, dataAt, limit) : dataAt + size;
    places.push({ id, at: next, sizeAt: next + vintLength(bytes[next]!), dataAt, end });
    if (MASTERS.has(id)) places.push(...placesOf(bytes, dataAt, end));
    next = end;
  }
  return places;
}
