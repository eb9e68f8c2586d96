import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoHandlers } from "../service.ts";

/** UpdateNotificationConfiguration: sets the configuration, or removes it where the request has none. */
export function updateNotificationConfiguration(
  streams: StreamRegistry,
): KinesisVideoHandlers["UpdateNotificationConfiguration"] {
  return async (input) => {
    const configuration = input.NotificationConfiguration;
    const stream = await streams.find(referenceIn(input));
    await stream.setNotification(configuration && JSON.stringify(configuration));
    return {};
  };
}
