import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { taggedStream } from "../tagged-stream.ts";

/** UntagStream: keys that the stream does not have are ignored. */
export function untagStream(streams: StreamRegistry): KinesisVideoHandlers["UntagStream"] {
  return async (input) => {
    const stream = await taggedStream(streams, referenceIn(input));
    await stream.untag(input.TagKeyList);
    return {};
  };
}
