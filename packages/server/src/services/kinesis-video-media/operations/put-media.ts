import type { Ingest } from "../../../domain/ingest/ingest.ts";
import type { IngestSession } from "../../../domain/ingest/ingest-session.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoMediaHandlers } from "../service.ts";

/** PutMedia: the answer begins as soon as the headers are accepted, and its acknowledgements go out while the body comes in. */
export function putMedia(streams: StreamRegistry, ingest: Ingest): KinesisVideoMediaHandlers["PutMedia"] {
  return async (input) => {
    const stream = await streams.find(referenceIn(input));
    const start = input.ProducerStartTimestamp.getTime();
    const session = await ingest.open(stream, { type: input.FragmentTimecodeType, start });
    void pump(input.Payload, session);
    return { Payload: session.acks };
  };
}

/** Feeds the body as it arrives, no faster than the session takes it. */
async function pump(body: AsyncIterable<Uint8Array>, session: IngestSession): Promise<void> {
  try {
    for await (const chunk of body) {
      const accepted = session.feed(chunk);
      if (accepted !== undefined) await accepted;
      if (session.state !== "running") return;
    }
    session.end();
  } catch {
    session.abort();
  }
}
