import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { refuseToken } from "../single-page.ts";

/** ListTagsForResource for streams: all tags, at most 50, in one page. */
export function listTagsForResource(streams: StreamRegistry): KinesisVideoHandlers["ListTagsForResource"] {
  return async (input) => {
    refuseToken(input.NextToken);
    const { record } = await streams.find({ arn: input.ResourceARN });
    return { Tags: { ...record.tags } };
  };
}
