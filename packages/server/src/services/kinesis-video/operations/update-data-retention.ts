import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** UpdateDataRetention. */
export function updateDataRetention(streams: StreamRegistry): KinesisVideoHandlers["UpdateDataRetention"] {
  return async (input, context) => {
    const stream = await streams.find(referenceIn(input));
    const sign = input.Operation === "INCREASE_DATA_RETENTION" ? 1 : -1;
    await stream.changeRetention(input.CurrentVersion, sign * input.DataRetentionChangeInHours, callerOf(context));
    return {};
  };
}
