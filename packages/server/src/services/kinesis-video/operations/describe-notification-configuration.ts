import type { NotificationConfiguration } from "@aws-sdk/client-kinesis-video";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** DescribeNotificationConfiguration: empty where none is set. */
export function describeNotificationConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["DescribeNotificationConfiguration"] {
  return async (input) => {
    const { notification } = (await streams.find(referenceIn(input))).record;
    if (notification === undefined) return {};
    return { NotificationConfiguration: JSON.parse(notification) as NotificationConfiguration };
  };
}
