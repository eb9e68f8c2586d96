import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";
import { refuseToken } from "../single-page.ts";

/** DescribeMappedResourceConfiguration: no signaling channel records into a stream yet, so every stream maps to none. */
export function describeMappedResourceConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["DescribeMappedResourceConfiguration"] {
  return async (input) => {
    refuseToken(input.NextToken);
    await streams.find(referenceIn(input));
    return { MappedResourceConfigurationList: [] };
  };
}
