import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** DescribeStreamStorageConfiguration. */
export function describeStreamStorageConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["DescribeStreamStorageConfiguration"] {
  return async (input) => {
    const { record } = await streams.find(referenceIn(input));
    return {
      StreamName: record.name,
      StreamARN: record.arn,
      StreamStorageConfiguration: { DefaultStorageTier: record.storageTier },
    };
  };
}
