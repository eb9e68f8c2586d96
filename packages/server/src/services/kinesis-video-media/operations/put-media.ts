import type { RequestBody } from "../../../aws/request-body.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Ingest } from "../../../domain/ingest/ingest.ts";
import type { IngestSession } from "../../../domain/ingest/ingest-session.ts";
import type { StreamReference, StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoMediaHandlers, PutMediaInput } from "../service.ts";

/** PutMedia: the answer begins as soon as the headers are accepted, and its acknowledgements go out while the body comes in. */
export function putMedia(streams: StreamRegistry, ingest: Ingest): KinesisVideoMediaHandlers["PutMedia"] {
  return async (input, context) => {
    const stream = await streams.find(onlyReferenceIn(input));
    const start = input.ProducerStartTimestamp.getTime();
    const session = await ingest.open(stream, { type: input.FragmentTimecodeType, start }, callerOf(context));
    void pump(input.Payload, session);
    return { Payload: session.acks };
  };
}

/**
 * The reference of an input that names its stream once: by name or by ARN, so that media cannot land in another stream than was meant.
 * Throws DomainError `invalid-argument`.
 */
function onlyReferenceIn(input: PutMediaInput): StreamReference {
  if (input.StreamName !== undefined && input.StreamARN !== undefined) {
    const message = "Only one of x-amzn-stream-name and x-amzn-stream-arn may be specified.";
    throw new DomainError("invalid-argument", message);
  }
  return referenceIn(input);
}

/** Feeds the body as it arrives, no faster than the session takes it. */
async function pump(body: RequestBody, session: IngestSession): Promise<void> {
  try {
    await body.consume((chunk) => {
      const accepted = session.feed(chunk);
      return session.state === "running" ? accepted : "enough";
    });
    session.end();
  } catch (error) {
    session.abort(error instanceof Error ? error.message : undefined);
  }
}
