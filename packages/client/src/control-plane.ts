import { type APIName, GetDataEndpointCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { Connection, StreamId } from "./connection.ts";
import { KinesisVideoError } from "./errors.ts";

/** The official control-plane client (streams, tags, retention, endpoints) for this connection; `destroy()` it after use. */
export function controlPlane({ endpoint, region, credentials }: Connection): KinesisVideoClient {
  return new KinesisVideoClient({ region, credentials, ...(endpoint !== undefined && { endpoint }) });
}

/** A stream as the APIs name it in their inputs. */
export const streamMembers = (stream: StreamId): { StreamName: string } | { StreamARN: string } =>
  "streamName" in stream ? { StreamName: stream.streamName } : { StreamARN: stream.streamArn };

/**
 * Asks where a data-plane API of a stream is served (AWS docs, "GetDataEndpoint"): `scheme://host[:port]`. Rejects with the
 * exception of the control plane, as `ResourceNotFoundException` for an unknown stream.
 */
export async function dataEndpoint(connection: Connection, api: APIName, stream: StreamId): Promise<string> {
  const client = controlPlane(connection);
  try {
    const command = new GetDataEndpointCommand({ ...streamMembers(stream), APIName: api });
    const { DataEndpoint } = await client.send(command);
    if (DataEndpoint === undefined) throw new KinesisVideoError("InvalidAnswer", "GetDataEndpoint named no endpoint");
    return DataEndpoint;
  } finally {
    client.destroy();
  }
}
