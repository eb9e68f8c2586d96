import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { streamInfo } from "../stream-info.ts";

/** AWS docs, "ListStreams", MaxResults: "The default is 10,000". */
const DEFAULT_MAX_RESULTS = 10_000;

/** ListStreams, in order of name. Its one comparison operator is BEGINS_WITH. */
export function listStreams(streams: StreamRegistry): KinesisVideoHandlers["ListStreams"] {
  return async (input) => {
    const page = await streams.list({
      prefix: input.StreamNameCondition?.ComparisonValue,
      token: input.NextToken,
      limit: input.MaxResults ?? DEFAULT_MAX_RESULTS,
    });
    return { StreamInfoList: page.streams.map(streamInfo), NextToken: page.token };
  };
}
