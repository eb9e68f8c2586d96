import { DomainError } from "../../domain/errors.ts";
import { parseStreamArn } from "../../domain/streams/arn.ts";
import type { StreamReference, StreamRegistry } from "../../domain/streams/registry.ts";
import type { Stream } from "../../domain/streams/stream.ts";

/** The stream that a tag operation on streams names; an ARN that is not a stream's is refused as such (AWS docs, "TagStream"). */
export async function taggedStream(streams: StreamRegistry, reference: StreamReference): Promise<Stream> {
  if (reference.arn !== undefined && parseStreamArn(reference.arn) === undefined) {
    throw new DomainError("invalid-resource-format", "The format of the StreamARN is invalid.");
  }
  return streams.find(reference);
}
