import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { streamInfo } from "../stream-info.ts";

/** DescribeStream. */
export function describeStream(streams: StreamRegistry): KinesisVideoHandlers["DescribeStream"] {
  return async (input) => {
    const stream = await streams.find(referenceIn(input));
    return { StreamInfo: streamInfo(stream.record) };
  };
}
