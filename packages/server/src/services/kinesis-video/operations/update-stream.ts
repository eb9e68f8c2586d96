import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** UpdateStream: members that the request leaves out stay as they are. */
export function updateStream(streams: StreamRegistry): KinesisVideoHandlers["UpdateStream"] {
  return async (input) => {
    const stream = await streams.find(referenceIn(input));
    await stream.update(input.CurrentVersion, { deviceName: input.DeviceName, mediaType: input.MediaType });
    return {};
  };
}
