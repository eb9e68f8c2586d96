import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { refuseToken } from "../single-page.ts";
import { taggedStream } from "../tagged-stream.ts";

/** ListTagsForStream: all tags, at most 50, in one page. */
export function listTagsForStream(streams: StreamRegistry): KinesisVideoHandlers["ListTagsForStream"] {
  return async (input) => {
    refuseToken(input.NextToken);
    const { record } = await taggedStream(streams, referenceIn(input));
    return { Tags: { ...record.tags } };
  };
}
