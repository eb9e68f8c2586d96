import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { callerOf } from "../../caller.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** CreateStream: the stream is active when the answer leaves, since producers send to it at once and do not ask. */
export function createStream(streams: StreamRegistry): KinesisVideoHandlers["CreateStream"] {
  return async (input, context) => {
    const stream = await streams.create(
      {
        name: input.StreamName,
        deviceName: input.DeviceName,
        mediaType: input.MediaType,
        kmsKeyId: input.KmsKeyId,
        retentionHours: input.DataRetentionInHours ?? 0,
        storageTier: input.StreamStorageConfiguration?.DefaultStorageTier ?? "HOT",
        tags: input.Tags ?? {},
      },
      callerOf(context),
    );
    return { StreamARN: stream.arn };
  };
}
