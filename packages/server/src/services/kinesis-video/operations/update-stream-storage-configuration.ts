import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** UpdateStreamStorageConfiguration. */
export function updateStreamStorageConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["UpdateStreamStorageConfiguration"] {
  return async (input) => {
    const stream = await streams.find(referenceIn(input));
    await stream.setStorageTier(input.CurrentVersion, input.StreamStorageConfiguration.DefaultStorageTier);
    return {};
  };
}
