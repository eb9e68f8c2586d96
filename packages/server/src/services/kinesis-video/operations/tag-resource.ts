import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** TagResource for streams: TagStream with the tags as a list, where the last of several equal keys counts. */
export function tagResource(streams: StreamRegistry): KinesisVideoHandlers["TagResource"] {
  return async (input) => {
    const stream = await streams.find({ arn: input.ResourceARN });
    await stream.tag(Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value])));
    return {};
  };
}
