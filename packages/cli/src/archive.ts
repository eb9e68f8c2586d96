import { KinesisVideoArchivedMediaClient, paginateListFragments } from "@aws-sdk/client-kinesis-video-archived-media";
import { type Connection, dataEndpoint } from "@kvass/client";

/** A stored fragment as ListFragments tells it; times in milliseconds since the epoch. */
export interface StoredFragment {
  readonly number: string;
  readonly producerTimestamp: number;
  readonly serverTimestamp: number;
  readonly durationMs: number;
  readonly bytes: number;
}

/** Which fragments: those that begin within [from, to] by one of the two clocks. */
export interface ArchiveRange {
  readonly from: number;
  readonly to: number;
  readonly clock: "producer" | "server";
}

/** Fragments that begin before a moment can reach into it; longer ones than this do not come from any preset, in milliseconds. */
export const LONGEST_FRAGMENT_MS = 10 * 60_000;
/** Beyond every timestamp that a producer sends, and within what the wire form takes; milliseconds since the epoch. */
export const END_OF_TIME = Date.UTC(2200, 0, 1);

/** The most that one call returns (AWS docs, "ListFragments"). */
const PAGE_SIZE = 1000;

/** Lists stored fragments in the order of their numbers. Throws the exceptions of the archive API. */
export async function* fragmentsInRange(
  connection: Connection,
  streamName: string,
  range: ArchiveRange,
): AsyncGenerator<StoredFragment, void> {
  const endpoint = await dataEndpoint(connection, "LIST_FRAGMENTS", { streamName });
  const { region, credentials } = connection;
  const client = new KinesisVideoArchivedMediaClient({ endpoint, region, credentials });
  const selector = {
    FragmentSelectorType: range.clock === "producer" ? ("PRODUCER_TIMESTAMP" as const) : ("SERVER_TIMESTAMP" as const),
    TimestampRange: { StartTimestamp: new Date(range.from), EndTimestamp: new Date(range.to) },
  };
  try {
    const input = { StreamName: streamName, FragmentSelector: selector };
    for await (const { Fragments = [] } of paginateListFragments({ client, pageSize: PAGE_SIZE }, input)) {
      for (const fragment of Fragments) {
        yield {
          number: fragment.FragmentNumber ?? "",
          producerTimestamp: fragment.ProducerTimestamp?.getTime() ?? 0,
          serverTimestamp: fragment.ServerTimestamp?.getTime() ?? 0,
          durationMs: fragment.FragmentLengthInMilliseconds ?? 0,
          bytes: fragment.FragmentSizeInBytes ?? 0,
        };
      }
    }
  } finally {
    client.destroy();
  }
}

/**
 * Where the last of the stored fragments ends on the producer's clock, of those that reach beyond `moment`; undefined where none does. Times in
 * milliseconds since the epoch. Throws the exceptions of the archive API.
 */
export async function endOfStored(
  connection: Connection,
  streamName: string,
  moment: number,
): Promise<number | undefined> {
  const range = { from: Math.max(0, moment - LONGEST_FRAGMENT_MS), to: END_OF_TIME, clock: "producer" } as const;
  let end = moment;
  for await (const { producerTimestamp, durationMs } of fragmentsInRange(connection, streamName, range)) {
    end = Math.max(end, producerTimestamp + durationMs);
  }
  return end > moment ? end : undefined;
}

/** What a stream holds, in milliseconds since the epoch on the clock that was asked for. */
export interface StoredSpan {
  readonly from: number;
  /** Undefined where it would take long to find out. */
  readonly to: number | undefined;
}

/** Only pages are in order of time on AWS: the earliest fragment of a range is within the first. */
export const FIRST_FRAGMENTS = 1000;
/** The newest fragments are looked for in so much time back from now: an hour, a day, a month; in milliseconds. */
const NEWEST_WITHIN_MS = [3_600_000, 86_400_000, 31 * 86_400_000];
/** A hint is not worth more calls than list so many. */
export const MOST_LISTED = 5 * PAGE_SIZE;

/** From when to when a stream holds media, with whatever pauses; undefined where it holds none. Throws the exceptions of the archive API. */
export async function storedSpan(
  connection: Connection,
  stream: string,
  clock: ArchiveRange["clock"],
): Promise<StoredSpan | undefined> {
  const all = await extent(connection, stream, { from: 0, to: END_OF_TIME, clock }, FIRST_FRAGMENTS);
  if (all === undefined || all.isWhole) return all;
  for (const backMs of NEWEST_WITHIN_MS) {
    const range = { from: Date.now() - backMs, to: END_OF_TIME, clock };
    const newest = await extent(connection, stream, range, MOST_LISTED);
    if (newest !== undefined) return { from: all.from, to: newest.isWhole ? newest.to : undefined };
  }
  return { from: all.from, to: undefined };
}

/** Where the fragments of a range begin and end; `isWhole` where there are no more than `most`, of which the others are left out. */
async function extent(
  connection: Connection,
  stream: string,
  range: ArchiveRange,
  most: number,
): Promise<{ from: number; to: number; isWhole: boolean } | undefined> {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let left = most;
  for await (const fragment of fragmentsInRange(connection, stream, range)) {
    if (left-- === 0) return { from, to, isWhole: false };
    const begin = range.clock === "producer" ? fragment.producerTimestamp : fragment.serverTimestamp;
    from = Math.min(from, begin);
    to = Math.max(to, begin + fragment.durationMs);
  }
  return left === most ? undefined : { from, to, isWhole: true };
}
