import type { SQLOutputValue } from "node:sqlite";
import type { FragmentRow, TimedFragment } from "../../ports/fragment.ts";
import type { FragmentClock, SegmentRow } from "../../ports/fragment-index.ts";
import { decodeExtents, encodeExtents } from "./extents.ts";

/** The format of index.db. A file of another format is dropped and made anew from the journal. */
export const INDEX_VERSION = 4;

/**
 * Fragments are clustered by stream and sequence; each clock has an index whose entries end with the sequence (the rest of the primary
 * key), so that pages in time order come straight out of it. Columns are not STRICT: INTEGER affinity stores whole numbers, which node:sqlite
 * binds as doubles, in their short form, and a producer's fraction of a millisecond as it is. The first extent has columns of its own, and
 * most fragments no other: a BLOB in each row would double the time of a page, and leave an ArrayBuffer per row to the garbage collector.
 * `beginning` tells what playback finds there (`toBeginning`). `streams` and `segments` hold sums that are kept in the same transactions as the rows.
 */
export const INDEX_SCHEMA = `
  CREATE TABLE fragments (
    stream_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    server_ts INTEGER NOT NULL,
    producer_ts INTEGER NOT NULL,
    random INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    size INTEGER NOT NULL,
    beginning INTEGER NOT NULL,
    configuration INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    extents BLOB,
    PRIMARY KEY (stream_id, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX fragments_by_server ON fragments (stream_id, server_ts);
  CREATE INDEX fragments_by_producer ON fragments (stream_id, producer_ts);
  CREATE TABLE streams (
    stream_id INTEGER PRIMARY KEY,
    fragments INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    longest INTEGER NOT NULL
  );
  CREATE TABLE segments (
    segment INTEGER PRIMARY KEY,
    retention_class INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    live_bytes INTEGER NOT NULL,
    live_fragments INTEGER NOT NULL,
    sealed INTEGER NOT NULL
  );
`;

/**
 * NORMAL leaves out the sync of each commit: after a power loss the index is a prefix of what was written, and the journal's unsealed
 * segments tell the rest. Checkpoints, which do sync, run in a worker (checkpointer.ts), never on this connection.
 * The cache holds the leaf pages that some thousand active streams append to.
 */
export const INDEX_PRAGMAS = [
  "journal_mode = WAL",
  "synchronous = NORMAL",
  "wal_autocheckpoint = 0",
  "cache_size = -16384",
];

export const CLOCK_COLUMN: Record<FragmentClock, string> = {
  serverTimestamp: "server_ts",
  producerTimestamp: "producer_ts",
};

/** The columns of a fragment in the order in which `toFragment` reads them. */
export const FRAGMENT_COLUMNS =
  "stream_id, sequence, server_ts, producer_ts, random, duration, size, beginning, configuration, segment, offset, length, extents";

/** The columns of a timeline in the order in which `toTimed` reads them: the stream is known, and each column costs its time. */
export const TIMED_COLUMNS = "sequence, server_ts, producer_ts, random, duration, size, beginning, configuration";

/** A fragment number's random bits have values below. */
const RANDOM_VALUES = 2 ** 28;
/** Sequences of a page that `PACKED_COLUMNS` can say lie less than this apart: with the random bits below them they are safe integers. */
export const MOST_PACKED_SPAN = 2 ** 24;

/** More than `beginning` has values. */
const BEGINNINGS = 4;

/** The same as `toTimedFrom` reads them, with sequences counted from `:first`: two to a number where two are whole and small enough. */
export const PACKED_COLUMNS = `(sequence - :first) * ${RANDOM_VALUES} + random, server_ts, producer_ts, duration, size * ${BEGINNINGS} + beginning, configuration`;

/** Statements return rows as arrays (`setReturnArrays`), which node:sqlite's types do not tell. */
export type Columns = readonly SQLOutputValue[];

export function toFragment(row: Columns): FragmentRow {
  return {
    streamId: row[0] as number,
    sequence: row[1] as number,
    serverTimestamp: row[2] as number,
    producerTimestamp: row[3] as number,
    random: row[4] as number,
    duration: row[5] as number,
    size: row[6] as number,
    ...fromBeginning(row[7]),
    configuration: row[8] as number,
    segment: row[9] as number,
    extents: toExtents(row[10], row[11], row[12]),
  };
}

export function toTimed(streamId: number, row: Columns): TimedFragment {
  return {
    streamId,
    sequence: row[0] as number,
    serverTimestamp: row[1] as number,
    producerTimestamp: row[2] as number,
    random: row[3] as number,
    duration: row[4] as number,
    size: row[5] as number,
    ...fromBeginning(row[6]),
    configuration: row[7] as number,
  };
}

/** Values of `beginning`: a picture that others must precede, one that none must, or no picture where there is a track of them. */
const DEPENDS = 0;
const CLEAN = 1;
const PICTURELESS = 2;

function fromBeginning(column: SQLOutputValue | undefined): Pick<TimedFragment, "startsClean" | "lacksPictures"> {
  return { startsClean: column === CLEAN, lacksPictures: column === PICTURELESS };
}

/** The stored form of how a fragment begins. */
export function toBeginning({ startsClean, lacksPictures }: TimedFragment): number {
  if (lacksPictures) return PICTURELESS;
  return startsClean ? CLEAN : DEPENDS;
}

/** As `toTimed`, of `PACKED_COLUMNS` with sequences counted from `first`. */
export function toTimedFrom(streamId: number, first: number, row: Columns): TimedFragment {
  const numbers = row[0] as number;
  const sizes = row[4] as number;
  const offset = Math.floor(numbers / RANDOM_VALUES);
  const size = Math.floor(sizes / BEGINNINGS);
  const beginning = sizes - size * BEGINNINGS;
  return {
    streamId,
    sequence: first + offset,
    serverTimestamp: row[1] as number,
    producerTimestamp: row[2] as number,
    random: numbers - offset * RANDOM_VALUES,
    duration: row[3] as number,
    size,
    startsClean: beginning === CLEAN,
    lacksPictures: beginning === PICTURELESS,
    configuration: row[5] as number,
  };
}

/** The extents of a row: the first one, and those behind it in their stored form, null where there are none. */
export function toExtents(
  offset: SQLOutputValue | undefined,
  length: SQLOutputValue | undefined,
  others: SQLOutputValue | undefined,
): number[] {
  const first = [offset as number, length as number];
  return others === null ? first : first.concat(decodeExtents(others as Uint8Array));
}

/** The stored form of the extents behind the first. */
export function otherExtents(extents: readonly number[]): Uint8Array | null {
  return extents.length <= 2 ? null : encodeExtents(extents.slice(2));
}

export function toSegment(row: Columns): SegmentRow {
  return {
    segment: row[0] as number,
    retentionClass: row[1] as number,
    bytes: row[2] as number,
    liveBytes: row[3] as number,
    liveFragments: row[4] as number,
    sealed: row[5] === 1,
  };
}

/** Bytes that a fragment's records take in its segment. */
export function storedBytes(extents: readonly number[]): number {
  let bytes = 0;
  for (let i = 1; i < extents.length; i += 2) bytes += extents[i]!;
  return bytes;
}
