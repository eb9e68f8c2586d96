import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** DeleteStream: the stream and its data keys are gone when the answer leaves. */
export function deleteStream(streams: StreamRegistry): KinesisVideoHandlers["DeleteStream"] {
  return async (input, context) => {
    await streams.delete(input.StreamARN, input.CurrentVersion, callerOf(context));
    return {};
  };
}
