import type { TimedFragment } from "../../storage/ports/fragment.ts";
import { continuesGroup } from "../fragments/group-of-pictures.ts";

/** Gaps up to this long are none (AWS docs, "DiscontinuityMode"), in milliseconds. */
const MAX_GAP_MS = 50;
/**
 * Overlaps up to this long are none: a fragment's duration is that of its longest track, and the last frame of sound may reach beyond the
 * picture that the next fragment begins with. Footage that was sent twice overlaps by a whole fragment.
 */
const MAX_OVERLAP_MS = 250;
/** Fragments joined to one segment span at most this, in milliseconds: the longest fragment that Kinesis Video Streams takes. */
const MAX_JOINED_MS = 20_000;
/** Bytes of fragments joined to one segment: the largest fragment that Kinesis Video Streams takes. */
const MAX_JOINED_BYTES = 50_000_000;
/** Fragments joined to one segment: 20 s of those that muxers cut every 60 ms. */
export const MAX_JOINED_FRAGMENTS = 512;

/** Where a segment ends: with its last fragment, or later where that holds frames that are shown before others. */
export interface Tail {
  readonly first: TimedFragment;
  last: TimedFragment;
  /** Milliseconds since the epoch on the producer's clock. */
  end: number;
  /** What all of it is decoded with. */
  configuration: number;
}

/** A segment to which further fragments may be joined. */
export interface OpenSegment extends Tail {
  startsClean: boolean;
  /** Whether it has sound only so far, and waits for pictures. */
  lacksPictures: boolean;
  fragments: number;
  size: number;
}

const endOf = ({ producerTimestamp, duration }: TimedFragment): number => producerTimestamp + duration;

/** A segment of one fragment so far. */
export const openWith = (row: TimedFragment): OpenSegment => ({
  first: row,
  last: row,
  end: endOf(row),
  startsClean: row.startsClean,
  configuration: row.configuration,
  lacksPictures: row.lacksPictures,
  fragments: 1,
  size: row.size,
});

/** Whether `next` goes on where a segment ends, on the producer's clock. */
export function follows({ last, end }: Tail, next: TimedFragment): boolean {
  const gap = next.producerTimestamp - end;
  return gap <= MAX_GAP_MS && gap >= -MAX_OVERLAP_MS && next.producerTimestamp > last.producerTimestamp;
}

/**
 * Whether the decoders of a segment take a fragment too. Sound that comes before the first picture does not know yet what pictures these are; what
 * follows it in the order of sequences is of the same connection, and so of the same header.
 */
function isDecodedAlike({ last, configuration, lacksPictures }: OpenSegment, row: TimedFragment): boolean {
  return row.configuration === configuration || (lacksPictures && row.sequence === last.sequence + 1);
}

/** Adds a fragment to a segment, where it belongs to it; returns whether it does. */
export function joined(open: OpenSegment, row: TimedFragment): boolean {
  const belongs =
    (!row.startsClean || open.lacksPictures) &&
    isDecodedAlike(open, row) &&
    (follows(open, row) || continuesGroup(open.last, row)) &&
    endOf(row) - open.first.producerTimestamp <= MAX_JOINED_MS &&
    open.size + row.size <= MAX_JOINED_BYTES &&
    open.fragments < MAX_JOINED_FRAGMENTS;
  if (!belongs) return false;
  open.last = row;
  open.end = Math.max(open.end, endOf(row));
  open.fragments++;
  open.size += row.size;
  if (open.lacksPictures) {
    open.startsClean = row.startsClean;
    open.configuration = row.configuration;
    open.lacksPictures = row.lacksPictures;
  }
  return true;
}

/** The segment, or the beginning of one, that these fragments make up; undefined where they may not be joined. */
function join([first, ...others]: readonly TimedFragment[]): OpenSegment | undefined {
  const open = first && openWith(first);
  return open !== undefined && others.every((row) => joined(open, row)) ? open : undefined;
}

/** Whether these fragments may be joined to one segment, or to the beginning of one. */
export const areJoined = (rows: readonly TimedFragment[]): boolean => join(rows) !== undefined;

/** Of fragments that are joined, those that tell what all tracks are: up to the first that has pictures. */
export function upToPictures<Row extends TimedFragment>(rows: readonly Row[]): Row[] {
  const place = rows.findIndex(({ lacksPictures }) => !lacksPictures);
  return rows.slice(0, place < 0 ? 1 : place + 1);
}

/** A segment that begins with a key frame, and with as many of the fragments of sound before it as may be joined to it. */
export function openAfter(lead: readonly TimedFragment[], row: TimedFragment): OpenSegment {
  for (let place = 0; place < lead.length; place++) {
    const open = join([...lead.slice(place), row]);
    if (open !== undefined) return open;
  }
  return openWith(row);
}
