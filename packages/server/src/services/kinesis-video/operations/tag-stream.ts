import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { taggedStream } from "../tagged-stream.ts";

/** TagStream: a tag of the same key is overwritten. */
export function tagStream(streams: StreamRegistry): KinesisVideoHandlers["TagStream"] {
  return async (input) => {
    const stream = await taggedStream(streams, referenceIn(input));
    await stream.tag(input.Tags);
    return {};
  };
}
