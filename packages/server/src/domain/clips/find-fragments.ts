import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentCursor, FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import { ProducerSelection } from "../playback/selection.ts";
import type { Stream } from "../streams/stream.ts";
import type { ClipLimits } from "./limits.ts";
import type { ClipRange } from "./range.ts";

/** Rows of a range that are read at once: one to three milliseconds. */
const PAGE_ROWS = 1000;
/**
 * How far back the key frame may lie that the range's first fragment needs: half a minute of the clusters that muxers cut every 60 ms.
 */
const MAX_LEAD_FRAGMENTS = 512;

/** Where a clip's fragments are looked up. */
export interface FragmentPlaces {
  readonly stream: Stream;
  readonly index: FragmentIndex;
}

/**
 * The fragments of a range in the order in which they shall play, at least one. Where the first does not begin with a key frame, those before
 * it from the nearest key frame on are put in front, so that it can be decoded.
 * @throws DomainError `not-found` where the range has none, `invalid-argument` where it has more than a clip may hold
 */
export async function findFragments(
  places: FragmentPlaces,
  range: ClipRange,
  limits: ClipLimits,
): Promise<FragmentRow[]> {
  const rows = await readRange(places, range, limits);
  const [first] = rows;
  if (first === undefined)
    throw new DomainError("not-found", "No fragments found in the stream for the requested clip.");
  return first.startsClean ? rows : [...(await leadOf(places, first)), ...rows];
}

async function readRange(places: FragmentPlaces, range: ClipRange, limits: ClipLimits): Promise<FragmentRow[]> {
  const selection = range.clock === "producerTimestamp" ? new ProducerSelection() : undefined;
  const taken: FragmentRow[] = [];
  let bytes = 0;
  let cursor: FragmentCursor | undefined;
  for (;;) {
    const page = await readPage(places, range, cursor);
    for (const row of selection?.select(page, page.length === PAGE_ROWS) ?? page) {
      bytes += row.size;
      if (bytes > limits.maxBytes || taken.length === limits.maxFragments) return cut(taken, limits);
      taken.push(row);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return taken;
    cursor = { time: last[range.clock], sequence: last.sequence };
  }
}

function readPage(
  { stream, index }: FragmentPlaces,
  range: ClipRange,
  cursor: FragmentCursor | undefined,
): Promise<FragmentRow[]> {
  const scope = { streamId: stream.id, horizon: stream.horizon() };
  return index.range(scope, range.clock, range, cursor, PAGE_ROWS);
}

/** A first fragment that alone is too large is given all the same, as what may be stored may be read. */
function cut(taken: FragmentRow[], { cutsLongRanges, maxBytes, maxFragments }: ClipLimits): FragmentRow[] {
  if (cutsLongRanges && taken.length > 0) return taken;
  const most = `${maxFragments} fragments or ${maxBytes} bytes`;
  throw new DomainError(
    "invalid-argument",
    `The range holds more than the ${most} of one clip; ask for a shorter one.`,
  );
}

/** The fragments from the nearest key frame up to `first`, which does not begin with one; none where that is not there any more. */
async function leadOf({ stream, index }: FragmentPlaces, first: FragmentRow): Promise<FragmentRow[]> {
  const scope = { streamId: stream.id, horizon: stream.horizon() };
  const from = Math.max(0, first.sequence - MAX_LEAD_FRAGMENTS - 1);
  const before = await index.after(scope, from, MAX_LEAD_FRAGMENTS);
  const lead: FragmentRow[] = [];
  let next = first;
  for (const row of before.filter(({ sequence }) => sequence < first.sequence).reverse()) {
    if (row.sequence !== next.sequence - 1 || row.configuration !== first.configuration) break;
    lead.unshift(row);
    if (row.startsClean) return lead;
    next = row;
  }
  return [];
}
