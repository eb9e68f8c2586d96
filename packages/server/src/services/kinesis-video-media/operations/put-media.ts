import type { RequestBody } from "../../../aws/request-body.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Tell } from "../../../domain/events/events.ts";
import type { Ingest } from "../../../domain/ingest/ingest.ts";
import type { IngestSession } from "../../../domain/ingest/ingest-session.ts";
import { parseStreamArn } from "../../../domain/streams/arn.ts";
import type { StreamReference, StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoMediaHandlers, PutMediaInput } from "../service.ts";

/** PutMedia: the answer begins as soon as the headers are accepted, and its acknowledgements go out while the body comes in. */
export function putMedia(streams: StreamRegistry, ingest: Ingest, tell: Tell): KinesisVideoMediaHandlers["PutMedia"] {
  return async (input, context) => {
    const caller = callerOf(context);
    const start = input.ProducerStartTimestamp.getTime();
    try {
      const stream = await streams.find(onlyReferenceIn(input));
      const session = await ingest.open(stream, { type: input.FragmentTimecodeType, start }, caller);
      void pump(input.Payload, session);
      return { Payload: session.acks };
    } catch (error) {
      if (error instanceof DomainError) {
        const { code: reason, message } = error;
        tell("producer refused", { stream: streamNamedIn(input), reason, message, ...caller });
      }
      throw error;
    }
  };
}

/** The name of the stream that is meant; empty where there is none. */
const streamNamedIn = ({ StreamName, StreamARN = "" }: PutMediaInput): string =>
  StreamName ?? parseStreamArn(StreamARN)?.name ?? "";

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
