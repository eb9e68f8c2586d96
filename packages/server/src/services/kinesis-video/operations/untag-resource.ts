import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** UntagResource for streams. */
export function untagResource(streams: StreamRegistry): KinesisVideoHandlers["UntagResource"] {
  return async (input) => {
    const stream = await streams.find({ arn: input.ResourceARN });
    await stream.untag(input.TagKeyList);
    return {};
  };
}
