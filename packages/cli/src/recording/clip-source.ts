import { GetClipCommand, KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import { dataEndpoint } from "@kvass/client";
import { CliError, isConnectionFailure } from "../errors.ts";
import type { RangeRequest, RangeSpan } from "./stored-range.ts";

/** Which clip. */
export interface ClipRequest extends RangeRequest {
  readonly signal: AbortSignal;
}

/** The bytes of the clip of a range. Throws the exceptions of the archive API, and {@link CliError} where the clip is cut off. */
export async function* clipBytes(
  request: ClipRequest,
  { start, end }: Pick<RangeSpan, "start" | "end">,
): AsyncGenerator<Uint8Array, void> {
  const { connection, stream, clock, signal } = request;
  const endpoint = await dataEndpoint(connection, "GET_CLIP", { streamName: stream });
  const { region, credentials } = connection;
  const client = new KinesisVideoArchivedMediaClient({ endpoint, region, credentials });
  const command = new GetClipCommand({
    StreamName: stream,
    ClipFragmentSelector: {
      FragmentSelectorType: clock === "producer" ? "PRODUCER_TIMESTAMP" : "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(start), EndTimestamp: new Date(end) },
    },
  });
  try {
    const { Payload } = await client.send(command, { abortSignal: signal });
    yield* whole(Payload as AsyncIterable<Uint8Array> | undefined);
  } finally {
    client.destroy();
  }
}

/** Once the answer has begun, a server that fails can only close the connection. */
async function* whole(payload: AsyncIterable<Uint8Array> | undefined): AsyncGenerator<Uint8Array, void> {
  try {
    if (payload !== undefined) yield* payload;
  } catch (error) {
    if (!(error instanceof Error) || !isConnectionFailure(error)) throw error;
    throw new CliError("the server broke the clip off; its log says why", { cause: error });
  }
}
