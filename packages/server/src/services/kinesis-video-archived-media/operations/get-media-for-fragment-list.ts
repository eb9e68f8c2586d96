import type { MediaReader } from "../../../domain/fragments/media-reader.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoArchivedMediaHandlers } from "../service.ts";

/** GetMediaForFragmentList: a chunk for each fragment asked for, in that order. */
export function getMediaForFragmentList(
  streams: StreamRegistry,
  reader: MediaReader,
): KinesisVideoArchivedMediaHandlers["GetMediaForFragmentList"] {
  return async (input, context) => {
    const stream = await streams.find(referenceIn(input));
    const payload = await reader.readList(stream, input.Fragments, context.signal);
    return { ContentType: "video/webm", Payload: payload };
  };
}
