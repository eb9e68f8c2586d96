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
