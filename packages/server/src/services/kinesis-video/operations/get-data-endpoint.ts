import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** GetDataEndpoint: every media API of a stream is served where this request was. */
export function getDataEndpoint(streams: StreamRegistry): KinesisVideoHandlers["GetDataEndpoint"] {
  return async (input, { baseUrl }) => {
    await streams.find(referenceIn(input));
    return { DataEndpoint: baseUrl };
  };
}
