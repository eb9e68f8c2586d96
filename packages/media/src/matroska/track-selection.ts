import { element } from "./element-writer.ts";
import { ID } from "./ids.ts";
import { type ElementSlice, uintOf, visitChildren } from "./master.ts";
import type { MatroskaHeader } from "./model.ts";

/**
 * A Tracks element (RFC 9559, section 5.1.4) with those entries of the header that have one of the track numbers, each byte for byte:
 * what a rewritten file needs to keep colours, languages and all else that a parsed track does not tell.
 */
export function selectTracks(header: MatroskaHeader, numbers: readonly number[]): Uint8Array {
  const { segmentElements: bytes } = header;
  const entries: Uint8Array[] = [];
  visitChildren({ id: ID.Segment, bytes, start: 0, end: bytes.length, base: 0 }, (child) => {
    if (child.id === ID.Tracks) entries.push(...entriesOf(child, numbers));
  });
  return element(ID.Tracks, entries);
}

function entriesOf(tracks: ElementSlice, numbers: readonly number[]): Uint8Array[] {
  const entries: Uint8Array[] = [];
  visitChildren(tracks, (entry) => {
    if (entry.id !== ID.TrackEntry) return;
    let number: number | undefined;
    visitChildren(entry, (child) => {
      if (child.id === ID.TrackNumber) number = uintOf(child);
    });
    if (number !== undefined && numbers.includes(number)) {
      entries.push(element(ID.TrackEntry, entry.bytes.subarray(entry.start, entry.end)));
    }
  });
  return entries;
}
